"""The source of the way ``spool``: a copy that is read by the processes of all regions while it grows (design 6)."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tenacity import sleep_using_event

from ...base.attempts import FIRST_WAIT_SECONDS, attempts
from ...base.content import WRITE_BYTES
from ...base.errors import CloudError, SourceBroke, TransferError
from ...base.units import MIB
from ..model import Image
from ..places import PIECE_BYTES, Body, FileSlice, ReadablePlace
from .spool_entry import SpoolEntry, entries, hasher, locked

POLL_SECONDS = 0.005
"""Seconds between two checks of a file that is expected to grow."""

FILL_RETRY_SECONDS = 0.1
"""Seconds after which a reader tries again to fill the copy itself: the process that fills it may have died."""

JOIN_SECONDS = 1.0
"""Seconds for which a reader waits at its end for its own thread, which may be waiting for the master."""

DAMAGED = "the copy in the spool was damaged and has been emptied"

GROWTH_TIMEOUT_SECONDS = 180.0
"""Seconds after which a reader stops waiting for a copy that does not grow."""


def default_folder() -> Path:
    """The folder of the spool without a configured one, on a disk that is large and kept after a restart."""
    return Path("/var/tmp") / f"glancesync-{os.getuid()}"  # noqa: S108 - checked to be the user's own


class SpoolSource:
    """A folder with copies of the content of the master's images, as long as regions need them; all runs share it.

    :param master: the master region
    :param folder: the folder of the spool
    :param limit: the most bytes in it, 0 for half of the free space
    :param first_wait: seconds before the second attempt at reading the master, at least
    """

    way = "spool"

    def __init__(
        self, master: ReadablePlace, folder: Path, limit: int = 0, first_wait: float = FIRST_WAIT_SECONDS
    ) -> None:
        self._master = master
        self._folder = folder
        self._limit = limit
        self._first_wait = first_wait

    def why_unusable(self, image: Image) -> str | None:
        """Why an image cannot be spooled; None when it can, as far as is known before it is tried."""
        objection = self._objection()
        if objection is not None:
            return objection
        try:
            limit = self._room()
        except OSError as error:
            return f"{self._folder}: {error.strerror}"
        if (image.size or 0) > limit:
            return _no_room(self._folder, image, limit)
        return None

    def needs_master(self, image: Image) -> bool:
        """Whether the copy of the image is not complete yet."""
        return SpoolEntry.of(image, self._folder).length < (image.size or 0)

    @contextmanager
    def open(self, image: Image) -> Iterator[Body]:
        """Read the copy of the image, which this process or another one makes.

        :raises TransferError: there is no room, or the master cannot be read
        """
        entry = SpoolEntry.of(image, self._folder)
        try:
            self._prepare()
            with (
                self._in_use(entry, image),
                entry.data.open("rb", buffering=0) as file,
                _Filling(entry, image, self._master, self._first_wait) as filling,
            ):
                size = image.size or 0
                yield Body(size, lambda: _read_while_filled(file.fileno(), size, filling))
        except OSError as error:
            raise TransferError(f"{self._folder}: {error.strerror}") from error

    def reject_content(self, image: Image) -> bool:
        """Remove a copy that turned out to be wrong, unless another process still uses it."""
        return SpoolEntry.of(image, self._folder).remove()

    def clear(self) -> None:
        """Remove the copies that no process uses, at the end of a run."""
        if self._objection() is not None:
            return
        for entry in self._entries():
            entry.remove()

    @contextmanager
    def _in_use(self, entry: SpoolEntry, image: Image) -> Iterator[None]:
        """Make an entry if it is missing, and prevent its removal."""
        while True:
            with locked(entry.use, shared=True) as held:
                if held:
                    self._admit(entry, image)
                    yield
                    return
            # Another process is removing the entry, which takes a moment.
            time.sleep(POLL_SECONDS)

    def _admit(self, entry: SpoolEntry, image: Image) -> None:
        """Reserve the space for an image; older entries that no process uses are removed."""
        size = image.size or 0
        with self._admission():
            if entry.length > size:
                # This program writes no longer file; nothing can use it.
                os.truncate(entry.data, 0)
            if entry.size == size and entry.data.exists():
                return
            limit = self._room()
            others = sorted((e for e in self._entries() if e.key != entry.key), key=lambda e: e.touched)
            taken = sum(other.size for other in others)
            for other in others:
                if taken + size <= limit:
                    break
                freed = other.size
                if other.remove():
                    taken -= freed
            if taken + size > limit:
                raise TransferError(_no_room(self._folder, image, max(0, limit - taken)))
            entry.make(size)

    def _room(self) -> int:
        """The most bytes that the spool may have."""
        held = sum(entry.length for entry in self._entries())
        there = next(folder for folder in (self._folder, *self._folder.parents) if folder.is_dir())
        free = shutil.disk_usage(there).free
        return min(self._limit, free + held) if self._limit else (free + held) // 2

    def _entries(self) -> list[SpoolEntry]:
        return entries(self._folder)

    @contextmanager
    def _admission(self) -> Iterator[None]:
        descriptor = os.open(self._folder / "admission", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _prepare(self) -> None:
        """Make the folder, and check that only this user can write to it."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        objection = self._objection()
        if objection is not None:
            raise TransferError(objection)

    def _objection(self) -> str | None:
        """Why the folder cannot be trusted; None when it can, or does not exist yet."""
        return objection(self._folder)


def objection(folder: Path) -> str | None:
    """Why a folder cannot be the spool's; None when it can, or can be made.

    :param folder: the folder; it is not changed
    """
    try:
        found = folder.lstat()
    except FileNotFoundError:
        parent = next(parent for parent in folder.absolute().parents if parent.exists())
        return None if os.access(parent, os.W_OK | os.X_OK) else f"{folder} cannot be made: {_why_not_written(parent)}"
    except OSError as error:
        return f"{folder}: {error.strerror}"
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        return f"{folder} is not a folder of your own that only you can write to"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"{folder} cannot be written: {_why_not_written(folder)}"
    return None


def _why_not_written(folder: Path) -> str:
    read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
    return os.strerror(errno.EROFS if read_only else errno.EACCES)


def _no_room(folder: Path, image: Image, room: int) -> str:
    needed = -(-(image.size or 0) // MIB)
    return f"no room in {folder}: {needed} MB are needed, {room // MIB} MB are left (spool_size)"


class _Filling:
    """Fills an entry in a thread, unless another process is already filling it."""

    def __init__(self, entry: SpoolEntry, image: Image, master: ReadablePlace, first_wait: float) -> None:
        self._entry = entry
        self._image = image
        self._master = master
        self._first_wait = first_wait
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._next = 0.0
        self.error: Exception | None = None

    def __enter__(self) -> _Filling:
        self.start_filling()
        return self

    def __exit__(self, *unused: object) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(JOIN_SECONDS)

    def start_filling(self) -> None:
        """Start to fill the entry, unless it is full or is being filled."""
        now = time.monotonic()
        busy = now < self._next or (self._thread is not None and self._thread.is_alive())
        if not busy and self.error is None and self._entry.length < (self._image.size or 0):
            self._next = now + FILL_RETRY_SECONDS
            self._thread = threading.Thread(target=self._fill_if_free, name="spool", daemon=True)
            self._thread.start()

    def _fill_if_free(self) -> None:
        try:
            with locked(self._entry.filler, shared=False) as free:
                if free:
                    attempts(_is_broken_source, sleep_using_event(self._stopping), self._first_wait)(self._fill)
        except SourceBroke as error:
            # All attempts were made here, each from where the last one stopped: another way has to be tried.
            self.error = TransferError(str(error))
            self.error.__cause__ = error
        except CloudError as error:
            self.error = TransferError(f"the master cannot be read: {error}")
            self.error.__cause__ = error
        except OSError as error:
            self.error = TransferError(f"{self._entry.folder}: {error.strerror}")
            self.error.__cause__ = error
        except Exception as error:  # noqa: BLE001 - the reader raises it; nothing catches the errors of this thread
            self.error = error

    def _fill(self) -> None:
        """Download the missing part; the hash of the whole is checked at the end if a part was there before."""
        size = self._image.size or 0
        with self._entry.data.open("r+b", buffering=0) as file:
            there = file.seek(0, os.SEEK_END)
            if there >= size or self._stopping.is_set():
                return
            if there and hasher(self._image) is None:
                # Without a hash the part that is there cannot be checked.
                file.truncate(0)
                there = file.seek(0)
            with self._master.download(self._image.id, there) as body:
                if body.start not in (0, there) or body.start + body.size != size:
                    raise TransferError(f"the master offers {body.size} bytes, the image has {size}")
                file.seek(body.start)
                for piece in body.pieces():
                    if self._stopping.is_set():
                        return
                    _write(file.fileno(), piece)
            if there and not self._is_right():
                file.truncate(0)
                raise SourceBroke(DAMAGED)

    def _is_right(self) -> bool:
        found = hasher(self._image)
        if found is None:
            return False
        digest, expected = found
        with self._entry.data.open("rb", buffering=0) as content:
            while piece := content.read(PIECE_BYTES):
                digest.update(piece)
        return digest.hexdigest() == expected


def _is_broken_source(error: BaseException) -> bool:
    """Whether a reading may be continued; other requests to the master have been repeated already."""
    return isinstance(error, SourceBroke)


def _write(descriptor: int, data: bytes) -> None:
    """Write all bytes; on a full disk, fewer are written at first."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view[:WRITE_BYTES]) :]


def _read_while_filled(descriptor: int, size: int, filling: _Filling) -> Iterator[FileSlice]:
    """Read a file while it grows; continue to fill it if the process that filled it has died."""
    position, last_growth = 0, time.monotonic()
    while position < size:
        length = min(os.fstat(descriptor).st_size, size) - position
        if length < 0:
            raise SourceBroke(DAMAGED)
        if length >= min(PIECE_BYTES, size - position):
            piece = FileSlice(descriptor, position, min(length, PIECE_BYTES))
            yield piece
            position += len(piece)
            last_growth = time.monotonic()
            continue
        if filling.error is not None:
            raise filling.error
        if time.monotonic() - last_growth > GROWTH_TIMEOUT_SECONDS:
            raise TransferError(f"the copy in the spool has not grown for {GROWTH_TIMEOUT_SECONDS:.0f} s")
        filling.start_filling()
        time.sleep(POLL_SECONDS)
