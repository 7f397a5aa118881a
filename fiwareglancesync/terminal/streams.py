"""Standard output and standard error: lines, encodings, and the log of requests."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable
from typing import Protocol, TextIO

from ..base.text import printable
from .standard_outputs import OutputFailed


class Output(Protocol):
    """Takes lines."""

    def write(self, text: str, /) -> object:
        """Write a text."""

    def flush(self) -> object:
        """Pass on what has been written."""


def shows_bars() -> bool:
    """Whether standard error is a terminal that can show bars."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def write_line(stream: Output, text: str) -> None:
    """Write a line at once, so that a merged stream reads in order."""
    stream.write(text + "\n")
    stream.flush()


def write_if_possible(stream: TextIO, text: str) -> str | None:
    """Write a line to a standard stream; once the disk is full, this line and all later ones are discarded.

    :param stream: standard output or standard error
    :param text: the line
    :return: the error as a sentence, None when the line was written
    :raises BrokenPipeError: nobody reads it any more
    """
    try:
        write_line(stream, text)
    except BrokenPipeError:
        raise
    except OSError as error:
        with open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), stream.fileno())
        if isinstance(error, OutputFailed):
            return str(error)
        name = "standard output" if stream is sys.stdout else "standard error"
        return f"{name} cannot be written to its end: {error.strerror}"
    return None


def write_warnings(texts: Iterable[str]) -> None:
    """Write warnings on standard error.

    :param texts: a line each
    """
    for text in texts:
        write_line(sys.stderr, f"WARNING:{printable(text)}")


def reconfigure_output() -> None:
    """Write names that are no valid Unicode unchanged, and line ends too."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="surrogatepass", newline="")


def log_requests() -> None:
    """Log each request that is made to a service, for ``--debug``."""
    log_to_standard_error(logging.DEBUG, "%(levelname)s:%(message)s")


def log_to_standard_error(level: int, form: str, form_of_time: str | None = None) -> None:
    """Write what the program logs as lines.

    :param level: from which on
    :param form: of a line
    :param form_of_time: of the time in it, as ``strftime`` takes it; None: with milliseconds
    """
    handler = _LogLines()
    handler.setFormatter(logging.Formatter(form, form_of_time))
    logger = logging.getLogger("glancesync")
    logger.addHandler(handler)
    logger.setLevel(level)


def end_log() -> None:
    """Stop writing the log: standard error may be another stream, or closed, when the next call begins."""
    logger = logging.getLogger("glancesync")
    for handler in [each for each in logger.handlers if isinstance(each, _LogLines)]:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)


class _LogLines(logging.StreamHandler):  # type: ignore[type-arg]  # it takes none before Python 3.11
    """Writes the log of one call on standard error."""
