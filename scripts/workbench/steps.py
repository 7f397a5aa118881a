"""Runs the steps of a test run and counts what they found."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from threading import Event
from typing import IO
from xml.etree import ElementTree

NO_TESTS_COLLECTED = 5
"""pytest's exit code when no test fits what was asked for."""

GRACE = 30.0
"""Seconds that an interrupted step has for tidying up."""

HEARTBEAT = 0.2
"""Seconds after which a step that runs looks whether it should stop."""


class Kind(Enum):
    """How a step reports its result."""

    CHECK = "check"
    """by its exit code alone"""
    PYTEST = "pytest"
    BEHAVE = "behave"


@dataclass(frozen=True)
class Step:
    """One command of the test run.

    :param name: what the summary calls it
    :param command: the words of the command line
    :param kind: how its outcome is read
    :param limit: seconds after which it is ended
    :param may_be_empty: whether finding no test at all is fine
    :param confidential: whether stdout may hold secrets and is dropped
    """

    name: str
    command: Sequence[str]
    kind: Kind = Kind.CHECK
    limit: float = 1800.0
    may_be_empty: bool = False
    confidential: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of a step; a check counts as one test.

    :param log: the file that has its output
    :param kind: how the step reports its result
    """

    name: str
    passed: int
    failed: int
    skipped: int
    seconds: float
    note: str = ""
    log: Path | None = None
    kind: Kind = Kind.CHECK

    @property
    def is_good(self) -> bool:
        """Whether nothing failed."""
        return self.failed == 0


class Interrupted(Exception):
    """The test run was stopped while a step ran."""


@dataclass(frozen=True)
class Surroundings:
    """Where steps run.

    :param folder: the folder that they run in
    :param scratch: a folder for the reports of the tests
    :param environment: the whole environment of the commands
    :param stopping: set when the steps have to end
    :param end: moment of the steady clock at which a step that still runs is ended, and after which none begins
    """

    folder: Path
    scratch: Path
    environment: Mapping[str, str]
    stopping: Event
    end: float = math.inf


def run(step: Step, where: Surroundings, output: IO[bytes] | None = None) -> Outcome:
    """Run a step to its end.

    :param where: its surroundings
    :param output: takes what the command prints; None: it goes where ours goes
    :raises Interrupted: it was stopped
    """
    report = where.scratch / f"report-{step.name.replace(' ', '-')}"
    begin = time.monotonic()
    if begin >= where.end:
        return Outcome(step.name, 0, 1, 0, 0.0, "not run, because the time of all steps is over")
    status = _run(step, report, where, output)
    seconds = time.monotonic() - begin
    if status is None:
        return Outcome(step.name, 0, 1, 0, seconds, f"ended after {seconds:.0f} s")
    if step.kind is Kind.CHECK:
        return Outcome(step.name, int(status == 0), int(status != 0), 0, seconds)
    passed, failed, skipped = count(report)
    empty = passed + failed + skipped == 0
    if empty and step.may_be_empty and status in (0, NO_TESTS_COLLECTED):
        return Outcome(step.name, 0, 0, 0, seconds, "no test asked for")
    if empty or (status != 0 and failed == 0):
        return Outcome(
            step.name,
            passed,
            failed + 1,
            skipped,
            seconds,
            "no tests found" if empty else f"ended with exit code {status}",
        )
    return Outcome(step.name, passed, failed, skipped, seconds)


def count(report: Path) -> tuple[int, int, int]:
    """Passed, failed and skipped tests in JUnit reports.

    :param report: a file, or a folder full of them; neither need exist
    """
    files = sorted(report.glob("*.xml")) if report.is_dir() else [path for path in [report] if path.exists()]
    passed = failed = skipped = 0
    for path in files:
        for case in ElementTree.parse(path).iter("testcase"):  # noqa: S314 (written by our own tests a moment ago)
            words = {child.tag for child in case}
            if words & {"failure", "error"}:
                failed += 1
            elif "skipped" in words:
                skipped += 1
            else:
                passed += 1
    return passed, failed, skipped


def _report_words(kind: Kind, report: Path) -> list[str]:
    match kind:
        case Kind.PYTEST:
            return [f"--junit-xml={report}"]
        case Kind.BEHAVE:
            return ["--junit", f"--junit-directory={report}"]
        case Kind.CHECK:
            return []


def _run(step: Step, report: Path, where: Surroundings, output: IO[bytes] | None) -> int | None:
    """Run a step's command in a process group of its own; None when the time was over."""
    deadline = min(time.monotonic() + step.limit, where.end)
    with subprocess.Popen(
        [*step.command, *_report_words(step.kind, report)],
        cwd=where.folder,
        env=dict(where.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if step.confidential else output,
        stderr=output,
        start_new_session=True,
    ) as process:
        try:
            while time.monotonic() < deadline:
                try:
                    return process.wait(HEARTBEAT)
                except subprocess.TimeoutExpired:
                    if where.stopping.is_set():
                        raise Interrupted(step.name) from None
            return None
        finally:
            _end(process)  # whatever happened: nothing that we started may outlive us


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, number)
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                continue
