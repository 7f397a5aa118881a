"""The log of a daemon: lines in a file, which is rotated, and on standard error."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from ..base.errors import ConfigError
from .streams import log_to_standard_error, write_line

FORM, FORM_OF_TIME = "%(asctime)s %(levelname)s:%(message)s", "%Y-%m-%d %H:%M:%S"
MOST_BYTES, KEPT_FILES = 10 * 2**20, 5


class DaemonFile(RotatingFileHandler):
    """The file of the log. One that was moved away is made anew; that it cannot be written is one line.

    :param path: of the file
    :param rotates: whether it is rotated here
    """

    def __init__(self, path: str, *, rotates: bool) -> None:
        size = MOST_BYTES if rotates else 0
        super().__init__(path, maxBytes=size, backupCount=KEPT_FILES, encoding="utf-8")
        self._fails = self._has_failed = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        self._has_failed = False
        opened: TextIO | None = self.stream
        if opened is not None and not self._is_in_place(opened):
            self.stream = None  # logging opens it again
            with suppress(OSError):
                opened.close()
        super().emit(record)
        self._fails = self._has_failed

    def handleError(self, record: logging.LogRecord) -> None:
        """Write once on standard error that the file cannot be written, until it can be again."""
        if not self._fails and not self._has_failed:
            error = sys.exc_info()[1]
            why = error.strerror if isinstance(error, OSError) else error
            write_line(sys.stderr, f"ERROR:the log {self.baseFilename} cannot be written: {why}")
        self._has_failed = True

    def close(self) -> None:
        """End; lines that could not be written are lost."""
        with suppress(OSError):
            super().close()

    def _is_in_place(self, opened: TextIO) -> bool:
        """Whether an open file is still the one of that name."""
        try:
            return os.path.samestat(os.stat(self.baseFilename), os.fstat(opened.fileno()))
        except OSError:
            return False


def open_daemon_log(path: str) -> logging.Logger:
    """Write lines into a file and on standard error from now on.

    The file is rotated at 10 MiB, five old ones are kept. In a folder that the account may not write to, only somebody
    else can rotate it.

    :param path: of the file
    :raises ConfigError: it cannot be written
    """
    try:
        handler = DaemonFile(path, rotates=os.access(Path(path).absolute().parent, os.W_OK))
    except OSError as error:
        text = f"[snapshots] log_file: {path} cannot be written: {error.strerror}"
        raise ConfigError(f"{text}; make it for this account, or name another file") from error
    handler.setFormatter(logging.Formatter(FORM, FORM_OF_TIME))
    log_to_standard_error(logging.INFO, FORM, FORM_OF_TIME)
    logger = logging.getLogger("glancesync")
    logger.addHandler(handler)
    return logger


def close_daemon_log() -> None:
    """Close the file of the log."""
    logger = logging.getLogger("glancesync")
    for handler in [each for each in logger.handlers if isinstance(each, DaemonFile)]:
        logger.removeHandler(handler)
        handler.close()
