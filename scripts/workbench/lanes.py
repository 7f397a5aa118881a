"""Several sequences of steps at the same time, those that need one on a development cloud of their own."""

from __future__ import annotations

import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from workbench import cloud
from workbench.cloud import CHECKOUT
from workbench.progress import Say, duration, line_cleared, progress
from workbench.steps import Interrupted, Kind, Outcome, Step, Surroundings, run

START = 1800.0
"""Seconds after which the start of a cloud has hung: the first one installs packages, on a machine with other work."""

UP = Step("development cloud", cloud.command("up"), limit=START, confidential=True)
UP_WITH_CEPH = Step("Ceph", cloud.command("up", "--with", "ceph"), limit=START, confidential=True)
UP_WITH_BOTH = Step(
    "Ceph and Cinder", cloud.command("up", "--with", "ceph", "--with", "volumes"), limit=START, confidential=True
)
UP_WITH_VOLUMES = Step("Cinder and Nova", cloud.command("up", "--with", "volumes"), limit=START, confidential=True)
UP_WITH_GLUSTER = Step("gluster", cloud.command("up", "--with", "gluster"), limit=START, confidential=True)
GUESTS = Step("guests", cloud.command("seed", "--with", "gluster"), limit=START, confidential=True)
DOWN = Step("cloud down", cloud.command("down"), limit=480.0, confidential=True)

LINE_SECONDS = 60.0
"""Seconds between two lines that say which steps run, where no line can move."""


@dataclass(frozen=True)
class Lane:
    """Steps that come one after the other.

    :param steps: what needs no development cloud
    :param on_cloud: what comes afterwards, on a development cloud that no other lane uses: sequences that begin with
        their start; when a start fails, what follows it is left out
    """

    steps: Sequence[Step] = ()
    on_cloud: Sequence[Sequence[Step]] = ()

    @property
    def all_steps(self) -> Sequence[Step]:
        """Everything in its order."""
        return [*self.steps, *(step for steps in self.on_cloud for step in steps)]


def run_lanes(
    lanes: Sequence[Lane], scratch: Path, logs: Path, environment: Mapping[str, str], end: float = math.inf
) -> list[Outcome]:
    """Run the lanes side by side and print what came of each step, with its output if it has failed.

    :param scratch: a folder for what exists during the run
    :param logs: a folder that takes the output of each step, and the logs of a cloud on which a step has failed
    :param environment: the whole environment of the commands
    :param end: moment of the steady clock at which all steps end; the clouds are taken down then
    :returns: what came of the steps, lane by lane
    :raises KeyboardInterrupt: the run was stopped; all steps have ended
    """
    stopping = Event()
    where = Surroundings(CHECKOUT, scratch, environment, stopping, end)
    with progress("Testing", _say, every=LINE_SECONDS) as note, ThreadPoolExecutor(len(lanes)) as pool:
        printer = _Printer(logs, note)
        results = [pool.submit(_run_lane, lane, where, printer, number) for number, lane in enumerate(lanes, 1)]
        try:
            return [outcome for result in results for outcome in result.result()]
        except Interrupted:
            raise KeyboardInterrupt from None
        finally:
            stopping.set()


def line(outcome: Outcome) -> str:
    """An outcome as one line of the summary."""
    word = "ok    " if outcome.is_good else "FAILED"
    counts = f"  {outcome.passed} passed, {outcome.failed} failed, {outcome.skipped} skipped"
    note = f"  ({outcome.note})" if outcome.note else ""
    is_check = outcome.kind is Kind.CHECK
    return f"{word} {outcome.name:<18} {duration(outcome.seconds):>12}{'' if is_check else counts}{note}"


class _Printer:
    """Runs the steps of all lanes, and keeps what they print apart.

    :param logs: the folder of their output
    :param note: takes which steps run
    """

    def __init__(self, logs: Path, note: Say) -> None:
        self._logs = logs
        self._note = note
        self._running: list[str] = []

    def folder_of_cloud(self, lane: int) -> Path:
        """Where the logs of a lane's cloud are kept."""
        return self._logs / f"{lane}-cloud"

    def run(self, step: Step, where: Surroundings, lane: int) -> Outcome:
        log = self._logs / f"{lane}-{step.name.replace(' ', '-')}.log"
        with log.open("wb") as output:
            self._running.append(step.name)
            self._note(" and ".join(self._running))
            try:
                outcome = replace(run(step, where, output), log=log, kind=step.kind)
            finally:
                self._running.remove(step.name)
                self._note(" and ".join(self._running))
        text = "" if outcome.is_good else log.read_text(encoding="utf-8", errors="replace").rstrip()
        with line_cleared():
            print(line(outcome), *[text] * bool(text), sep="\n", flush=True)
        return outcome


def _run_lane(lane: Lane, where: Surroundings, printer: _Printer, number: int) -> list[Outcome]:
    outcomes = [printer.run(step, where, number) for step in lane.steps]
    if lane.on_cloud:
        with _own_cloud(where) as there:
            on_cloud = _run_on_cloud(lane, there, printer, number)
            if not all(outcome.is_good for outcome in on_cloud):
                _keep_logs(Path(there.environment[cloud.FOLDER_VARIABLE]), printer.folder_of_cloud(number))
        outcomes += on_cloud
    return outcomes


def _run_on_cloud(lane: Lane, there: Surroundings, printer: _Printer, number: int) -> list[Outcome]:
    outcomes = []
    for start, *steps in lane.on_cloud:
        outcomes.append(printer.run(start, there, number))
        if not outcomes[-1].is_good:
            break
        outcomes += [printer.run(step, there, number) for step in steps]
    return outcomes


def _keep_logs(folder: Path, kept: Path) -> None:
    """Copy the logs of a cloud's servers: the cloud is about to be removed.

    :param folder: the cloud's
    :param kept: where they go
    """
    for log in folder.glob("*/server.log"):
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(log, kept / f"{log.parent.name}.log")


def _say(text: str) -> None:
    with line_cleared():
        print(text, flush=True)


@contextmanager
def _own_cloud(where: Surroundings) -> Iterator[Surroundings]:
    """A folder and ports of its own for a development cloud, empty again afterwards.

    The servers' software is shared with the cloud that the user may have in the checkout.
    """
    folder = Path(tempfile.mkdtemp(prefix="cloud-", dir=where.scratch))
    software = os.environ.get(cloud.VENV_VARIABLE) or str(CHECKOUT / ".devcloud" / "venv")
    variables = {cloud.FOLDER_VARIABLE: str(folder), cloud.VENV_VARIABLE: software}
    try:
        yield replace(where, environment={**where.environment, **variables})
    finally:
        environment = cloud.without_cloud(os.environ) | variables
        run(DOWN, replace(where, environment=environment, stopping=Event(), end=math.inf))
        shutil.rmtree(folder, ignore_errors=True)
