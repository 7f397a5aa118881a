"""Shows that something long is at work: a line that moves on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock, Thread

Say = Callable[[str], None]

MOVE_SECONDS = 0.2
"""Seconds between two changes of the line on a terminal."""

LINE_SECONDS = 10.0
"""Seconds between two lines elsewhere."""

CLEAR = "\r\x1b[K"
COLLECTING = re.compile(r"Collecting ([\w.-]+)")

_terminal = Lock()
"""Held while something is printed beside a line that moves."""


@contextmanager
def progress(title: str, say: Say, *, every: float | None = None) -> Iterator[Say]:
    """Show what is done and for how long, until the block ends; yields what takes a few words about the present step.

    :param title: what is done, without a dot at the end
    :param say: takes a line
    :param every: seconds between two lines where no line moves; None means ``LINE_SECONDS``
    """
    shown = _Shown(title, say, LINE_SECONDS if every is None else every)
    ticker = Thread(target=shown.tick, name="progress", daemon=True)
    ticker.start()
    try:
        yield shown.note
    finally:
        shown.ended.set()
        ticker.join()
        with line_cleared():
            pass
    say(f"{title}: done in {duration(shown.seconds())}")


@contextmanager
def line_cleared() -> Iterator[None]:
    """Take a line that moves away, and keep it away while the block prints something else."""
    with _terminal:
        if _moves():
            print(CLEAR, end="", file=sys.stderr, flush=True)
        yield


def _moves() -> bool:
    """Whether a line can move; it does so on stderr, as those of pip and curl: stdout may be read by a program."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


class _Shown:
    """The present step.

    :param title: what is done
    :param say: takes a line
    :param every: seconds between two lines
    """

    def __init__(self, title: str, say: Say, every: float) -> None:
        self.ended = Event()
        self._title = title
        self._say = say
        self._step = ""
        self._begin = time.monotonic()
        self._every = every

    def note(self, step: str) -> None:
        """Take a few words about the present step."""
        self._step = step

    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._begin

    def tick(self) -> None:
        """Show the step again and again until the end."""
        moves = _moves()
        if not moves:
            self._say(f"{self._title} …")
        while not self.ended.wait(MOVE_SECONDS if moves else self._every):
            step = f", {self._step}" if self._step else ""
            if moves:
                width = shutil.get_terminal_size().columns - 1
                text = f"{self._title} … {duration(self.seconds())}{step}"
                with line_cleared():
                    print(text[:width], end="", file=sys.stderr, flush=True)
            else:
                self._say(f"  {duration(self.seconds())}{step}")


def duration(seconds: float) -> str:
    """A duration as people read it: ``7 s``, ``2 min 5 s``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def run_shown(
    command: Sequence[str],
    title: str,
    say: Say,
    *,
    log: Path,
    environment: Mapping[str, str],
    folder: Path | None = None,
    step_of: Callable[[str], str | None] = lambda line: None,
) -> int:
    """Run a command that takes long, and show that it is at work; what it prints is added to a log.

    :param title: what it does
    :param say: takes a line
    :param log: the file that takes its output
    :param environment: its whole environment
    :param folder: the folder that it runs in; None means this process's
    :param step_of: the present step that a line of its output shows; None for other lines
    :returns: its exit code
    """
    with progress(title, say) as note, open(log, "ab") as file, subprocess.Popen(
        list(command), cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            for line in process.stdout or ():
                file.write(line)
                file.flush()
                step = step_of(line.decode(errors="replace"))
                if step:
                    note(step)
            return process.wait()
        except BaseException:  # Ctrl-C too: nothing that we started may outlive us
            process.terminate()
            process.wait()
            raise


class PipSteps:
    """The present step of a ``pip install``, from the lines that it prints."""

    def __init__(self) -> None:
        self._collected = 0

    def __call__(self, line: str) -> str | None:
        """The step that a line shows; None for other lines."""
        words = line.split()
        found = COLLECTING.match(line)
        if found:
            self._collected += 1
            return f"{self._collected} found, {found[1]}"
        if words[:1] == ["Downloading"] and len(words) > 1:
            return f"{self._collected} found, downloading {' '.join(words[1:]).rpartition('/')[2]}"
        if words[:2] == ["Building", "wheel"] and len(words) > 3:
            return f"building {words[3]}"
        if words[:2] == ["Installing", "collected"]:
            return f"unpacking {len(words) - 3} packages"
        return None
