"""Replaces a file at once: who reads it gets the old content or the new one, and never a part."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

MODE = 0o644
"""Other accounts may read the file, such as that of a node exporter."""


def replace_file(path: Path, content: bytes, mode: int = MODE) -> None:
    """Replace a file.

    :param path: of no link
    :param mode: its permissions
    :raises OSError: it cannot be written; the old one is as it was
    """
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    with suppress(FileNotFoundError):
        new.unlink()  # of a process with the same number that was killed; or another account has made it
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.replace(new, path)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise
