"""Opens what the verbs of ``glancesync snapshots`` work on: configuration and schedule file (snapshots 1)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from ..base.database import database_url
from ..base.errors import ConfigError
from ..config.option_tables import MAIN
from ..config.reader import Configuration
from ..config.sections import Findings, Values
from ..kinds import option_tables
from ..locks.region_lock import check_database
from ..snapshots.inventory.snapshot_files import LoadedSchedule, load_schedule
from ..snapshots.snapshot_options import SnapshotSettings, read_snapshot_settings
from ..terminal.streams import write_warnings

DATABASE_VARIABLE = "GLANCESYNCAPP_DATABASE_PATH"
"""The variable that names the folder of databases that no configuration names."""

DATABASE_FOLDER, DATABASE_FILE = "/var/lib/snapmanager", "glancesync-snapshots.db"
"""Where the database is otherwise: beside the schedule file, the same for every user."""


def open_settings(options: argparse.Namespace) -> SnapshotSettings:
    """Read the configuration, and write its warnings.

    :param options: the parsed command line
    :raises ConfigError: it cannot be used
    """
    return read_snapshot_settings(_read(options, os.environ))


def open_settings_with_database(options: argparse.Namespace) -> tuple[SnapshotSettings, str]:
    """Read the configuration, and write its warnings; the settings, and the URL of the database.

    :param options: the parsed command line
    :raises ConfigError: it cannot be used
    :raises NotInstalled: the driver of the database is not installed
    """
    _, settings, url = open_configuration(options, os.environ)
    return settings, url


def open_configuration(
    options: argparse.Namespace, environ: Mapping[str, str]
) -> tuple[Configuration, SnapshotSettings, str]:
    """Read the configuration, and write its warnings; itself, the settings, and the URL of the database.

    :param options: the parsed command line
    :param environ: the environment
    :raises ConfigError: it cannot be used
    :raises NotInstalled: the driver of the database is not installed
    """
    configuration = _read(options, environ)
    folder = environ.get(DATABASE_VARIABLE) or DATABASE_FOLDER
    default = f"sqlite:///{Path(folder, DATABASE_FILE).absolute()}"
    url = str(configuration.section(MAIN).rules.get("database") or default)
    check_database(url)
    _refuse_relative(url)
    return configuration, read_snapshot_settings(configuration), url


def _refuse_relative(url: str) -> None:
    """Refuse a file of SQLite whose place depends on the folder in which a command is called.

    Copies that another such file has would be somebody else's: nothing would ever remove them.

    :raises ConfigError: it is one
    """
    parsed = database_url(url)
    path = parsed.database or ""
    if parsed.get_backend_name() == "sqlite" and path and not path.startswith((":memory:", "file:", "/")):
        remedy = f"write its whole path, as in sqlite:////var/lib/snapmanager/{Path(path).name}"
        raise ConfigError(f"[main] database: {path} is another file in each folder; {remedy}")


def open_schedule(settings: SnapshotSettings, path: str | None = None) -> LoadedSchedule:
    """Read the schedule file, and write its warnings.

    :param path: of another file than the configured one
    :raises ConfigError: it cannot be used
    """
    schedule = load_schedule(path or settings.schedule_file, settings.server_list)
    write_warnings(schedule.warnings)
    return schedule


def _read(options: argparse.Namespace, environ: Mapping[str, str]) -> Configuration:
    configuration = Configuration(options.conf, options.config, environ, option_tables(), _no_check)
    configuration.raise_problems()
    write_warnings(configuration.findings.warnings)
    return configuration


def _no_check(values: Values, findings: Findings) -> None:
    """Sections of targets are checked by the subject that they are for."""
