"""Several sequences of steps at the same time, those that need one on a development cloud of their own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Lock

from workbench import cloud
from workbench.cloud import CHECKOUT
from workbench.steps import Interrupted, Outcome, Step, Surroundings, run

UP = Step("development cloud", cloud.command("up"), limit=600.0, confidential=True)
DOWN = Step("cloud down", cloud.command("down"), confidential=True)


@dataclass(frozen=True)
class Lane:
    """Steps that come one after the other.

    :param steps: what needs no development cloud
    :param on_cloud: what comes afterwards, on a development cloud that no other lane uses
    """

    steps: Sequence[Step]
    on_cloud: Sequence[Step] = ()


def run_lanes(lanes: Sequence[Lane], scratch: Path, environment: Mapping[str, str]) -> list[Outcome]:
    """Run the lanes side by side and print what their steps print, each step's output in one piece.

    A single lane prints at once.

    :param scratch: a folder for what exists during the run
    :param environment: the whole environment of the commands
    :returns: what came of the steps, lane by lane
    :raises KeyboardInterrupt: the run was stopped; all steps have ended
    """
    stopping = Event()
    where = Surroundings(CHECKOUT, scratch, environment, stopping)
    printer = _Printer(at_once=len(lanes) == 1)
    with ThreadPoolExecutor(len(lanes)) as pool:
        results = [pool.submit(_run_lane, lane, where, printer) for lane in lanes]
        try:
            return [outcome for result in results for outcome in result.result()]
        except Interrupted:
            raise KeyboardInterrupt from None
        finally:
            stopping.set()


def line(outcome: Outcome) -> str:
    """An outcome as one line of the summary."""
    word = "ok    " if outcome.is_good else "FAILED"
    counts = f"{outcome.passed} passed, {outcome.failed} failed, {outcome.skipped} skipped"
    note = f" ({outcome.note})" if outcome.note else ""
    return f"{word} {outcome.name:<18} {outcome.seconds:6.1f} s  {counts}{note}"


class _Printer:
    """Keeps what steps of different lanes print apart."""

    def __init__(self, *, at_once: bool) -> None:
        self._at_once = at_once
        self._lock = Lock()

    def run(self, step: Step, where: Surroundings) -> Outcome:
        if self._at_once:
            print(f"== {step.name}", flush=True)
            outcome = run(step, where)
            print(line(outcome), flush=True)
            return outcome
        with tempfile.TemporaryFile(dir=where.scratch) as output:
            print(f"-- {step.name} begins", flush=True)
            try:
                outcome = run(step, where, output)
            finally:
                output.seek(0)
                text = output.read().decode(errors="replace").rstrip()
                with self._lock:
                    print(f"== {step.name}", *[text] * bool(text), sep="\n", flush=True)
            print(line(outcome), flush=True)
            return outcome


def _run_lane(lane: Lane, where: Surroundings, printer: _Printer) -> list[Outcome]:
    outcomes = [printer.run(step, where) for step in lane.steps]
    if lane.on_cloud:
        with _own_cloud(where) as there:
            outcomes.append(printer.run(UP, there))
            if outcomes[-1].is_good:
                outcomes += [printer.run(step, there) for step in lane.on_cloud]
    return outcomes


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
        run(DOWN, replace(where, environment=environment, stopping=Event()))
        shutil.rmtree(folder, ignore_errors=True)
