"""One SQLite file that several processes and threads share: connections, transactions, forks.

A connection cannot be used after a fork: the file locks of SQLite would not work, and data could be lost. So the
connection is closed before each fork of the process, and opened anew when it is needed again.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote
from weakref import WeakSet

from ....base.errors import ConfigError, Scope, ServiceFailure

FILE_NAME = "federation.sqlite"
"""Name of the file in the folder of the user."""

WRITE_TIMEOUT_SECONDS = 60.0
"""Seconds to wait while another process writes."""

APPLICATION_ID = 0x476C5379
"""The ``application_id`` of our files in SQLite."""

SCHEMA_VERSION = 1
"""The ``user_version`` of our files in SQLite, when they have a federation."""


_MAGIC = b"SQLite format 3\0"


class Store:
    """The SQLite file of an embedded federation.

    :param file: an existing file, or None for a database in memory, of which a forked process has a copy
    """

    def __init__(self, file: Path | None) -> None:
        self._connection: sqlite3.Connection | None = None
        self._opened = 0
        self._lock = threading.RLock()
        self.file = file
        _STORES.add(self)

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Use the connection for reading.

        :raises ServiceFailure: the file cannot be read
        """
        with self._lock, self._translated():
            yield self._open()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Use the connection in a transaction. It is committed at the end of the block, or undone if that raises.

        :raises ServiceFailure: the file cannot be written, or others write for longer than ``WRITE_TIMEOUT_SECONDS``
        """
        with self._lock, self._translated():
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def version(self) -> tuple[int, int, int]:
        """A value that changes with every change of the file, by any process.

        SQLite counts the changes of other processes for each connection, so the number of the connection is a part.

        :raises ServiceFailure: the file cannot be read
        """
        with self.read() as connection:
            of_others = int(connection.execute("PRAGMA data_version").fetchone()[0])
            return self._opened, of_others, connection.total_changes

    def close(self) -> None:
        """Close the connection; the next use opens another."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def __del__(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = _connect(self.file)
            self._opened += 1
        return self._connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as problem:
            cause = f"the embedded federation {self.file or 'in memory'} fails: {problem}"
            raise ServiceFailure(cause, scope=Scope.REGION) from problem

    def before_fork(self) -> None:
        """Wait for the end of a transaction in another thread, and close the file."""
        self._lock.acquire()
        if self.file is not None:
            self.close()

    def after_fork_in_parent(self) -> None:
        """Let the other threads continue."""
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """Make a new lock: the threads that wait for the old one exist only in the parent."""
        self._lock = threading.RLock()


def create(folder: Path) -> Path:
    """Create the SQLite file of an embedded federation if it is missing. An existing file keeps its content.

    :param folder: is made, with mode 0700, if it is missing; otherwise it has to be empty or to have such a file
    :return: the file, mode 0600
    :raises ConfigError: the folder cannot be used, or it has other files
    """
    file = folder / FILE_NAME
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        others = [entry.name for entry in folder.iterdir()]
        if others and not is_embedded_store(file):
            expected = "an embedded federation or nothing"
            raise ConfigError(f"{folder}: the folder holds other files ({min(others)}), expected {expected}")
        folder.chmod(0o700)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as problem:
        raise ConfigError(f"{folder}: {problem.strerror}, expected a folder that can be written") from None
    connection = _connect(file)
    try:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.Error as problem:
        raise ConfigError(f"{file}: {problem}, expected a file that can be written") from None
    finally:
        connection.close()
    return file


def is_embedded_store(file: Path) -> bool:
    """Whether a file is one of our stores, which may still be empty."""
    try:
        size = file.stat().st_size
        return file.is_file() and (size == 0 or _pragma(file, "application_id") == APPLICATION_ID)
    except OSError:
        return False


def holds_federation(file: Path) -> bool:
    """Whether a file is one of our stores and a federation has been loaded into it."""
    return is_embedded_store(file) and file.stat().st_size > 0 and _pragma(file, "user_version") == SCHEMA_VERSION


def obstacle_to(file: Path) -> str | None:
    """Why an SQLite file that is there cannot be opened; None if it can, or is missing or none of SQLite."""
    try:
        with file.open("rb") as opened:
            if opened.read(len(_MAGIC)) != _MAGIC:
                return None
        with closing(_connect(file)) as connection:
            connection.execute("PRAGMA user_version")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return error.strerror
    except sqlite3.Error as error:
        return str(error)
    return None


def _pragma(file: Path, name: str) -> int | None:
    connection = None
    try:
        connection = _connect(file)
        return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
    except sqlite3.Error:
        return None
    finally:
        if connection is not None:
            connection.close()


def _connect(file: Path | None) -> sqlite3.Connection:
    address = ":memory:" if file is None else f"file:{quote(os.fsencode(file))}?mode=rw"
    connection = sqlite3.connect(
        address, uri=file is not None, timeout=WRITE_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


_STORES: WeakSet[Store] = WeakSet()
_FORKING = threading.local()


def _before_fork() -> None:
    _FORKING.stores = list(_STORES)
    for store in _FORKING.stores:
        store.before_fork()


def _after_fork_in_parent() -> None:
    for store in reversed(_FORKING.stores):
        store.after_fork_in_parent()
    _FORKING.stores = []


def _after_fork_in_child() -> None:
    for store in _FORKING.stores:
        store.after_fork_in_child()
    _FORKING.stores = []


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
