"""Several moves at the same time: the smallest first, and linked images before those that need them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from ...base.waiting import SIGNAL_CHECK_SECONDS
from ..planning import PlanEntry

STOP_SECONDS = 1.0
"""Seconds for interrupted moves to end: one that has sent all bytes may wait for its answer for minutes."""


def move_in_order(
    entries: Sequence[PlanEntry],
    at_once: int,
    move: Callable[[PlanEntry], None],
    stop: Callable[[BaseException], None],
) -> None:
    """Move images, some at the same time.

    :param entries: linked images before those that link to them
    :param at_once: how many at the same time
    :param move: moves one; what it raises ends everything
    :param stop: called with the error that ends everything; makes the running moves end soon
    :raises BaseException: the error of a move, when all moves have ended, or what interrupted this thread; moves that
        do not notice the interruption in time end with the process
    """
    if at_once < 2:
        for entry in entries:
            move(entry)
        return
    waiting = {entry.name: entry for entry in entries}
    running: dict[Future[None], str] = {}
    threads = ThreadPoolExecutor(at_once, thread_name_prefix="move")
    try:
        while waiting or running:
            unfinished = {*waiting, *running.values()}
            for entry in list(waiting.values()):
                if len(running) < at_once and unfinished.isdisjoint(entry.links.values()):
                    running[threads.submit(move, waiting.pop(entry.name))] = entry.name
            for done in wait(running, SIGNAL_CHECK_SECONDS, FIRST_COMPLETED).done:
                del running[done]
                done.result()
    except BaseException as error:
        stop(error)
        wait(running, STOP_SECONDS if isinstance(error, KeyboardInterrupt) else None)
        raise
    finally:
        threads.shutdown(wait=False)
