"""Does something for several regions, one after the other or in a process each; if one fails, the others go on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from traceback import format_exc
from typing import Generic, TypeVar

from ..base.errors import Cancelled
from ..base.messages import Message
from ..events import Emit, MessageReported, Waiting, one_at_a_time
from .places import Federation, ReportsWaits
from .region_names import RegionRef

Result = TypeVar("Result")


@dataclass(frozen=True)
class RegionLoop(Generic[Result]):
    """Does something for regions.

    :param federation: the regions that it reaches
    :param emit: takes the events, one at a time
    :param crashed: makes the result of a region whose job ended by an unexpected error, or whose process died, from how
        that was
    """

    federation: Federation
    emit: Emit
    crashed: Callable[[RegionRef, str], Result]

    def do(self, ref: RegionRef, job: Callable[[], Result]) -> Result:
        """Do something for a region in this process.

        :return: what came of it; an unexpected error fails this region alone
        """
        try:
            return job()
        except BrokenPipeError:
            raise  # nobody reads the output any more, so there is no reason to go on
        except Exception as error:  # noqa: BLE001 - an unexpected error fails this region alone
            return self._report_crash(ref, f"internal error: {type(error).__name__}: {error}", format_exc())

    def in_processes(
        self, refs: Sequence[RegionRef], job: Callable[[RegionRef, Emit], Result], processes: int
    ) -> Generator[Result, None, None]:
        """Do something for each region in a process of its own.

        :param refs: the regions
        :param job: is called in the child with what takes its events
        :param processes: how many at most at the same time
        :return: the results as they are ready
        """
        from ..jobs.pool import Reported, run_jobs  # only now: most calls need no processes

        def work(ref: RegionRef, emit: Emit) -> Result:
            """Do a region in the process that has been forked for it."""
            emit = one_at_a_time(emit)
            self.federation.forked()
            report_waits(self.federation, emit)
            return job(ref, emit)

        with (
            _unfinished_reported() as collect,
            closing(run_jobs(refs, work, processes, collect, "region", self.emit)) as items,
        ):
            for item in items:
                if isinstance(item, Reported):
                    self.emit(item.event)
                else:
                    yield item.result or self._report_crash(item.job, item.died or "no result", item.traceback)

    def _report_crash(self, ref: RegionRef, how: str, trace: str) -> Result:
        self.emit(MessageReported(ref.full, None, Message.error(f"{ref.full}: {how}")))
        logging.getLogger("glancesync").debug("%s", trace)
        return self.crashed(ref, how)


def report_waits(federation: Federation, emit: Emit) -> None:
    """Report each wait for a service that refuses for now.

    :param federation: the regions
    :param emit: takes the events, from any thread
    """
    if isinstance(federation, ReportsWaits):
        federation.report_waits(lambda wait: emit(Waiting(wait.region, None, wait.seconds, Message.warning(wait.text))))


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
