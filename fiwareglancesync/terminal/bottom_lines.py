"""Lines that stay at the bottom of a terminal while others are written above them.

While the lines are shown the cursor stands at the beginning of the first one. So nothing has to be known of their
number, of what else was written, or of a new size of the window when they are cleared: all below the cursor goes. That
is why this is not ``rich.live``, which goes up as many lines as it remembers.

A signal may cut a drawing off: a slow terminal has taken a part of it only, and at Control-C the kernel discards what
the terminal has not read. Then the cursor is anywhere, so the terminal itself remembers the place of the first line.
"""

from __future__ import annotations

import os
import signal
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TextIO

from ..base.signals import SIGNALS

CLEAR = "\r\x1b[J"
"""To the beginning of the line; clear from there to the end of the screen."""

CLEAR_LINE = "\x1b[K"

SAVE, RESTORE = "\x1b7", "\x1b8"
"""Have the terminal remember where the cursor is; put it there."""

CANCEL = "\x18"
"""End a sequence that was cut off."""

NO_WRAP, WRAP = "\x1b[?7l", "\x1b[?7h"
"""Whether a line that is too long goes on in the next row; it must not, if the window has just been made narrower."""

DEFAULT_SIZE = os.terminal_size((80, 24))


class BottomLines:
    """The lines at the bottom.

    :param stream: the terminal
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._descriptor = stream.fileno()
        self._process = os.getpid()
        self._shown = False
        self._closed = False
        self._interrupted = False
        self._below = 0
        self._saved: os.terminal_size | None = None
        self._gap = [""] if _prints_late(sys.stdout) else []

    @property
    def size(self) -> os.terminal_size:
        """Columns and rows that the lines may have; the window may be changed at any time."""
        size = DEFAULT_SIZE
        with suppress(OSError):
            size = os.get_terminal_size(self._descriptor)
        columns, rows = size if all(size) else DEFAULT_SIZE
        return os.terminal_size((columns, rows - len(self._gap)))

    @property
    def is_delayed(self) -> bool:
        """Whether standard output reaches the terminal late, through another program such as ``tee``."""
        return bool(self._gap)

    def show(self, lines: Sequence[str]) -> None:
        """Show lines in place of those that are shown. In the background nothing is: the terminal is another's.

        :param lines: each shorter than the terminal is wide
        """
        if self._closed or not lines or not self._in_foreground():
            self.clear()
            return
        shown = [*self._gap, *lines]
        below = len(shown) - 1
        up = f"\x1b[{below}A" if below else ""
        self._shown = True
        if below > self._below:
            # Then nothing scrolls while they are drawn: the place of the first one stays the same.
            self._write(f"\r{SAVE}\x1b[J" + "\n" * below + up)
        self._write(f"\r{SAVE}")
        self._saved, self._below = self._window(), below
        self._write(NO_WRAP + f"{CLEAR_LINE}\n".join(shown) + f"\x1b[J{WRAP}{up}\r")

    def clear(self) -> None:
        """Take the lines away; the cursor is where the first one was."""
        if self._shown:
            self._shown = False
            self._write(self._clear_anywhere() if self._interrupted else CLEAR)
            self._saved, self._below = None, 0

    def close(self) -> None:
        """Take the lines away and show none any more."""
        self._closed = True
        self.clear()

    def clear_at_once(self) -> None:
        """Take the lines away in a signal handler: the stream may be in the middle of a text."""
        if self._shown and os.getpid() == self._process:
            with suppress(OSError):
                os.write(self._descriptor, self._clear_anywhere().encode())

    def close_at_once(self) -> None:
        """Take the lines away in a signal handler, and show none any more."""
        self._closed = self._interrupted = True
        self.clear_at_once()

    def _clear_anywhere(self) -> str:
        """What clears the lines though their drawing may have been cut off.

        In a window of another size their place is another one, and so it is when another program has written there.
        """
        if self._gap or self._saved is None or self._saved != self._window():
            return CLEAR
        return f"{CANCEL}{RESTORE}{SAVE}{WRAP}{CLEAR}"

    def _window(self) -> os.terminal_size | None:
        try:
            return os.get_terminal_size(self._descriptor)
        except OSError:
            return None

    def _in_foreground(self) -> bool:
        try:
            return os.tcgetpgrp(self._descriptor) == os.getpgrp()
        except OSError:
            return True

    def _write(self, text: str) -> None:
        data = text.encode(self._stream.encoding, self._stream.errors or "replace")
        with suppress(OSError):  # the terminal is gone; whatever has to be written reports that
            self._stream.flush()
            while data:  # without a buffer: what a signal has cut off must not come later
                data = data[os.write(self._descriptor, data) :]


@contextmanager
def cleared_by_signals(lines: BottomLines) -> Iterator[None]:
    """Take lines away as soon as a signal ends or suspends the program, before anything else is done.

    :param lines: the lines
    """
    previous = {number: signal.getsignal(number) for number in (*SIGNALS, signal.SIGTSTP)}

    def end(number: int, frame: FrameType | None) -> None:
        lines.close_at_once()
        handler = previous[signal.Signals(number)]
        assert callable(handler)  # noqa: S101 - for the type checker: others are not replaced
        handler(number, frame)

    def suspend(number: int, frame: FrameType | None) -> None:
        lines.clear_at_once()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.signal(number, suspend)

    for number, handler in previous.items():
        if number is signal.SIGTSTP and handler is signal.SIG_DFL:
            signal.signal(number, suspend)
        elif callable(handler):
            signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _prints_late(stream: TextIO) -> bool:
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
