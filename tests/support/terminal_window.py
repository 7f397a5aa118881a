"""A terminal window with a program in it: what a user sees, and what is left in the history above it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

PATIENCE = 180.0
"""Seconds after which a program counts as hanging."""

HISTORY = 5000
"""Lines that the window keeps."""


class TerminalWindow:
    """A window in which a program is started.

    :param columns: its width
    :param rows: its height
    """

    def __init__(self, columns: int, rows: int) -> None:
        self._screen = pyte.HistoryScreen(columns, rows, history=HISTORY)
        self._stream = pyte.ByteStream(self._screen)
        self._terminal = -1

    @property
    def columns(self) -> int:
        """Its width."""
        return int(self._screen.columns)

    @property
    def history(self) -> list[str]:
        """The rows that have been moved out of the window at its top."""
        return [self._row(row) for row in self._screen.history.top]

    @property
    def display(self) -> list[str]:
        """The rows of the window."""
        return [row.rstrip() for row in self._screen.display]

    @property
    def rows(self) -> list[str]:
        """All rows, without the empty ones at the end."""
        rows = [*self.history, *self.display]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def show(self, text: str) -> None:
        """Show a text, as a program before did."""
        self.show_bytes(text.encode())

    def show_bytes(self, data: bytes) -> None:
        """Show a part of a text, which may end anywhere."""
        self._stream.feed(data.replace(b"\n", b"\r\n"))

    def run(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        look: Callable[[TerminalWindow], None] = lambda window: None,
    ) -> int:
        """Run a program to its end.

        :param command: the program and its arguments
        :param folder: where it runs
        :param environment: its environment
        :param look: is called each time the program has shown something
        :return: its exit code, negative for a signal
        """
        process, self._terminal = pty.fork()
        if process == 0:
            os.chdir(folder)
            os.execvpe(command[0], list(command), {**environment, "TERM": "xterm"})  # noqa: S606 - no shell is wanted
        self._set_size()
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if select.select([self._terminal], [], [], 0.2)[0]:
                try:
                    shown = os.read(self._terminal, 65536)
                except OSError:  # the program has ended
                    break
                self._stream.feed(shown)
                look(self)
        else:
            os.kill(process, 9)
        os.close(self._terminal)
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])

    def press(self, key: str) -> None:
        """Press a key, such as Control-C: ``\\x03``."""
        os.write(self._terminal, key.encode())

    def resize(self, columns: int) -> None:
        """Give the window another width."""
        self._screen.resize(columns=columns)
        self._set_size()

    def _set_size(self) -> None:
        size = struct.pack("HHHH", self._screen.lines, self._screen.columns, 0, 0)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, size)

    def _row(self, cells: Mapping[int, pyte.screens.Char]) -> str:
        return "".join(cells[column].data for column in range(self.columns)).rstrip()

