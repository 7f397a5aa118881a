"""Sources from which the content of the master's images can be read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from ...base.errors import CloudError, TransferError
from ..model import Image
from ..places import PIECE_BYTES, Body, FileSlice, ReadablePlace
from .way import UNHASHED


class Source(Protocol):
    """A source of the content of the master's images."""

    @property
    def way(self) -> str:
        """The name of the way, as ``--transfer`` takes it."""
        ...

    def why_unusable(self, image: Image) -> str | None:
        """Why an image cannot be read from here; None when it can."""
        ...

    def needs_master(self, image: Image) -> bool:
        """Whether a reading of an image needs the master to answer."""
        ...

    def open(self, image: Image) -> AbstractContextManager[Body]:
        """Open the image for one reading.

        :raises TransferError: it cannot be read
        """
        ...

    def reject_content(self, image: Image) -> bool:
        """Note that the content that was read was wrong.

        :return: whether another reading may bring other content
        """
        ...


class FileSource:
    """The files of the master's Glance. The name of a file is the UUID of its image (sync 2, ``images_dir``).

    :param folder: ``images_dir``
    """

    way = "file"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def why_unusable(self, image: Image) -> str | None:
        """Why an image has no usable file; None when it has one."""
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
        """Only the file is needed."""
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
        """The file stays as it is."""
        return False

    def _path(self, image: Image) -> Path:
        """The file of an image. The UUID comes from a server; it must not name a file in another folder."""
        return self._folder / os.path.basename(image.id or "-")


def slices(descriptor: int) -> Iterator[FileSlice]:
    """The content of a file as it is now, in pieces.

    :param descriptor: descriptor of the open file
    """
    size = os.fstat(descriptor).st_size
    for offset in range(0, size, PIECE_BYTES):
        yield FileSlice(descriptor, offset, min(PIECE_BYTES, size - offset))


class StreamSource:
    """The download of the master region. Its bytes go directly into one upload, without a file.

    :param master: the master region
    """

    way = "stream"

    def __init__(self, master: ReadablePlace) -> None:
        self._master = master

    def why_unusable(self, image: Image) -> str | None:
        """None: whether it works shows only when it is tried."""
        return None

    def needs_master(self, image: Image) -> bool:
        """Each reading is a download."""
        return True

    @contextmanager
    def open(self, image: Image) -> Iterator[Body]:
        """Download the content of the image."""
        with ExitStack() as stack:
            try:
                body = stack.enter_context(self._master.download(image.id))
            except CloudError as error:
                raise TransferError(f"the master cannot be read: {error}") from error
            yield body

    def reject_content(self, image: Image) -> bool:
        """Another download would be the same."""
        return False
