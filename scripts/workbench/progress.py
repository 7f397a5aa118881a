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
from threading import Event, Thread

Say = Callable[[str], None]

MOVE_SECONDS = 0.2
"""Seconds between two changes of the line on a terminal."""

LINE_SECONDS = 10.0
"""Seconds between two lines elsewhere."""

CLEAR = "\r\x1b[K"
COLLECTING = re.compile(r"Collecting ([\w.-]+)")


@contextmanager
def progress(title: str, say: Say) -> Iterator[Say]:
    """Show what is done and for how long, until the block ends; yields what takes a few words about the present step.

    :param title: what is done, without a dot at the end
    :param say: takes a line
    """
    shown = _Shown(title, say)
    ticker = Thread(target=shown.tick, name="progress", daemon=True)
    ticker.start()
    try:
        yield shown.note
    finally:
        shown.ended.set()
        ticker.join()
        shown.clear()
    say(f"{title}: done in {duration(shown.seconds())}")


class _Shown:
    """The present step.

    :param title: what is done
    :param say: takes a line
    """

    def __init__(self, title: str, say: Say) -> None:
        self.ended = Event()
        self._title = title
        self._say = say
        self._step = ""
        self._begin = time.monotonic()
        # The line moves on stderr, as those of pip and curl do: stdout may be read by a program.
        self._moves = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def note(self, step: str) -> None:
        """Take a few words about the present step."""
        self._step = step

    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._begin

    def tick(self) -> None:
        """Show the step again and again until the end."""
        if not self._moves:
            self._say(f"{self._title} …")
        while not self.ended.wait(MOVE_SECONDS if self._moves else LINE_SECONDS):
            step = f", {self._step}" if self._step else ""
            if self._moves:
                width = shutil.get_terminal_size().columns - 1
                text = f"{self._title} … {duration(self.seconds())}{step}"
                print(CLEAR + text[:width], end="", file=sys.stderr, flush=True)
            else:
                self._say(f"  {duration(self.seconds())}{step}")

    def clear(self) -> None:
        """Take the moving line away."""
        if self._moves:
            print(CLEAR, end="", file=sys.stderr, flush=True)


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
