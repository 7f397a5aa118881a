"""The server's log: a rotating file that several processes write, without tokens."""

from __future__ import annotations

import fcntl
import logging
import logging.config
import os
import re
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from flask import g, has_request_context

from ..serving.start_error import StartError

FILE = "glancesync-api.log"
MAX_FILE_BYTES = 10 * 2**20
KEPT_FILES = 3
FORMAT = "%(asctime)s %(levelname)s %(name)s [%(process)d %(request)s] %(message)s"

_SECRET = re.compile(r"(?i)(x-(?:auth|subject|service)-token['\"]?\s*[:=]\s*['\"]?|\bgAAAAA)[A-Za-z0-9_\-.=]{16,}")


class SharedRotatingFileHandler(RotatingFileHandler):
    """Rotates a file that several processes write: one renames it, the others open the new one."""

    def doRollover(self) -> None:
        """Rotate, unless another process has rotated meanwhile."""
        descriptor = os.open(f"{self.baseFilename}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            if self._is_ours():
                super().doRollover()
                return
            if self.stream is not None:
                self.stream.close()
            self.stream = self._open()

    def _is_ours(self) -> bool:
        """Whether the file at the path is still the one that is open here."""
        try:
            there = os.stat(self.baseFilename)
        except FileNotFoundError:
            return False
        here = os.fstat(self.stream.fileno()) if self.stream is not None else there
        return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)

    def _open(self) -> Any:
        return open(self.baseFilename, self.mode, encoding=self.encoding, errors=self.errors, opener=_private)


class RedactSecrets(logging.Filter):
    """Adds the id of the request to each line, and replaces what looks like a token."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the request id and hide tokens; every record is kept."""
        if not hasattr(record, "request"):
            record.request = getattr(g, "request_id", "-") if has_request_context() else "-"
        text = record.getMessage()
        cleaned = _SECRET.sub(lambda found: found[1] + "***", text)
        if cleaned != text:
            record.msg, record.args = cleaned, ()
        return True


def set_up(file: Path | None) -> str | None:
    """Configure logging for this process.

    :param file: a configuration file for ``logging.config.fileConfig``, None for the default
    :return: a warning for the user, None when there is none
    :raises StartError: the file cannot be used
    """
    warning = None
    if file is not None:
        try:
            logging.config.fileConfig(file, disable_existing_loggers=False)
        except Exception as error:  # the file may hold calls, which may raise anything
            reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
            text = f"The file {file} configures no logging: {reason}"
            raise StartError([f"{text}\nPlease correct it to execute the program."]) from error
    else:
        warning = _default()
    for handler in _handlers():
        handler.addFilter(RedactSecrets())
    logging.getLogger("keystonemiddleware").setLevel(logging.CRITICAL)
    return warning


def _handlers() -> set[logging.Handler]:
    """Those of all loggers: a file may give any logger handlers of its own."""
    root = logging.getLogger()
    named = (logger for logger in root.manager.loggerDict.values() if isinstance(logger, logging.Logger))
    return {handler for logger in (root, *named) for handler in logger.handlers}


def _default() -> str | None:
    root = logging.getLogger()
    warning = None
    handler: logging.Handler
    try:
        handler = SharedRotatingFileHandler(FILE, maxBytes=MAX_FILE_BYTES, backupCount=KEPT_FILES, encoding="utf-8")
    except OSError as error:
        warning = f"{Path(FILE).absolute()} cannot be written ({error.strerror}); the log goes to stderr"
        handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(FORMAT))
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return warning


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
