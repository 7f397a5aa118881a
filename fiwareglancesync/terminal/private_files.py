"""The files that a run writes: nobody else may read them, and a full disk does not end the run."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from ..base.errors import UsageError

PRIVATE_FILE_MODE = 0o600

ReportIncomplete = Callable[[str], None]
"""Takes one line: which file is incomplete, and why."""


class PrivateFile:
    """A file that is written until that fails for the first time, which is reported.

    :param path: its name; it is emptied, and nobody else may read it (sync 1.4)
    :param report_incomplete: called when it cannot be written to its end
    :raises OSError: it cannot be opened
    """

    def __init__(self, path: str | Path, report_incomplete: ReportIncomplete) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE_FILE_MODE)
        self._file = os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogatepass", newline="")
        self._path = path
        self._report_incomplete = report_incomplete

    def write(self, text: str) -> None:
        """Write a text; an error may show only when it is flushed."""
        self._attempt(lambda: self._file.write(text))

    def flush(self) -> None:
        """Pass the written text to the system."""
        self._attempt(self._file.flush)

    def close(self) -> None:
        """Write nothing more."""
        self._attempt(self._file.close)

    def _attempt(self, act: Callable[[], object]) -> None:
        if self._file.closed:
            return
        try:
            act()
        except OSError as error:
            with suppress(OSError):  # what it still holds cannot be written either
                self._file.close()
            self._report_incomplete(f"{self._path} cannot be written to its end: {error.strerror}")


def make_private_folder(path: Path) -> None:
    """Make a folder with those above it where they are missing, which nobody else may read.

    :param path: the folder
    :raises OSError: it cannot be made, or nothing can be written there
    """
    for folder in (*reversed(path.parents), path):
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    if not os.access(path, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


@contextmanager
def private_file(path: str, report_incomplete: ReportIncomplete) -> Iterator[PrivateFile]:
    """Open a file that the user named.

    :param path: its name
    :param report_incomplete: called when it cannot be written to its end
    :raises UsageError: it cannot be opened
    """
    try:
        file = PrivateFile(path, report_incomplete)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    with closing(file):
        yield file
