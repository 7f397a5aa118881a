"""A process for each job: real ones, which end in every way that processes end."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing import connection
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.base.errors import Cancelled
from fiwareglancesync.base.signals import cancellable
from fiwareglancesync.base.waiting import pause
from fiwareglancesync.jobs import pool
from fiwareglancesync.jobs.pool import Finished, Reported, run_jobs

Report = Callable[[object], None]
FORK = multiprocessing.get_context("fork")


def results(items: Iterator[Any]) -> dict[Any, Finished[Any, Any]]:
    """Job → its end."""
    return {item.job: item for item in items if isinstance(item, Finished)}


def gone(pid: int) -> bool:
    """Whether there is no such process any more, not even as a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def wait_for_signal() -> None:
    """Wait, also for a signal that comes just before the wait begins."""
    pause(600.0, lambda: None)

SIGNALLED_WHILE_FORKING = """
import os, signal, sys
from fiwareglancesync.base.errors import Cancelled
from fiwareglancesync.base.signals import cancellable
from fiwareglancesync.jobs.pool import run_jobs

def stop():
    if begun:
        os.kill(os.getpid(), signal.SIGTERM)

begun = []
os.register_at_fork(**{sys.argv[1]: stop})
try:
    with cancellable():
        begun.append(True)
        for item in run_jobs(["a", "b"], lambda job, report: job, 1):
            print(item.result or item.died)
except Cancelled as stopped:
    sys.exit(stopped.exit_code)
"""
"""A program that is asked to stop while Python forks it: before it, or after it in the parent or in the child."""


def test_each_job_has_a_process_of_its_own_and_its_result_comes_back() -> None:
    def work(job: int, report: Report) -> tuple[int, int]:
        report(f"begun {job}")
        return job * 2, os.getpid()

    items = list(run_jobs([1, 2, 3], work, 2))
    ends = results(iter(items))
    assert {job: end.result and end.result[0] for job, end in ends.items()} == {1: 2, 2: 4, 3: 6}
    assert len({end.result[1] for end in ends.values() if end.result} | {os.getpid()}) == 4
    assert sorted(str(item.event) for item in items if isinstance(item, Reported)) == ["begun 1", "begun 2", "begun 3"]


def test_no_job_makes_no_process() -> None:
    assert list(run_jobs([], lambda job, report: None, 4)) == []


def test_what_a_job_reports_comes_before_its_end() -> None:
    def work(job: str, report: Report) -> None:
        for number in range(100):
            report(number)

    items: list[Any] = list(run_jobs(["a"], work, 1))
    assert items == [*(Reported(number) for number in range(100)), Finished("a", None)]


def test_results_come_as_they_are_ready() -> None:
    may_end = FORK.Event()

    def work(job: str, report: Report) -> str:
        if job == "slow":
            assert may_end.wait(180)
        return job

    ended = []
    for item in run_jobs(["slow", "fast"], work, 2):
        if isinstance(item, Finished):
            ended.append(item.result)
            may_end.set()
    assert ended == ["fast", "slow"]


@pytest.mark.parametrize("processes", [0, 1])
def test_no_more_than_so_many_at_the_same_time(processes: int) -> None:
    def work(job: str, report: Report) -> None:
        report(f"begins {job}")
        report(f"ends {job}")

    reported = [item.event for item in run_jobs(["a", "b"], work, processes) if isinstance(item, Reported)]
    assert reported == ["begins a", "ends a", "begins b", "ends b"]


def _raises(job: str, report: Report) -> None:
    raise ValueError(f"{job} is wrong")


def _killed(job: str, report: Report) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _exits(job: str, report: Report) -> None:
    os._exit(7)


@pytest.mark.parametrize(
    ("end", "died"),
    [
        (_raises, "ValueError: bad is wrong"),
        (_killed, "the process of the job was killed by signal 9"),
        (_exits, "the process of the job ended with exit code 7"),
    ],
)
def test_a_crash_of_one_process_is_the_failure_of_that_job_alone(end: Callable[[str, Report], None], died: str) -> None:
    def work(job: str, report: Report) -> str:
        if job == "bad":
            end(job, report)
        return job

    ends = results(run_jobs(["bad", "good"], work, 2))
    assert (ends["bad"].died, ends["bad"].result) == (died, None)
    assert (ends["good"].died, ends["good"].result) == (None, "good")
    assert ("ValueError" in ends["bad"].traceback) is (end is _raises)


def test_a_process_that_is_killed_while_it_reports_something_is_that_jobs_failure_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = connection.wait

    def kill_whoever_talks(pipes: Sequence[Any], timeout: float | None = None) -> list[Any]:
        ready = wait(pipes)
        for child in multiprocessing.active_children():
            # Nobody reads its report now, which does not fit into the pipe: it is in the middle of it.
            child.kill()
            child.join()
        return ready

    monkeypatch.setattr(pool, "wait", kill_whoever_talks)

    def work(job: str, report: Report) -> None:
        report("x" * 10_000_000)

    assert results(run_jobs(["a"], work, 1))["a"].died == "the process of the job was killed by signal 9"


def test_a_run_that_is_given_up_leaves_no_process_and_lets_them_tidy_up(tmp_path: Path) -> None:
    def work(job: str, report: Report) -> None:
        try:
            report(os.getpid())
            wait_for_signal()
        except Cancelled as stopped:
            (tmp_path / job).write_text(str(stopped.exit_code))
            raise

    running = run_jobs(["a", "b"], work, 2)
    pids = [item.event for item in (next(running), next(running)) if isinstance(item, Reported)]
    running.close()
    assert len(pids) == 2
    assert all(gone(int(str(pid))) for pid in pids)
    assert [(tmp_path / job).read_text() for job in "ab"] == ["143", "143"]


def test_a_process_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "TERMINATION_SECONDS", 0.05)

    def work(job: str, report: Report) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        report(os.getpid())
        while True:
            signal.pause()

    left: dict[str, Sequence[str] | None] = {}
    running = run_jobs(["a"], work, 1, left.__setitem__)
    reported = next(running)
    running.close()
    assert isinstance(reported, Reported)
    assert gone(int(str(reported.event)))
    assert left == {"a": None}


def test_what_was_reported_before_a_run_is_given_up_is_passed_on(tmp_path: Path) -> None:
    def work(job: str, report: Report) -> None:
        for number in range(3):
            report(number)
        (tmp_path / "reported").touch()
        wait_for_signal()

    late: list[object] = []
    running = run_jobs(["a"], work, 1, late=late.append)
    assert next(running) == Reported(0)
    while not (tmp_path / "reported").exists():
        pause(0.01, lambda: None)
    running.close()
    assert late == [1, 2]


def test_a_report_that_was_being_read_when_a_run_is_given_up_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def work(job: str, report: Report) -> None:
        report("x" * 100_000)
        report("second")
        wait_for_signal()

    def receive(child: Any, noun: str) -> Any:
        os.read(child.pipe.fileno(), 4)
        raise Cancelled(signal.SIGINT)

    monkeypatch.setattr(pool, "_receive", receive)
    late: list[object] = []
    with pytest.raises(Cancelled):
        next(run_jobs(["a"], work, 1, late=late.append))
    assert late == []


def test_a_run_that_is_given_up_says_what_its_jobs_could_not_tidy_up() -> None:
    def work(job: str, report: Report) -> None:
        try:
            report(job)  # the signal may come before it returns
            wait_for_signal()
        except Cancelled as stopped:
            if job == "done":
                return
            report("x" * 100_000)  # more than a pipe holds, and nobody reads it any more
            stopped.unfinished = ("an image",) if job == "untidy" else ()
            raise

    left: dict[str, Sequence[str] | None] = {}
    running = run_jobs(["tidy", "untidy", "done"], work, 3, left.__setitem__)
    for _ in range(3):
        next(running)
    running.close()
    assert left == {"tidy": (), "untidy": ("an image",), "done": ()}


def test_a_terminals_interrupt_is_left_to_the_parent() -> None:
    def work(job: str, report: Report) -> str:
        os.kill(os.getpid(), signal.SIGINT)
        return "goes on"

    assert [end.result for end in results(run_jobs(["a"], work, 1)).values()] == ["goes on"]


def test_a_killed_parents_children_are_not_stuck_but_leave_everything_tidy() -> None:
    heard, says = FORK.Pipe(duplex=False)

    def work(job: str, report: Report) -> None:
        says.send((job, os.getpid()))
        try:
            while True:
                report("x" * 100_000)  # more than a pipe holds
        except Cancelled as stopped:
            says.send((job, stopped.exit_code))
            raise

    def listens_once() -> None:
        running = run_jobs(["a", "b"], work, 2)
        next(running)
        signal.pause()

    parent = FORK.Process(target=listens_once)
    parent.start()
    says.close()
    children = dict((heard.recv(), heard.recv()))
    parent.kill()
    parent.join()
    try:
        assert dict(said(heard)) == {"a": 143, "b": 143}
    finally:
        for pid in children.values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("when", ["before", "after_in_parent"])
def test_a_signal_that_comes_while_a_process_is_forked_stops_all(when: str, root: Path) -> None:
    command = [sys.executable, "-c", SIGNALLED_WHILE_FORKING, when]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=300)
    assert (ended.returncode, ended.stdout, ended.stderr) == (143, "", "")


def test_a_child_that_is_stopped_while_it_is_forked_does_not_begin_its_job(root: Path) -> None:
    command = [sys.executable, "-c", SIGNALLED_WHILE_FORKING, "after_in_child"]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=300)
    died = "the process of the job ended with exit code 143\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, died * 2, "")


def test_a_child_that_is_stopped_twice_reports_what_it_leaves() -> None:
    def work(job: str, report: Report) -> None:
        try:
            report("begun")
            wait_for_signal()
        except Cancelled as stopped:
            stopped.unfinished = (_SignalsWhenPickled("an image"),)
            raise

    left: dict[str, Sequence[str] | None] = {}
    running = run_jobs(["a"], work, 1, left.__setitem__)
    with cancellable():  # its handlers are inherited
        next(running)
        running.close()
    assert left == {"a": ("an image",)}


class _SignalsWhenPickled(str):
    """A text that has its process asked again to stop while it is sent to the parent."""

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        os.kill(os.getpid(), signal.SIGTERM)
        return str, (str(self),)


def said(pipe: Any) -> Iterator[Any]:
    """What comes through a pipe until all who could say something have ended."""
    while True:
        assert pipe.poll(30), "somebody is stuck"
        try:
            yield pipe.recv()
        except EOFError:
            return
