"""The job that is done for one region: show its status, try, synchronise or back it up."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

from ..base.errors import (
    CloudError,
    GlanceSyncError,
    LocksUnavailable,
    NotWritten,
    RegionLocked,
    Scope,
    TimedOut,
    UnknownRegion,
    system_error,
)
from ..base.messages import Message
from ..events import Action, Emit, MessageReported, RegionFinished, RegionStarted
from .execution.member_changes import with_members
from .execution.outcome import RegionOutcome
from .execution.outcome_counts import End, RegionCounts, count_done, count_pending
from .execution.recorder import Recorder
from .execution.region_run import ACTION_OF, RegionInput, action_of_change, announce, report_decisions, synchronise
from .execution.sync_run import Run
from .model import MOVES, SyncStatus
from .places import Place
from .places.embedded.backup_files import write_backup
from .planning import PlanEntry, RegionPlan, kept_images, narrow
from .prefetch import NOTHING_PREFETCHED, PrefetchedListing, RegionListings
from .region_names import RegionRef
from .transfer.ways import Purpose


class Mode(Enum):
    """What is wanted of the regions."""

    SYNC = "sync"
    DRY_RUN = "dry-run"
    STATUS = "status"
    BACKUP = "backup"

    @property
    def purpose(self) -> Purpose:
        """What is wanted of the ways to move bytes."""
        return Purpose.MOVE if self is Mode.SYNC else Purpose.READ


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One line of a region's status.

    :param uuid: UUID of the region's image, None when there is none
    :param size: bytes of the master's image
    :param message: what the user can do, or why the status is so
    :param way: how the bytes would move, None when none would
    :param differences: what of the region's image is to be changed
    """

    status: SyncStatus
    region: str
    image: str
    uuid: str | None
    size: int
    message: str | None
    way: str | None
    notes: tuple[str, ...]
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOutRow:
    """An image that is selected and cannot be synchronised (sync 3.1).

    :param master_id: its UUID in the master region
    :param size: its bytes there, None when unknown
    :param deliberate: whether the configuration leaves it out
    """

    region: str
    image: str
    master_id: str
    size: int | None
    reason: str
    deliberate: bool


@dataclass
class RegionResult:
    """What came of a region's job.

    :param rows: in status mode, a line per image
    :param left_out: in status mode, the images that cannot be synchronised
    :param cause: the error by which the region as a whole failed before a synchronisation began, or in another mode
    """

    ref: RegionRef
    outcome: RegionOutcome
    rows: list[StatusRow] = field(default_factory=list)
    left_out: list[LeftOutRow] = field(default_factory=list)
    cause: GlanceSyncError | OSError | None = None

    def counts(self, mode: Mode) -> RegionCounts:
        """What came of the images, counted.

        :param mode: what was wanted
        """
        end = End.HELD if isinstance(self.cause, RegionLocked) else End.FAILED if self.outcome.failed else End.DONE
        count = count_pending if mode in (Mode.DRY_RUN, Mode.STATUS) else count_done
        return count(self.outcome, end)

    @property
    def why_failed(self) -> str | None:
        """Why the region as a whole failed, without its name; None when it did not."""
        if self.cause is None:
            return self.outcome.error
        return region_error(self.ref.full, self.cause).removeprefix(f"{self.ref.full}: ").rstrip(".")


@dataclass
class RegionJob:
    """Does one mode for any region of a run.

    :param run: the run
    :param mode: what is wanted
    :param wait: wait for another run on the same region
    :param ways: in status mode, whether to find out how bytes would move; a region may have to be asked for that
    :param backup_folder: where backups go
    """

    run: Run
    mode: Mode
    wait: bool = False
    ways: bool = False
    backup_folder: Path | None = None
    _listings: RegionListings = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._listings = RegionListings(self.run, writes=self.mode is Mode.SYNC)

    def fetch_ahead(self, ref: RegionRef) -> PrefetchedListing:
        """List a region ahead of its turn; see :meth:`RegionListings.fetch_ahead`."""
        return self._listings.fetch_ahead(ref)

    def __call__(
        self, ref: RegionRef, emit: Emit, prefetched: PrefetchedListing = NOTHING_PREFETCHED
    ) -> RegionResult:
        """Do it.

        :param ref: the region
        :param emit: takes the events
        :param prefetched: what was fetched of the region ahead of its turn
        :return: what came of it; the region's failures are in there
        """
        emit(RegionStarted(ref.full))
        recorder = Recorder(ref.full, emit)
        result = RegionResult(ref, recorder.outcome)
        try:
            prefetched.check()
            place = self.run.place(ref)
            if warning := self.run.master_warning(place):
                recorder.report(warning)
            if self.mode is Mode.SYNC:
                result.outcome = self._synchronise(ref, place, prefetched, recorder)
            elif self.mode is Mode.BACKUP:
                self._back_up(place, prefetched)
            else:
                plan = self._plan(ref, place, prefetched)
                if self.run.is_master(place):
                    self._report_master(ref, recorder)
                announce(plan, recorder)
                report_decisions(plan, self.run.settings.targets[ref.target], recorder)
                if self.mode is Mode.DRY_RUN:
                    self._report_pending(plan, recorder, place)
                else:
                    result.rows = self._rows(plan, place)
                    result.left_out = self._left_out(plan)
        except BrokenPipeError:
            raise  # nobody reads the output any more
        except (GlanceSyncError, OSError) as error:
            recorder.outcome.error = str(error)
            result.cause = error
            recorder.report(Message.error(region_error(ref.full, error)))
        emit(self._finished(ref, result.outcome))
        return result

    def _finished(self, ref: RegionRef, outcome: RegionOutcome) -> RegionFinished:
        dry = self.mode is Mode.DRY_RUN
        return RegionFinished(
            ref.full,
            size=outcome.pending_bytes if dry else outcome.bytes_moved,
            failures=outcome.failures,
            undecided=outcome.undecided,
            in_step=outcome.in_step,
            error=outcome.error is not None,
            dry=dry,
        )

    def _synchronise(
        self, ref: RegionRef, place: Place, prefetched: PrefetchedListing, recorder: Recorder
    ) -> RegionOutcome:
        run = self.run
        if run.is_master(place):
            plan = run.plan_of_master(ref)
            self._report_master(ref, recorder)
            announce(plan, recorder)
            report_decisions(plan, run.settings.targets[ref.target], recorder)
            return recorder.outcome
        with self._listings.for_writing(place, prefetched, wait=self.wait) as listing:
            selection = run.selection_for(ref, place)
            complete = with_members(place, listing, selection)
            return synchronise(RegionInput(selection, place, complete, run.mover, run.choice, run.context, recorder))

    def _report_master(self, ref: RegionRef, recorder: Recorder) -> None:
        """Say why nothing is done in a region that was named, and all its images are ``ok`` (sync 1.3)."""
        recorder.report(Message.info(f"{ref.full}: {self.run.same_place(ref)}; nothing is written to it."))

    def _plan(self, ref: RegionRef, place: Place, prefetched: PrefetchedListing) -> RegionPlan:
        run = self.run
        if run.is_master(place):
            return narrow(run.plan_of_master(ref), run.choice)
        return narrow(run.plan(ref, place, self._listings.for_reading(place, prefetched)), run.choice)

    def _rows(self, plan: RegionPlan, place: Place) -> list[StatusRow]:
        return [
            StatusRow(
                entry.status,
                plan.region,
                entry.label,
                entry.region_image.id if entry.region_image else None,
                entry.size,
                entry.blocked or entry.reason,
                self._way(entry, place)[0] if self.ways else None,
                entry.notes,
                entry.differences,
            )
            for entry in plan.entries
        ]

    def _left_out(self, plan: RegionPlan) -> list[LeftOutRow]:
        return [
            LeftOutRow(plan.region, left.image.label, left.image.id, left.image.size, left.reason, left.deliberate)
            for left in plan.left_out
        ]

    def _report_pending(self, plan: RegionPlan, recorder: Recorder, place: Place) -> None:
        """Report what a run would do, in the order in which it would."""
        if plan.tidyings and (holder := self._listings.holder(place)):
            recorder.report(Message.warning(f"{plan.region}: {holder}. Its unfinished images are not shown."))
        else:
            for left in plan.tidyings:
                recorder.pending_without_status(Action.TIDY, left.image.label, left.image.id)
        for change in plan.obsolete:
            action = action_of_change(change)
            recorder.pending_without_status(action, change.name, change.image.id, change.differences)
        obstacles = plan.obstacles
        for entry in (*plan.updates, *plan.moves, *plan.relinks):
            action = ACTION_OF[entry.status]
            if entry.name in obstacles:
                recorder.refuse(action, entry, obstacles[entry.name])
            else:
                way, notes = self._way(entry, place)
                recorder.pending(action, entry, way=way, notes=notes)

    def _way(self, entry: PlanEntry, place: Place) -> tuple[str | None, tuple[str, ...]]:
        """How an image's bytes would move, None when none would, and why not by ways that are preferred to it."""
        notes: list[str] = []
        if entry.status in MOVES:
            for way, why_unusable in self.run.mover.ways(entry.image, place):
                if why_unusable is None:
                    return way, tuple(notes)
                notes.append(f"{way}: {why_unusable}")
        return None, tuple(notes)

    def _back_up(self, place: Place, prefetched: PrefetchedListing) -> None:
        is_master = self.run.is_master(place)
        listing = self.run.master_listing if is_master else self._listings.for_reading(place, prefetched)
        if self.backup_folder is not None:
            write_backup(self.backup_folder, place.name, kept_images(listing))


def count_interrupted(outcome: RegionOutcome) -> RegionCounts:
    """What came of the images of a region that an interruption ended, counted: of those that were done by then.

    :param outcome: what is known of the region
    """
    return count_done(replace(outcome, statuses=()), End.INTERRUPTED)


def refused(ref: RegionRef, error: CloudError, emit: Emit) -> RegionResult:
    """The result of a region that was named and cannot be done; its events are emitted at once (sync 1.3).

    :param ref: the region
    :param error: why
    :param emit: takes the events
    """
    emit(MessageReported(ref.full, None, Message.error(region_error(ref.full, error))))
    emit(RegionFinished(ref.full, error=True))
    return RegionResult(ref, RegionOutcome(ref.full, error=str(error)), cause=error)


def region_error(region: str, error: Exception) -> str:
    """The message to the user that nothing can be done in a region (sync 1.4).

    :param region: full name of the region
    :param error: why
    """
    if isinstance(error, UnknownRegion):
        return str(error)
    if isinstance(error, OSError):
        return f"{region}: {system_error(error)}"
    if isinstance(error, RegionLocked | LocksUnavailable | NotWritten):
        return f"{region}: {error}"
    if isinstance(error, TimedOut) and error.scope is not Scope.TARGET:
        return f"{region}: Timeout while retrieving image list."
    return f"{region}: Error retrieving image list. Cause: {error}"
