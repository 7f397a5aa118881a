"""Opens the database of volume backups, its tables in place, for commands without a server (volumes 4)."""

from __future__ import annotations

from sqlalchemy import Engine

from ...base.database import metadata, open_engine
from ...jobs import command_database
from .volume_tables import backups


def open_volume_database(url: str) -> Engine:
    """Open a database; one of SQLite is made, with its folder, or upgraded.

    :param url: as the configuration has it
    :raises DatabaseUnavailable: it cannot be used
    :raises WrongRevision: it is at another revision, and not of SQLite
    :raises GlanceSyncError: the URL is wrong
    :raises NotInstalled: its driver is not installed
    """
    return command_database.open_command_database(url)


def open_existing_database(url: str) -> Engine | None:
    """Open the database without making or upgrading anything.

    :param url: as the configuration has it
    :return: None when there is none yet
    :raises DatabaseUnavailable: it cannot be used
    :raises GlanceSyncError: the URL is wrong
    :raises NotInstalled: its driver is not installed
    """
    return command_database.open_existing_database(url, backups.name)


def has_records(url: str) -> bool:
    """Whether there is a database for records, whatever its revision; nothing is made or upgraded.

    :param url: as the configuration has it
    :raises DatabaseUnavailable: it cannot be used
    :raises GlanceSyncError: the URL is wrong
    :raises NotInstalled: its driver is not installed
    """
    return command_database.has_table(url, backups.name)


def open_empty_database() -> Engine:
    """A database in memory, for what only shows something where nothing is recorded yet."""
    engine = open_engine("sqlite://", keep_connections=True)
    metadata.create_all(engine)
    return engine
