"""A process for each job, some at a time; what the jobs report comes back at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

from ..base.errors import Cancelled
from ..base.signals import cancellable, end_delay, forget_handlers, signals_delayed
from ..base.waiting import SIGNAL_CHECK_SECONDS

Job = TypeVar("Job")
Result = TypeVar("Result")
Event = TypeVar("Event")

FORK = multiprocessing.get_context("fork")

TERMINATION_SECONDS = 4.0
"""Seconds that the children of a cancelled run have to tidy up: a user waits for five at most."""


@dataclass(frozen=True)
class Finished(Generic[Job, Result]):
    """A job has ended.

    :param result: what it returned; None when its process died
    :param died: how the process died, None when it did not
    :param traceback: where it died, "" when that is not known
    """

    job: Job
    result: Result | None
    died: str | None = None
    traceback: str = ""


@dataclass(frozen=True)
class Reported(Generic[Event]):
    """Something that a job reported."""

    event: Event


@dataclass(frozen=True)
class _ParentPipe:
    """A pipe without data. Only the parent has ``parent_end``, so the pipe closes when the parent dies."""

    child_end: Connection
    parent_end: Connection


@dataclass
class _Child(Generic[Job]):
    """A process that does a job.

    :param pipe: what it reports
    :param unfinished: what it left unfinished, once it has been stopped
    :param is_read: whether a report is being read; if that is interrupted, the rest of the pipe makes no sense
    """

    job: Job
    process: BaseProcess
    pipe: Connection
    unfinished: Connection
    is_read: bool = False


def ignore_unfinished(job: object, unfinished: Sequence[str] | None) -> None:
    """Do nothing with what a stopped job left unfinished."""


def ignore_report(report: object) -> None:
    """Do nothing with a report."""


def run_jobs(
    jobs: Sequence[Job],
    work: Callable[[Job, Callable[[Event], None]], Result],
    processes: int,
    left: Callable[[Job, Sequence[str] | None], None] = ignore_unfinished,
    noun: str = "job",
    late: Callable[[Event], None] = ignore_report,
) -> Generator[Reported[Event] | Finished[Job, Result], None, None]:
    """Do jobs in processes of their own.

    The processes are forked: they have what the parent has prepared, and nothing is copied through a pipe.

    :param jobs: in the order in which they are begun
    :param work: does a job in the child; what it reports and returns must be picklable
    :param processes: how many at most at the same time
    :param left: called when the generator is closed before its end, with each running job and what it could not tidy up
        (see :class:`Cancelled`); None when that is not known, as its process had to be killed
    :param noun: what a job is about, for messages, such as region
    :param late: called when the generator is closed before its end, with each report that has not been read
    :return: what the jobs report, and each job's end, in the order in which they come
    """
    waiting = list(reversed(jobs))
    running: dict[Connection, _Child[Job]] = {}
    with _parent_pipe() as parent_pipe, _ended_with(running, left, late):
        while waiting or running:
            while waiting and len(running) < max(1, processes):
                _start(waiting.pop(), work, parent_pipe, running)
            for pipe in wait(list(running), SIGNAL_CHECK_SECONDS):
                assert isinstance(pipe, Connection)  # noqa: S101 - for the type checker: only pipes were waited for
                child = running[pipe]
                child.is_read = True
                item = _receive(child, noun)
                child.is_read = False
                if isinstance(item, Finished):
                    del running[pipe]
                    pipe.close()
                    child.unfinished.close()
                    child.process.join()
                yield item


def _start(
    job: Job,
    work: Callable[[Job, Callable[[Any], None]], Any],
    parent_pipe: _ParentPipe,
    running: dict[Connection, _Child[Job]],
) -> None:
    pipe, child_pipe = FORK.Pipe(duplex=False)
    unfinished, child_unfinished = FORK.Pipe(duplex=False)
    sys.stdout.flush()
    sys.stderr.flush()
    parent_ends = (pipe, parent_pipe.parent_end, *running)
    process = FORK.Process(
        target=_child, args=(job, work, child_pipe, child_unfinished, parent_pipe.child_end, parent_ends), daemon=True
    )
    with signals_delayed():  # until the child is among those that are ended with this process
        process.start()
        running[pipe] = _Child(job, process, pipe, unfinished)
        child_pipe.close()
        child_unfinished.close()


def _receive(child: _Child[Job], noun: str) -> Reported[Any] | Finished[Job, Any]:
    try:
        kind, value = child.pipe.recv()
    except (EOFError, OSError):  # it ended, perhaps in the middle of a report
        child.process.join()
        code = child.process.exitcode
        how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with exit code {code}"
        return Finished(child.job, None, f"the process of the {noun} {how}")
    if kind == "report":
        return Reported(value)
    return Finished(child.job, value) if kind == "result" else Finished(child.job, None, *value)


def _child(
    job: Any,
    work: Callable[[Any, Callable[[Any], None]], Any],
    pipe: Connection,
    unfinished: Connection,
    parent: Connection,
    parent_ends: Collection[Connection],
) -> None:
    """Do a job in this process.

    :param pipe: takes what the job reports, and its result
    :param unfinished: takes what is unfinished when the job is stopped
    :param parent: breaks when the parent ends
    :param parent_ends: the parent's ends of pipes, which are closed here, or they would not break when the parent ends
    """

    def send(kind: str, value: object) -> None:
        with suppress(BrokenPipeError):  # we are being stopped, or the parent is dead and we soon are
            pipe.send((kind, value))

    forget_handlers()
    for end in parent_ends:
        end.close()
    with cancellable(child=True):
        try:
            end_delay()
            with _stopped_without(parent):
                result = work(job, lambda event: send("report", event))
                send("result", result)
            forget_handlers()  # all is done: there is nothing to stop
        except Cancelled as stopped:
            with suppress(BrokenPipeError):
                unfinished.send(stopped.unfinished)
            # At once: otherwise Python waits for threads that still wait for an answer.
            os._exit(stopped.exit_code)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this job's failure and no other's
            send("died", (f"{type(error).__name__}: {error}", traceback.format_exc()))


@contextmanager
def _parent_pipe() -> Iterator[_ParentPipe]:
    child_end, parent_end = FORK.Pipe(duplex=False)
    with child_end, parent_end:
        yield _ParentPipe(child_end, parent_end)


@contextmanager
def _stopped_without(parent: Connection) -> Iterator[None]:
    """Stop this process, as a user would, when its parent dies: nobody reads its reports, and it still holds its locks.

    :param parent: breaks when the parent ends
    """
    ended = threading.Event()

    def watch() -> None:
        parent.poll(None)
        if not ended.is_set():
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


@contextmanager
def _ended_with(
    running: dict[Connection, _Child[Job]],
    left: Callable[[Job, Sequence[str] | None], None],
    late: Callable[[Any], None],
) -> Iterator[None]:
    """End all children, however the parent's loop ends."""
    try:
        yield
    finally:
        for child in running.values():
            for report in () if child.is_read else _unread(child.pipe):
                late(report)
        for child in running.values():
            child.process.terminate()
            child.pipe.close()  # so that a child that reports something does not wait until it is read
        deadline = time.monotonic() + TERMINATION_SECONDS
        for child in running.values():
            child.process.join(max(0.0, deadline - time.monotonic()))
            if child.process.is_alive():
                child.process.kill()
                child.process.join()
            left(child.job, _unfinished_of(child))


def _unread(pipe: Connection) -> Iterator[Any]:
    """The reports that a child has sent and that have not been read."""
    with suppress(EOFError, OSError):  # the child has died, perhaps in the middle of a report
        while pipe.poll():
            kind, value = pipe.recv()
            if kind == "report":
                yield value


def _unfinished_of(child: _Child[Any]) -> Sequence[str] | None:
    """What a child that has ended could not tidy up; None when that is not known."""
    with child.unfinished as pipe:
        try:
            unfinished: Sequence[str] = pipe.recv()
        except EOFError:  # it had done its job, unless it was killed
            return None if child.process.exitcode else ()
        return unfinished
