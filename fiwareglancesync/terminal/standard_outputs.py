"""Standard output and standard error of a program: that they are closed, or full, is an error like any other."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from collections.abc import Callable
from typing import Any, TextIO

from ..base.errors import GlanceSyncError

STANDARD_DESCRIPTORS = (0, 1, 2)


class OutputFailed(OSError):
    """Standard output cannot be written; its text is one line."""

    def __str__(self) -> str:
        if self.errno == errno.EBADF:
            return "standard output cannot be written: it is closed"
        return f"standard output cannot be written to its end: {self.strerror}"


class _CheckedOutput(io.FileIO):
    """A descriptor that is written until that fails for the first time; everything after that is discarded.

    So nothing fails again when Python writes the rest at the end of the process.

    :param descriptor: it stays open
    """

    is_closed = False
    """Whether the process was started without the descriptor."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.failed = False

    def write(self, data: Any, /) -> int:
        """Write bytes; a descriptor that does not block is waited for.

        :raises BrokenPipeError: nobody reads them any more
        """
        if self.failed:
            return len(data)
        try:
            while (written := super().write(data)) is None:
                select.select((), (self,), ())
            return written
        except BrokenPipeError:
            self.failed = True
            raise
        except OSError as error:
            self.failed = True
            self.report(error)
            return len(data)

    def report(self, error: OSError) -> None:
        """Report that the descriptor cannot be written: there is nowhere to report it of standard error."""


class _CheckedStandardOutput(_CheckedOutput):
    """Standard output, whose failure is raised."""

    def write(self, data: Any, /) -> int:
        """Write bytes.

        :raises OutputFailed: for the first time, it cannot be written
        :raises BrokenPipeError: nobody reads them any more
        """
        if self.is_closed and not self.failed:
            self.failed = True
            raise OutputFailed(errno.EBADF, os.strerror(errno.EBADF))
        return super().write(data)

    def report(self, error: OSError) -> None:
        """Raise the failure."""
        raise OutputFailed(error.errno, error.strerror) from error


def run_program(program: Callable[[], int]) -> int:
    """Run a program to its end, with outputs that may be closed or full.

    :param program: returns its exit code
    :return: the exit code of the process: that of the program; 1 instead of 0 if its output is incomplete
    """
    _occupy_closed_descriptors()
    checked = [
        _check_output("stdout", _CheckedStandardOutput),
        _check_output("stderr", _CheckedOutput),
    ]
    try:
        code = _ended(program)
        sys.stdout.flush()
    except BrokenPipeError:
        code = 1
    except OutputFailed as error:
        sys.stderr.write(f"ERROR:{error}\n")
        code = 1
    except GlanceSyncError as error:
        sys.stderr.write(f"ERROR:{error}\n")
        code = error.exit_code
    return code or int(any(output is not None and output.failed for output in checked))


def _ended(program: Callable[[], int]) -> int:
    """The exit code of a program, which may end by :class:`SystemExit`, as after ``--help``."""
    try:
        return program()
    except SystemExit as end:
        if isinstance(end.code, int) or end.code is None:
            return end.code or 0
        raise


def _occupy_closed_descriptors() -> None:
    """Open the standard descriptors without which the process was started.

    Otherwise the next file that is opened, such as a database, has their number, and takes what is printed.
    """
    for descriptor in STANDARD_DESCRIPTORS:
        try:
            os.fstat(descriptor)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null != descriptor:
                os.dup2(null, descriptor)
                os.close(null)
            os.set_inheritable(descriptor, True)


def _check_output(name: str, kind: type[_CheckedOutput]) -> _CheckedOutput | None:
    """Replace a standard stream of this process by a checked one.

    :param name: its name in ``sys``
    :return: None when it has been replaced already, as tests do
    """
    stream: TextIO | None = getattr(sys, name)
    if stream is not getattr(sys, f"__{name}__"):
        return None
    if stream is None:
        output = kind(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC))
        output.is_closed = True
        text = io.TextIOWrapper(io.BufferedWriter(output), "utf-8", "backslashreplace", line_buffering=True)
    else:
        output = kind(stream.fileno())
        text = io.TextIOWrapper(
            io.BufferedWriter(output),
            stream.encoding,
            stream.errors,
            line_buffering=bool(getattr(stream, "line_buffering", False) or getattr(stream, "write_through", False)),
        )
    setattr(sys, name, text)
    return output
