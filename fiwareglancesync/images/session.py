"""One call for the regions of a federation: which they are, what is done with them, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType

from ..base.errors import NotWritten, UsageError
from ..base.messages import Message
from ..events import Emit, Event, one_at_a_time
from ..locks.region_lock import check_database
from .execution.outcome import RegionOutcome
from .execution.sync_run import Run
from .places import Federation, Place
from .places.embedded.backup_files import make_backup_folder
from .planning import Choice
from .prefetch import prefetch
from .region_job import Mode, RegionJob, RegionResult
from .region_loop import RegionLoop, report_waits
from .region_names import (
    KnownRegion,
    Lost,
    Refuse,
    RegionRef,
    all_regions,
    known_region,
    known_regions,
    resolve_regions,
)
from .settings import Settings

TakeResult = Callable[[RegionResult], None]


def ignore_event(event: Event) -> None:
    """A listener that does nothing."""


def ignore_result(result: RegionResult) -> None:
    """Do nothing with a result."""


class Session:
    """One call; a context manager that removes at its end what it needed meanwhile.

    :param settings: the configuration
    :param federation: the regions that it reaches
    :param mode: what is wanted of the regions
    :param images: patterns, as with ``--image``
    :param emit: takes the events, one at a time; None when nobody listens
    :param wait: wait for another run on the same region
    :param ways: in status mode, whether to find out how bytes would move
    :param backup_folder: where backups go, in that mode
    :param run: what the regions share; None means a synchronisation with the configured master
    """

    def __init__(
        self,
        settings: Settings,
        federation: Federation,
        mode: Mode,
        *,
        images: Sequence[str] = (),
        emit: Emit | None = None,
        wait: bool = False,
        ways: bool = False,
        backup_folder: Path | None = None,
        run: Run | None = None,
    ) -> None:
        self.settings = settings
        self.federation = federation
        self.mode = mode
        self.backup_folder = backup_folder if mode is Mode.BACKUP else None
        self.emit = one_at_a_time(emit or ignore_event)
        self._run = run or Run(settings, federation, Choice(tuple(images)))
        if emit is not None:
            report_waits(federation, self.emit)
        self._job = RegionJob(self._run, mode, wait, ways, self.backup_folder)
        self._loop = RegionLoop(federation, self.emit, _crashed)

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove what was needed to move bytes, and an empty folder of backups."""
        self._run.close()
        if self.backup_folder is not None:
            with suppress(OSError):  # it is not empty, or has not been made
                self.backup_folder.rmdir()

    def all_regions(self, lost: Lost | None = None) -> list[RegionRef]:
        """All regions of all targets; see :func:`all_regions`."""
        return all_regions(self.settings, self.federation, lost)

    def known_regions(
        self, words: Sequence[str], lost: Lost, report: Callable[[Message], None], refuse: Refuse
    ) -> list[KnownRegion]:
        """The regions that words name, or all of all targets, with what they are.

        :raises UsageError: a word names an unknown target
        :raises CloudError: the master region cannot be found
        """
        settings, federation = self.settings, self.federation
        if not words:
            return known_regions(settings, federation, self._run.master, lost, report)
        refs = self.resolve(words, lost, report, refuse)
        master = self._run.master
        found = (known_region(settings.targets[ref.target], ref.region, master, federation) for ref in refs)
        return [replace(region, is_named=True) for region in found]

    def resolve(
        self,
        words: Sequence[str],
        lost: Lost | None = None,
        report: Callable[[Message], None] | None = None,
        refuse: Refuse | None = None,
    ) -> list[RegionRef]:
        """The regions that words name, in their order; see :func:`resolve_regions`. Backups always hold the master too.

        :raises UsageError: a word names an unknown target
        :raises CloudError: a target cannot be asked for its regions
        """
        refs = resolve_regions(words, self.settings, self.federation, lost, report, refuse)
        if self.mode is not Mode.BACKUP:
            return refs
        return list(dict.fromkeys([*refs, RegionRef(self.settings.master.name, self.settings.master_region)]))

    def place(self, ref: RegionRef) -> Place:
        """A region; it is not asked itself.

        :raises UnknownRegion: there is no such region
        :raises CloudError: its Keystone does not answer
        """
        return self._run.place(ref)

    def check_locks(self) -> None:
        """See whether regions can be locked, if the mode needs that.

        :raises ConfigError: the database of the locks cannot be used
        """
        if self.mode is Mode.SYNC:
            check_database(self.settings.database)

    def check_backup_folder(self) -> None:
        """Make the folder of the backups, if the mode needs one; :meth:`close` removes it if it stays empty.

        :raises UsageError: it cannot be made
        """
        if self.backup_folder is not None:
            try:
                make_backup_folder(self.backup_folder)
            except NotWritten as error:
                raise UsageError(str(error)) from error

    def prepare(self, refs: Sequence[RegionRef]) -> list[Message]:
        """Ask the master, unless its images do not matter, and choose what each target gets.

        :param refs: the regions
        :return: what the user is to know about the master's images, each once
        :raises CloudError: the master cannot be asked
        """
        return [] if self.mode is Mode.BACKUP else self._run.prepare(refs, self.mode.purpose)

    def do(self, ref: RegionRef) -> RegionResult:
        """Do one region.

        :return: what came of it; the region's failures are in there
        """
        return self._job(ref, self.emit)

    def do_all(
        self,
        refs: Sequence[RegionRef],
        *,
        parallel: bool = False,
        finished: TakeResult = ignore_result,
        in_order: TakeResult = ignore_result,
    ) -> None:
        """Do regions; if one fails, even by an unexpected error, the others go on.

        :param refs: the regions
        :param parallel: in a process each, ``max_children`` at once
        :param finished: takes each result as soon as it is there
        :param in_order: takes each result in the order of the regions
        """
        with closing(self._in_parallel(refs) if parallel else self._in_turn(refs)) as results:
            for result in _in_order(refs, _passed_to(finished, results)):
                in_order(result)

    def _in_turn(self, refs: Sequence[RegionRef]) -> Generator[RegionResult, None, None]:
        for ref, prefetched in prefetch(refs, self._job.fetch_ahead):
            yield self._loop.do(ref, partial(self._job, ref, self.emit, prefetched))

    def _in_parallel(self, refs: Sequence[RegionRef]) -> Generator[RegionResult, None, None]:
        return self._loop.in_processes(refs, self._job, self.settings.max_children)

    @property
    def source_name(self) -> str:
        """What users read of the place from which images are copied."""
        return self._run.source_name

    def introduction(self) -> Iterator[str]:
        """What users are to know of the master before anything is done, a line each."""
        return self._run.introduction()

    @property
    def incomplete(self) -> bool:
        """Whether the call fails because of images that are left out."""
        return self._run.incomplete

    @property
    def matches_nothing(self) -> bool:
        """Whether a pattern of ``images`` matches no image at all (sync 1.1)."""
        return self._run.matches_nothing

    @property
    def unselected(self) -> list[str]:
        """The targets for which no image of the master is selected, although some should be."""
        return self._run.unselected

    @property
    def left_out(self) -> int:
        """Number of images that were selected and cannot be synchronised (sync 3.1)."""
        return self._run.left_out


def _crashed(ref: RegionRef, how: str) -> RegionResult:
    return RegionResult(ref, RegionOutcome(ref.full, error=how))


def _passed_to(take: TakeResult, results: Iterable[RegionResult]) -> Iterator[RegionResult]:
    for result in results:
        take(result)
        yield result


def _in_order(refs: Sequence[RegionRef], results: Iterable[RegionResult]) -> Iterator[RegionResult]:
    """Put results that come as they are ready into the order of the regions."""
    ready: dict[RegionRef, RegionResult] = {}
    waiting = list(reversed(refs))
    for result in results:
        ready[result.ref] = result
        while waiting and waiting[-1] in ready:
            yield ready.pop(waiting.pop())
