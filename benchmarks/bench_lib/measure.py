"""Runs whole commands and tells what they took; pairs of them, one after the other, and what their ratios are."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

MIB = 2**20
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
    started: list[tuple[Command, subprocess.Popen[bytes], float, Path]] = []
    for number, command in enumerate(commands):
        if number and apart:
            time.sleep(apart)
        errors = command.folder / f"stderr-{number}"
        with errors.open("wb") as stderr, _output(command) as stdout:
            began = time.perf_counter()
            process = subprocess.Popen(
                command.words, env=dict(command.environ), cwd=command.folder, stdin=subprocess.DEVNULL,
                stdout=stdout, stderr=stderr,
            )
        started.append((command, process, began, errors))
    ended: dict[int, Spent] = {}
    codes: dict[int, int] = {}
    while len(ended) < len(started):
        for _, process, began, _ in started:
            if process.pid in ended:
                continue
            # Whoever is alone is waited for without looking again and again.
            pid, status, usage = os.wait4(process.pid, os.WNOHANG if len(started) > 1 else 0)
            if pid:
                process.returncode = codes[pid] = os.waitstatus_to_exitcode(status)
                seconds = time.perf_counter() - began
                ended[pid] = Spent(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
        if len(started) > 1:
            time.sleep(0.005)
    for command, process, _, errors in started:
        if codes[process.pid] != 0:
            said = errors.read_text(encoding="utf-8", errors="replace").strip()[-800:]
            name = Path(command.words[0]).name
            raise Failed(f"{name} {' '.join(command.words[1:4])} … ended with {codes[process.pid]}: {said}")
    return [ended[process.pid] for _, process, _, _ in started]


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
