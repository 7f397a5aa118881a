"""The SQLite files of a folder: one a federation, so that a rehearsal shares nothing with production (sync 1)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Engine, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from ..base.database import open_engine
from ..base.errors import GlanceSyncError
from ..jobs.database_owner import EMBEDDED_PREFIX, file_name, rebind, recorded
from ..jobs.tables import tasks

FILE = "glancesync.db"
"""The file that all federations shared before each had its own; the first that may adopt it goes on with it."""

PATTERN = "glancesync*.db"

COMPANIONS = ("-wal", "-shm", ".upgrade")
"""What SQLite and the server add to the name of a file."""


def url_of(path: Path) -> str:
    """The URL of a file."""
    return f"sqlite:///{path}"


def file_of(folder: Path, federation: str) -> Path:
    """The file of a federation, there already or not.

    :param folder: where it is looked for
    :param federation: the name of the federation
    """
    own = folder / file_name(federation)
    if own.is_file():
        return own
    for path, owner in owners(folder).items():
        if owner == federation:
            return path
    old = folder / FILE
    return old if old.is_file() and _may_adopt(old, federation) else own


def owners(folder: Path) -> dict[Path, str | None]:
    """The databases of a folder, each with the federation that it belongs to, None if it belongs to none."""
    found: dict[Path, str | None] = {}
    for path in sorted(folder.glob(PATTERN)):
        with suppress(SQLAlchemyError), _opened(path) as engine:  # a file that is no database belongs to none
            found[path] = recorded(engine)
    return found


def rebind_file(path: Path, old: str, new: str) -> Path:
    """Record the new name of the federation of a file, and rename the file accordingly.

    :param path: the file
    :param old: the name that is recorded in it
    :param new: the new one
    :return: where the file is now
    :raises GlanceSyncError: the federation has another file that holds tasks, or a server is running on one of them
    """
    target = path.with_name(file_name(new))
    mine = [other for other, owner in owners(path.parent).items() if owner == new]
    for other in mine:
        if _holds_tasks(other):
            raise GlanceSyncError(
                f"{new} has another database that holds tasks, {other}; move away the one that is not to be used"
            )
    for file in (path, *mine):
        _refuse_in_use(file)
    for other in mine:
        _remove(other)
    with _opened(path) as engine:
        rebind(engine, old, new)
    if _has_log(path):  # a process has just opened it, and renaming would lose the log; it is found by its record too
        return path
    path.with_name(f"{path.name}.upgrade").unlink(missing_ok=True)
    return path.rename(target)


@contextmanager
def _opened(path: Path) -> Iterator[Engine]:
    engine = open_engine(url_of(path))
    try:
        yield engine
    finally:
        engine.dispose()


def _may_adopt(old: Path, federation: str) -> bool:
    """Whether a federation may go on with a file that is not known to be another's.

    A server on OpenStack has stored the user of each task. One on an embedded federation has not, as it usually needs
    no token. So a server on the one kind of federation does not take the file of one on the other kind.
    """
    with suppress(SQLAlchemyError), _opened(old) as engine:
        if recorded(engine) is not None or not inspect(engine).has_table(tasks.name):
            return False
        with engine.connect() as connection:
            asked = connection.execute(select(tasks.c.id).where(tasks.c.asked_by.is_not(None)).limit(1)).first()
            unasked = connection.execute(select(tasks.c.id).where(tasks.c.asked_by.is_(None)).limit(1)).first()
        if federation.startswith(EMBEDDED_PREFIX):
            return asked is None
        return asked is not None or unasked is None
    return False


def _holds_tasks(path: Path) -> bool:
    with _opened(path) as engine, engine.connect() as connection:
        return connection.execute(select(tasks.c.id).limit(1)).first() is not None


def _refuse_in_use(path: Path) -> None:
    """Check that no process has a file open: the last one that closes it removes its write-ahead log."""
    with _opened(path) as engine:
        recorded(engine)
    if _has_log(path):
        raise GlanceSyncError(f"the database {path} is in use; stop the server and its workers first")


def _has_log(path: Path) -> bool:
    return path.with_name(f"{path.name}-wal").exists()


def _remove(path: Path) -> None:
    for name in (path.name, *(path.name + companion for companion in COMPANIONS)):
        path.with_name(name).unlink(missing_ok=True)
