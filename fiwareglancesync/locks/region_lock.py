"""One writer a region: a lock that dies with its holder (design 4.4)."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TextIO

from ..base.errors import ConfigError, GlanceSyncError, NotInstalled, RegionLocked
from ..base.machine import is_running

IDENTIFY_SECONDS = 0.5
"""Seconds within which the holder of a lock writes its identification into the file."""


@dataclass(frozen=True)
class LockHolder:
    """A process that holds a lock.

    :param process: its number and its machine
    :param since: when it took the lock
    """

    process: str
    since: datetime


def lock_folders() -> list[Path]:
    """The folders of the locks: one of the user's own below the temporary one, and in the runtime directory, if any.

    A run of cron may have no runtime directory, and a service may have a private temporary one: two runs exclude
    each other when they share one of the two.

    :return: always in the same order
    :raises GlanceSyncError: another user owns such a folder, or may write to it
    """
    uid = os.getuid()
    folders = [Path(tempfile.gettempdir()) / f"glancesync-{uid}"]
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{uid}")
    if runtime.is_dir() and os.access(runtime, os.W_OK | os.X_OK):
        folders.append(runtime / "glancesync")
    for folder in folders:
        _prepare(folder, uid)
    return folders


def _prepare(folder: Path, uid: int) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise GlanceSyncError(f"the folder for locks cannot be used: {folder}: {error.strerror}") from error
    if found.st_uid != uid or found.st_mode & 0o077 or folder.is_symlink():
        raise GlanceSyncError(f"the folder for locks is not yours alone: {folder}; remove it, or have that done")


@contextmanager
def lock(keys: tuple[str, ...], run: str, *, wait: bool = False) -> Iterator[str]:
    """Hold the locks of a place and project, all or none; the kernel releases them when this process ends.

    All runs take them in the same order, so that no two can wait for each other.

    :param keys: what is locked, see ``PlaceIdentity.lock_keys``
    :param run: id of the run; a holder of the same run (two targets may share a region) is waited for
    :param wait: wait for the holder instead of failing
    :return: id of the run that held them last, "" when it is not known, or several held some
    :raises RegionLocked: another process holds one; the text says who and since when
    """
    folders = lock_folders()
    paths = [folder / name for name in sorted(set(map(_file_name, keys))) for folder in folders]
    with ExitStack() as held:
        holders = {held.enter_context(_locked(path, run, wait=wait)) for path in paths}
        yield holders.pop() if len(holders) == 1 else ""


def lock_holder(key: str) -> LockHolder | None:
    """The process that holds a lock at this moment, None for none. Nobody is kept from taking it.

    :param key: what is locked
    :raises GlanceSyncError: as for ``lock_folders``
    """
    found = (_holder(folder / _file_name(key)) for folder in lock_folders())
    return next((each for each in found if each is not None), None)


def _holder(path: Path) -> LockHolder | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    with os.fdopen(descriptor, encoding="utf-8") as file:
        identification = _read(file)
        # Only where a process has died, and another one has its number now, the lock is taken here: for a moment.
        if not identification or _has_ended(identification) or _is_free(file):
            return None
        return _lock_holder(identification)


def _is_free(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_holder(identification: Mapping[str, object]) -> LockHolder | None:
    try:
        since = datetime.fromisoformat(str(identification.get("started")))
    except ValueError:
        return None
    return LockHolder(_name(identification), since) if since.tzinfo is not None else None


def _file_name(key: str) -> str:
    return f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.lock"


@contextmanager
def _locked(path: Path, run: str, *, wait: bool) -> Iterator[str]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            holder = _identified(file)
            if holder.get("run") != run:
                raise RegionLocked.by(_process(holder)) from error
            fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        last_holder = str(_read(file).get("run", ""))
        started = datetime.now(timezone.utc).isoformat(timespec="seconds")
        identification = {"run": run, "pid": os.getpid(), "host": socket.gethostname(), "started": started}
        try:
            _write(file, identification)
        except OSError as error:
            with suppress(OSError):  # the same again, for what is still in the buffer
                file.close()
            raise GlanceSyncError(f"the lock cannot be written: {path}: {error.strerror}") from error
        try:
            yield last_holder
        finally:
            with suppress(OSError):  # a full disk: the lock is free all the same
                _write(file, {**identification, "ended": True})


def _write(file: TextIO, identification: Mapping[str, object]) -> None:
    file.seek(0)
    file.truncate()
    json.dump(identification, file)
    file.flush()


def _identified(file: TextIO) -> Mapping[str, object]:
    """The identification that the holder wrote; empty when it writes none within ``IDENTIFY_SECONDS``.

    Until it has written it, the file holds that of the previous holder.
    """
    end = time.monotonic() + IDENTIFY_SECONDS
    while True:
        file.seek(0)
        holder = _read(file)
        if holder and not _has_ended(holder):
            return holder
        if time.monotonic() >= end:
            return {}
        time.sleep(IDENTIFY_SECONDS / 50)


def _has_ended(holder: Mapping[str, object]) -> bool:
    """Whether a holder has given the lock back, or was a process of this machine and has died."""
    pid = holder.get("pid")
    killed = holder.get("host") == socket.gethostname() and isinstance(pid, int) and not is_running(pid)
    return bool(holder.get("ended")) or killed


def _read(file: TextIO) -> Mapping[str, object]:
    """The identification in the file; empty when there is none yet."""
    try:
        holder = json.load(file)
    except ValueError:
        return {}
    return holder if isinstance(holder, dict) else {}


def _process(holder: Mapping[str, object]) -> str:
    if not holder:
        return "a process that has just begun"
    return f"{_name(holder)} since {holder.get('started')}"


def _name(holder: Mapping[str, object]) -> str:
    return f"process {holder.get('pid')} at {holder.get('host')}"


def check_database(database: str) -> None:
    """Check the database URL of the locks, without connecting to the database.

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
    """Lock a place and project, on this machine and, with a database, on all machines that share it.

    :param keys: see ``PlaceIdentity.lock_keys``; another run that locks one of them is excluded
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
