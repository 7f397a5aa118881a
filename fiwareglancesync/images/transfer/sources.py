"""Where the bytes of a master image can be read from."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from ...base.errors import CloudError, TransferError
from ..model import Image
from ..places import PIECE, Body, FileSlice, Place
from .way import UNHASHED


class Source(Protocol):
    """A way to read a master image."""

    @property
    def way(self) -> str:
        """The name of the way, as ``--transfer`` takes it."""
        ...

    def refusal(self, image: Image) -> str | None:
        """Why this way cannot be taken for an image; None when it can."""
        ...

    def needs_master(self, image: Image) -> bool:
        """Whether the master has to answer for an image to be read here."""
        ...

    def open(self, image: Image) -> AbstractContextManager[Body]:
        """Open the image for one reading.

        :raises TransferError: it cannot be read
        """
        ...

    def reject_content(self, image: Image) -> bool:
        """Take note that what came from here was not the image's content.

        :return: whether another reading may bring something else
        """
        ...


class FileSource:
    """The files of the master's Glance: their name is the image's UUID (sync 2, ``images_dir``).

    :param folder: ``images_dir``
    """

    way = "file"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def refusal(self, image: Image) -> str | None:
        """Why there is no usable file for an image; None when there is one."""
        if not image.has_content_hash:
            return UNHASHED
        path = self._path(image)
        try:
            found = path.stat()
        except OSError as error:
            return f"{path}: {error.strerror}"
        if not stat.S_ISREG(found.st_mode):
            return f"{path} is not a file"
        if found.st_size != image.size:
            return f"{path} has {found.st_size} bytes, the image {image.size}"
        if not os.access(path, os.R_OK):
            return f"{path} is not readable"
        return None

    def needs_master(self, image: Image) -> bool:
        """The file is all that it takes."""
        return False

    @contextmanager
    def open(self, image: Image) -> Iterator[Body]:
        """Open the file."""
        path = self._path(image)
        try:
            file = path.open("rb", buffering=0)
        except OSError as error:
            raise TransferError(f"{path}: {error.strerror}") from error
        with file:
            yield Body(image.size or 0, lambda: slices(file.fileno()))

    def reject_content(self, image: Image) -> bool:
        """The file is not ours to mend."""
        return False

    def _path(self, image: Image) -> Path:
        """The file of an image; its UUID is data from a server and must not lead elsewhere."""
        return self._folder / os.path.basename(image.id or "-")


def slices(descriptor: int) -> Iterator[FileSlice]:
    """The content of a file as it is now, in pieces.

    :param descriptor: of the open file
    """
    size = os.fstat(descriptor).st_size
    for offset in range(0, size, PIECE):
        yield FileSlice(descriptor, offset, min(PIECE, size - offset))


class StreamSource:
    """The master region's own download: one request feeds one upload, nothing touches a disk.

    :param master: the master region
    """

    way = "stream"

    def __init__(self, master: Place) -> None:
        self._master = master

    def refusal(self, image: Image) -> str | None:
        """Nothing speaks against streaming before it is tried."""
        return None

    def needs_master(self, image: Image) -> bool:
        """Nothing is kept here."""
        return True

    @contextmanager
    def open(self, image: Image) -> Iterator[Body]:
        """Ask the master for the image's content."""
        with ExitStack() as stack:
            try:
                body = stack.enter_context(self._master.download(image.id))
            except CloudError as error:
                raise TransferError(f"the master cannot be read: {error}") from error
            yield body

    def reject_content(self, image: Image) -> bool:
        """What the master sends is what it has."""
        return False
