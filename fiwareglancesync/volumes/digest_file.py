"""Writes a digest as an HTML file that nobody else may read (volumes 6)."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from ..base.errors import NotWritten
from .digest import DigestPage
from .digest_html import digest_html


def write_digest(page: DigestPage, path: Path) -> None:
    """Write a digest; a file that is there is replaced only when the new one is complete.

    :param page: the arranged digest
    :param path: the file, or a device or pipe
    :raises NotWritten: that is not possible
    """
    content = digest_html(page).encode()
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
        else:
            _replace(path, content)
    except OSError as error:
        raise NotWritten.because(error, path) from error


def _replace(path: Path, content: bytes) -> None:
    target = path.resolve()  # a link stays one
    descriptor, new = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(new)
        raise
