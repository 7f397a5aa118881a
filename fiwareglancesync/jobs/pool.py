"""A process for each job, some at a time; what they tell comes back as they tell it."""

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
from ..base.signals import cancellable
from ..base.waiting import SIGNAL_CHECK_SECONDS

Job = TypeVar("Job")
Result = TypeVar("Result")
Event = TypeVar("Event")

FORK = multiprocessing.get_context("fork")

TERMINATION_SECONDS = 4.0
"""Seconds that the children of a cancelled run have to leave everything tidy: a user waits for five at most."""


@dataclass(frozen=True)
class Finished(Generic[Job, Result]):
    """A job came to its end.

    :param result: what it returned; None when its process died
    :param died: how the process died, None when it did not
    :param traceback: where it died, "" when it did not say
    """

    job: Job
    result: Result | None
    died: str | None = None
    traceback: str = ""


@dataclass(frozen=True)
class Told(Generic[Event]):
    """Something that a job told."""

    event: Event


@dataclass(frozen=True)
class _ParentPipe:
    """A pipe through which nothing flows: it breaks when the parent, which alone holds one end, dies."""

    felt: Connection
    held: Connection


@dataclass
class _Child(Generic[Job]):
    """A process that does a job.

    :param pipe: what it tells
    :param legacy: what it left unfinished, once it has been stopped
    """

    job: Job
    process: BaseProcess
    pipe: Connection
    legacy: Connection


def ignore_event(job: object, unfinished: Sequence[str] | None) -> None:
    """Take what a stopped job left unfinished, and do nothing with it."""


def run_jobs(
    jobs: Sequence[Job],
    work: Callable[[Job, Callable[[Event], None]], Result],
    processes: int,
    left: Callable[[Job, Sequence[str] | None], None] = ignore_event,
) -> Generator[Told[Event] | Finished[Job, Result], None, None]:
    """Do jobs in processes of their own.

    The processes are forked, so what the parent has prepared is at hand without being copied through a pipe.

    :param jobs: in the order in which they are begun
    :param work: does a job in the child; what it tells and returns must be picklable
    :param processes: how many at most at the same time
    :param left: told, when this is closed before its end, what each running job could not tidy up (see
        :class:`Cancelled`); None when that is not known, as its process had to be killed
    :return: what the jobs tell, and each job's end, as they come
    """
    waiting = list(reversed(jobs))
    running: dict[Connection, _Child[Job]] = {}
    with _lifeline() as lifeline, _ended_with(running, left):
        while waiting or running:
            while waiting and len(running) < max(1, processes):
                child = _start(waiting.pop(), work, lifeline, running)
                running[child.pipe] = child
            for pipe in wait(list(running), SIGNAL_CHECK_SECONDS):
                assert isinstance(pipe, Connection)  # noqa: S101 - for the type checker: only pipes were waited for
                item = _receive(running[pipe])
                if isinstance(item, Finished):
                    child = running.pop(pipe)
                    pipe.close()
                    child.legacy.close()
                    child.process.join()
                yield item


def _start(
    job: Job,
    work: Callable[[Job, Callable[[Any], None]], Any],
    lifeline: _ParentPipe,
    inherited_pipes: Collection[Connection],
) -> _Child[Job]:
    here, there = FORK.Pipe(duplex=False)
    legacy, leaves = FORK.Pipe(duplex=False)
    sys.stdout.flush()
    sys.stderr.flush()
    parents = (here, lifeline.held, *inherited_pipes)
    process = FORK.Process(target=_child, args=(job, work, there, leaves, lifeline.felt, parents), daemon=True)
    process.start()
    there.close()
    leaves.close()
    return _Child(job, process, here, legacy)


def _receive(child: _Child[Job]) -> Told[Any] | Finished[Job, Any]:
    try:
        kind, value = child.pipe.recv()
    except (EOFError, OSError):  # it ended, perhaps in the middle of what it told
        child.process.join()
        code = child.process.exitcode
        how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with exit code {code}"
        return Finished(child.job, None, f"the process of the region {how}")
    if kind == "told":
        return Told(value)
    return Finished(child.job, value) if kind == "result" else Finished(child.job, None, *value)


def _child(
    job: Any,
    work: Callable[[Any, Callable[[Any], None]], Any],
    pipe: Connection,
    leaves: Connection,
    parent: Connection,
    parents: Collection[Connection],
) -> None:
    """Do a job in this process.

    :param pipe: where to tell of it
    :param leaves: where to tell what stays unfinished when it is stopped
    :param parent: feels the parent's end
    :param parents: what only the parent may hold, or nobody would feel its end
    """

    def send(kind: str, value: object) -> None:
        with suppress(BrokenPipeError):  # we are being stopped, or the parent is dead and we soon are
            pipe.send((kind, value))

    try:
        for end in parents:
            end.close()
        with cancellable(child=True), _stopped_without(parent):
            result = work(job, lambda event: send("told", event))
            send("result", result)
    except Cancelled as stopped:
        with suppress(BrokenPipeError):
            leaves.send(stopped.unfinished)
        # At once: threads that still wait for an answer would be waited for otherwise.
        os._exit(stopped.exit_code)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this job's failure and no other's
        send("died", (f"{type(error).__name__}: {error}", traceback.format_exc()))


@contextmanager
def _lifeline() -> Iterator[_ParentPipe]:
    felt, held = FORK.Pipe(duplex=False)
    with felt, held:
        yield _ParentPipe(felt, held)


@contextmanager
def _stopped_without(parent: Connection) -> Iterator[None]:
    """Stop this process, as a user would, when its parent dies: nobody is told any more, and the region stays locked.

    :param parent: comes to its end with the parent
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
    running: dict[Connection, _Child[Job]], left: Callable[[Job, Sequence[str] | None], None]
) -> Iterator[None]:
    """Leave no child behind, however the parent's loop ends."""
    try:
        yield
    finally:
        for child in running.values():
            child.process.terminate()
            child.pipe.close()  # one that is telling something must not wait until it is heard
        deadline = time.monotonic() + TERMINATION_SECONDS
        for child in running.values():
            child.process.join(max(0.0, deadline - time.monotonic()))
            if child.process.is_alive():
                child.process.kill()
                child.process.join()
            left(child.job, _legacy(child))


def _legacy(child: _Child[Any]) -> Sequence[str] | None:
    """What a child that has ended could not tidy up; None when it did not come to say so."""
    with child.legacy as legacy:
        try:
            unfinished: Sequence[str] = legacy.recv()
        except EOFError:  # it had done its job, unless it was killed
            return None if child.process.exitcode else ()
        return unfinished
