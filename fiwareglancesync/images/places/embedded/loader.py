"""Loads a backup into an embedded federation (sync 4): all of it or nothing."""

from __future__ import annotations

import contextlib
from pathlib import Path

from ....base.errors import ConfigError, ServiceFailure
from .backup_files import backup_files, read_backup
from .image_table import add_region, make_tables
from .sqlite_file import FILE_NAME, Store, create, holds_federation


def load(source: Path, folder: Path, *, replace: bool) -> None:
    """Load every region of a backup.

    A federation that is replaced stays as it is, for all processes, until the new one is complete.

    :param source: a folder with ``backup_<R>.csv`` or ``backup_<R>.jsonl`` files
    :param folder: folder of the federation, which is made if it is missing
    :param replace: whether an existing federation may be replaced
    :raises ConfigError: nothing has been loaded; the text says why
    """
    files = backup_files(source)
    _check_free(folder, replace=replace)
    fresh = not folder.exists()
    file = create(folder)
    store = Store(file)
    try:
        with store.write() as connection:
            _check_free(folder, replace=replace)  # another process may have been faster
            make_tables(connection)
            for region, backup in files.items():
                add_region(connection, region, read_backup(backup, region))
    except BaseException as problem:
        store.close()
        if not holds_federation(file):
            _remove(file, with_folder=fresh)
        if isinstance(problem, ServiceFailure):
            raise ConfigError(str(problem)) from None
        raise
    store.close()


def _check_free(folder: Path, *, replace: bool) -> None:
    if not replace and holds_federation(folder / FILE_NAME):
        raise ConfigError(f"{folder}: there is an embedded federation already; replace it with --confirm")


def _remove(file: Path, *, with_folder: bool) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    if with_folder:
        with contextlib.suppress(OSError):  # another process may have put a file there meanwhile
            file.parent.rmdir()
