"""Runs whole commands and measures them; runs pairs of them alternately and computes their ratios."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

MIB = 2**20
LAUNCHER = Path(__file__).resolve().parent / "launch.py"
Made = TypeVar("Made")


class Failed(Exception):
    """A command that was to be measured failed, so there is no figure."""


@dataclass(frozen=True)
class Command:
    """A whole command.

    :param words: the program and its arguments
    :param environ: its environment
    :param folder: its working directory, where its output is kept
    :param output: name of the file in the folder for stdout; None for ``/dev/null``
    """

    words: Sequence[str]
    environ: Mapping[str, str]
    folder: Path
    output: str | None = None


@dataclass(frozen=True)
class Spent:
    """What a command took, the processes that it waited for included.

    :param seconds: from its start to its end
    :param cpu: seconds of CPU, user and system
    :param peak: bytes of memory, the largest of its processes
    """

    seconds: float
    cpu: float
    peak: int


def run(command: Command) -> Spent:
    """Run a command to its end.

    :raises Failed: its exit code is not 0
    """
    return run_together([command])[0]


def run_together(commands: Sequence[Command], apart: float = 0.0) -> list[Spent]:
    """Run commands at the same time.

    :param apart: seconds between their starts
    :raises Failed: an exit code is not 0
    """
    started: list[tuple[Command, subprocess.Popen[bytes]]] = []
    for number, command in enumerate(commands):
        if number and apart:
            time.sleep(apart)
        with (command.folder / f"stderr-{number}").open("wb") as stderr, _output(command) as stdout:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(LAUNCHER), str(command.folder / f"spent-{number}"), *command.words],
                env=dict(command.environ), cwd=command.folder, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
            )
        started.append((command, process))
    for _, process in started:
        process.wait()
    for number, (command, process) in enumerate(started):
        if process.returncode != 0:
            said = (command.folder / f"stderr-{number}").read_text(encoding="utf-8", errors="replace").strip()[-800:]
            name = Path(command.words[0]).name
            raise Failed(f"{name} {' '.join(command.words[1:4])} … ended with {process.returncode}: {said}")
    records = (command.folder / f"spent-{number}" for number, (command, _) in enumerate(started))
    return [Spent(**json.loads(record.read_text(encoding="ascii"))) for record in records]


def alternate(pairs: int, first: Callable[[], Made], second: Callable[[], Made]) -> list[tuple[Made, Made]]:
    """Measure two things in turn: A B A B …

    :param pairs: how often
    :return: what was measured, pair by pair
    """
    return [(first(), second()) for _ in range(pairs)]


@dataclass(frozen=True)
class Spread:
    """Some numbers and their median."""

    values: tuple[float, ...]

    @staticmethod
    def of(values: Sequence[float]) -> Spread:
        return Spread(tuple(values))

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def text(self, form: str) -> str:
        """The smallest and the largest.

        :param form: a format such as ``.2f``
        """
        return f"{min(self.values):{form}} … {max(self.values):{form}}"


def _output(command: Command) -> BinaryIO:
    return open(os.devnull if command.output is None else command.folder / command.output, "wb")
