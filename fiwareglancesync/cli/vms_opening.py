"""Opens what the verbs of ``glancesync vms`` work on: the file of the backup, and what is printed (vms 1)."""

from __future__ import annotations

import argparse
import logging
import logging.config
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ..base.errors import ConfigError, UsageError
from ..base.messages import Message
from ..base.text import one_line, printable
from ..terminal.streams import write_line, write_warnings
from ..vms.backup_config import BackupSettings, read_backup_file
from ..vms.execution.journal_files import volumes_of
from ..vms.slave_address import demand_volume

log = logging.getLogger("glancesync")

NO_VOLUME = "no volume has been backed up from here"
"""What a verb prints that finds no volume."""


def open_settings(options: argparse.Namespace) -> BackupSettings:
    """Read the file of the backup, and write its warnings; what is logged goes where it says.

    :param options: the parsed command line
    :raises ConfigError: it cannot be used
    """
    file = read_backup_file(Path(options.config))
    write_warnings(file.warnings)
    if file.settings.logger_conf:
        _configure_log(file.settings.logger_conf)
    return file.settings


def chosen_volumes(options: argparse.Namespace, settings: BackupSettings) -> Sequence[str]:
    """The master volumes that a verb is about.

    :raises UsageError: a word is no name of a volume, or such a volume has not been backed up
    """
    known = volumes_of(Path(settings.folder))
    if not options.mastervolume:
        return known
    demand_volume(options.mastervolume)
    if options.mastervolume not in known:
        raise UsageError(
            f"the volume {options.mastervolume} has not been backed up from here; the folder {settings.folder} has "
            f"{', '.join(known) or 'no volume'}"
        )
    return [options.mastervolume]


def line_writer(settings: BackupSettings, *, timed: bool = False) -> Callable[[Message], None]:
    """What writes lines: information on standard output, warnings and errors on standard error.

    :param settings: whether lines are logged, too
    :param timed: whether each line begins with the time of day
    """

    def write(message: Message) -> None:
        text = printable(message.text)
        moment = time.strftime("%H:%M:%S ") if timed else ""
        stream = sys.stderr if message.level >= logging.WARNING else sys.stdout
        write_line(stream, f"{moment}{logging.getLevelName(message.level)}:{text}")
        if settings.logger_conf:
            log.log(message.level, "%s", text)

    return write


def _configure_log(path: str) -> None:
    try:
        logging.config.fileConfig(path, disable_existing_loggers=False)
    except Exception as error:  # the file may hold calls, which may raise anything
        reason = one_line(f"{type(error).__name__}: {error}")
        raise ConfigError(f"[logging] logger_conf: {path} configures no logging: {reason}") from error
