"""Does something for several regions at the same time, in a process each."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TypeVar

from ..base.errors import Cancelled
from ..events import Emit
from .region_names import RegionRef

Result = TypeVar("Result")


def in_processes(
    refs: Sequence[RegionRef],
    work: Callable[[RegionRef, Emit], Result],
    processes: int,
    emit: Emit,
    crashed: Callable[[RegionRef, str, str], Result],
) -> Generator[Result, None, None]:
    """Do something for each region in a process of its own.

    :param refs: the regions
    :param work: is called in the child with what takes its events
    :param processes: how many at most at the same time
    :param emit: takes the events
    :param crashed: makes the result of a region whose process died, with how and where it did
    :return: the results as they are ready
    """
    from ..jobs.pool import Reported, run_jobs  # only now: most calls need no processes

    with (
        _unfinished_reported() as collect,
        closing(run_jobs(refs, work, processes, collect, "region", emit)) as items,
    ):
        for item in items:
            if isinstance(item, Reported):
                emit(item.event)
            else:
                yield item.result or crashed(item.job, item.died or "no result", item.traceback)


@contextmanager
def _unfinished_reported() -> Iterator[Callable[[RegionRef, Sequence[str] | None], None]]:
    """Collect what the processes of an interrupted run leave unfinished, and add it to the interruption."""
    found: list[str] = []

    def collect(ref: RegionRef, unfinished: Sequence[str] | None) -> None:
        unknown = (f"{ref.full}: whatever its process was making, which had to be killed",)
        found.extend(unknown if unfinished is None else unfinished)

    try:
        yield collect
    except Cancelled as stopped:
        stopped.unfinished += tuple(found)
        raise
