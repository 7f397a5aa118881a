"""Writes a digest as an HTML file that nobody else may read (volumes 6)."""

from __future__ import annotations

from pathlib import Path

from ...base.durable_files import write_durably
from ...base.errors import NotWritten
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
            write_durably(path, content)
    except OSError as error:
        raise NotWritten.because(error, path) from error

