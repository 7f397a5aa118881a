"""Opens what the verbs of ``glancesync volumes`` work on: configuration, database and region (volumes 1)."""

from __future__ import annotations

import argparse
import os

from sqlalchemy import Engine

from ..base.errors import GlanceSyncError, UsageError
from ..images.places.factory import EMBEDDED
from ..kinds import option_tables
from ..terminal.streams import write_warnings
from ..volumes.state.volume_database import (
    has_records,
    open_empty_database,
    open_existing_database,
    open_volume_database,
)
from ..volumes.volume_configuration import VolumeConfiguration, load_volumes
from ..volumes.volume_region import VolumeRegion, open_region

NOTHING_RECORDED = "nothing is recorded yet; glancesync volumes run does the first cycle"


def open_configuration(options: argparse.Namespace) -> VolumeConfiguration:
    """Read the configuration, and write its warnings.

    :param options: the parsed command line
    :raises ConfigError: it cannot be used
    :raises UsageError: the environment names an embedded federation
    """
    if os.environ.get(EMBEDDED):
        raise UsageError(f"the embedded federation that {EMBEDDED} names has no volumes; unset the variable")
    configuration = load_volumes(options.conf, options.config, os.environ, option_tables(), os_cloud=options.os_cloud)
    write_warnings(configuration.warnings)
    return configuration


def open_volumes(configuration: VolumeConfiguration, engine: Engine | None = None) -> VolumeRegion:
    """Open the region with its database.

    :param engine: the database when it is open already
    :raises DatabaseUnavailable: the database cannot be used
    """
    if configuration.credential is None:
        raise ValueError("the account is needed")
    found = open_volume_database(configuration.database) if engine is None else engine
    return open_region(
        configuration.credential, found, configuration.settings, configuration.region, configuration.target
    )


def open_recorded_volumes(
    configuration: VolumeConfiguration, error: type[GlanceSyncError] = UsageError
) -> VolumeRegion:
    """Open the region for what changes records; no database is made, and one of SQLite is upgraded.

    :param error: what is raised if nothing is recorded yet
    :raises DatabaseUnavailable: the database cannot be used
    """
    check_recorded(configuration, error)
    return open_volumes(configuration)


def check_recorded(configuration: VolumeConfiguration, error: type[GlanceSyncError] = UsageError) -> None:
    """Make sure that there is a database.

    :param error: what is raised if nothing is recorded yet
    """
    if not has_records(configuration.database):
        raise error(NOTHING_RECORDED)


def open_volumes_to_show(configuration: VolumeConfiguration) -> tuple[VolumeRegion, list[str]]:
    """Open the region for what only shows something; no database is made or upgraded.

    :return: the region, and what the user has to know of the database
    :raises DatabaseUnavailable: the database cannot be used
    """
    if open_existing_database(configuration.database) is None:
        return open_volumes(configuration, open_empty_database()), [NOTHING_RECORDED]
    return open_volumes(configuration), []
