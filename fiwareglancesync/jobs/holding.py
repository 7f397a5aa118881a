"""Holding a region: this machine's lock, and the lease of all machines where a database is configured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..base.errors import ConfigError, GlanceSyncError, NotInstalled
from .locks import lock


def check_database(database: str) -> None:
    """See whether regions can be held, as far as that shows without asking the database.

    :param database: as for ``region_lock``
    :raises ConfigError: the URL is wrong
    :raises NotInstalled: the driver of the database is not installed
    """
    if not database:
        return
    from ..base.database import open_engine

    try:
        open_engine(database).dispose()
    except NotInstalled:
        raise
    except GlanceSyncError as error:
        raise ConfigError(f"[main] database: {error}") from error


@contextmanager
def region_lock(keys: tuple[str, ...], run: str, database: str = "", *, wait: bool = False) -> Iterator[str]:
    """Hold a place and project against every other run, here and, with a database, on other machines.

    :param keys: see ``PlaceIdentity.lock_keys``; who shares one with us is excluded
    :param run: id of the run
    :param database: URL of the database that the machines share, "" for none
    :param wait: wait for the holder instead of failing
    :return: id of the run that held it last, "" when it is not known or not the same everywhere
    :raises RegionLocked: another run holds it
    :raises GlanceSyncError: the database cannot be used
    """
    with lock(keys, run, wait=wait) as last_here:
        if not database:
            yield last_here
            return
        from .lease import leased  # only now: most runs need no database

        with leased(keys, run, database, wait=wait) as last_anywhere:
            yield last_here if last_here == last_anywhere else ""
