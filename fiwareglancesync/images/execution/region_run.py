"""Brings one region to the state of its plan, in the order of sync 3.7."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from ...base.errors import Cancelled, GlanceSyncError, PublicationRefused
from ...base.messages import Message
from ...events import Action, RegionPlanned
from ..model import LINKS, MOVES, OBSOLETE, Listing, SyncStatus
from ..places import InstantCopy, Place
from ..planning import (
    Choice,
    Journal,
    ObsoleteChange,
    PlanEntry,
    RegionPlan,
    Selection,
    decisions_without_effect,
    failed_link,
    narrow,
    plan_region,
)
from ..settings import Target
from ..transfer import Mover
from .change import update_as_allowed
from .interruption import remove_unfinished
from .member_changes import change_members
from .moving import move_in_order
from .new_image import make_image
from .outcome import RegionOutcome
from .recorder import Recorder, RegionFailed, stops_uploads
from .recovery import tidy
from .region_state import RegionState, RunContext
from .settling import UnsettledImages, settle_all
from .upload_queue import UploadQueue

ACTION_OF = {
    SyncStatus.PENDING_METADATA: Action.METADATA,
    SyncStatus.PENDING_AMI: Action.RELINK,
    SyncStatus.PENDING_UPLOAD: Action.UPLOAD,
    SyncStatus.PENDING_REPLACE: Action.REPLACE,
    SyncStatus.PENDING_RENAME: Action.RENAME,
}


def action_of_change(change: ObsoleteChange) -> Action:
    """The action for an image that follows an obsolete or hidden one of the master."""
    return Action.OBSOLETE if change.name.endswith(OBSOLETE) else Action.METADATA


@dataclass(frozen=True)
class RegionInput:
    """What the synchronisation of one region needs.

    :param selection: what the target of the region gets from the master
    :param place: the region
    :param listing: its images, as they were listed
    :param mover: the ways to move content
    :param choice: the images of ``--image``
    :param context: the run
    :param recorder: takes what happens
    """

    selection: Selection
    place: Place
    listing: Listing
    mover: Mover
    choice: Choice
    context: RunContext
    recorder: Recorder

    @property
    def uploads_at_once(self) -> int:
        """How many images are moved at the same time."""
        # A place without bytes has no advantage, and it gives out its UUIDs one after the other.
        return 1 if isinstance(self.place, InstantCopy) else self.selection.target.uploads_per_region


def synchronise(given: RegionInput) -> RegionOutcome:
    """Bring one region to the state of its plan.

    :param given: the region and what it gets
    :return: the outcome; it has the failures of images and of the region, which are not raised
    """
    recorder, target = given.recorder, given.selection.target
    state = RegionState(given.place, given.listing, UploadQueue(given.uploads_at_once, target.retry_timeout))

    def make_plan() -> RegionPlan:
        now = replace(given.context.plan_time(), busy=frozenset(state.busy))
        return plan_region(given.selection, state.listing, now)

    try:
        whole, waiting = tidy(make_plan, state, recorder)
        plan = narrow(whole, given.choice)
        announce(plan, recorder)
        report_decisions(plan, target, recorder)
        _PlanExecution(given, state, whole, plan, waiting).run()
    except RegionFailed as failure:
        recorder.outcome.error = str(failure)
        recorder.report(Message.error(f"{given.place.name}: Nothing more is done in this region. Cause: {failure}"))
    except KeyboardInterrupt as stopped:
        unfinished = remove_unfinished(state, given.context)
        if isinstance(stopped, Cancelled):
            stopped.unfinished += tuple(unfinished)
        raise
    return recorder.outcome


def announce(plan: RegionPlan, recorder: Recorder) -> None:
    """Report and record what the plan found, and how much is to be moved."""
    outcome = recorder.outcome
    outcome.statuses = tuple((entry.label, entry.status) for entry in plan.entries)
    outcome.differences = {entry.label: entry.differences for entry in plan.entries if entry.differences}
    outcome.left_out = tuple((left.image.label, left.reason) for left in plan.left_out)
    outcome.in_step = plan.in_step
    outcome.leftovers = len(plan.tidyings)
    outcome.obsolete_changes = len(plan.obsolete)
    outcome.pending_bytes = plan.pending_bytes
    outcome.undecided = plan.undecided
    for message in (*plan.messages, *(entry.message for entry in plan.entries if entry.message is not None)):
        recorder.report(message)
    recorder.emit(RegionPlanned(plan.region, plan.pending_bytes, len(plan.moves), outcome.statuses))


def report_decisions(plan: RegionPlan, target: Target, recorder: Recorder) -> None:
    """Report the decisions for this run that have no effect."""
    for message in decisions_without_effect(plan, target):
        recorder.report(message)


class _PlanExecution:
    """Carries out a plan.

    :param given: the region and what it gets
    :param state: the region as it is now
    :param whole: the plan of the region
    :param plan: the part of it that ``--image`` chooses
    :param waiting: published images of an earlier run whose old ones are settled at the end
    """

    def __init__(
        self,
        given: RegionInput,
        state: RegionState,
        whole: RegionPlan,
        plan: RegionPlan,
        waiting: list[UnsettledImages],
    ) -> None:
        self._given = given
        self._state = state
        self._whole = whole
        self._plan = plan
        self._waiting = waiting
        self._recorder = given.recorder
        self._unsettled: dict[str, UnsettledImages] = {}
        self._stopped: GlanceSyncError | None = None
        self._unpublishable: set[str] = set()
        self._completed: set[str] = set()
        self._failed: set[str] = set()
        self._ids = {entry.name: entry.region_image.id for entry in whole.entries if entry.region_image}

    def run(self) -> None:
        """Obsolete changes, metadata, uploads, relinking, then the old images."""
        for change in self._plan.obsolete:
            action, differences = action_of_change(change), change.differences
            with self._recorder.attempt(action, change.name, uuid=change.image.id, differences=differences):
                self._state.update(change.image.id, change.patch)
        for entry in self._plan.updates:
            self._update(entry, Action.METADATA)
        move_in_order(self._plan.moves, self._given.uploads_at_once, self._move, self._recorder.stop)
        for entry in self._plan.relinks:
            self._update(entry, Action.RELINK)
        made = [self._unsettled[entry.name] for entry in self._plan.moves if entry.name in self._unsettled]
        settle_all([*self._waiting, *made], self._whole, self._completed, self._state, self._recorder)

    def _update(self, entry: PlanEntry, action: Action) -> None:
        obstacle = self._obstacle(entry)
        if obstacle is not None:
            self._recorder.refuse(action, entry, obstacle)
            self._failed.add(entry.name)
            return
        uuid = self._ids[entry.name]
        with self._recorder.attempt(
            action, entry.label, uuid=uuid, status=entry.status, differences=entry.differences
        ) as attempt:
            patch = replace(entry.patch, set={**entry.patch.set, **self._links(entry)})
            kept = partial(self._recorder.kept_private, attempt, entry.label, uuid, entry.image.visibility)
            update_as_allowed(entry, uuid, patch, self._state, kept)
            if entry.members:
                change_members(uuid, entry.members, self._state)
        self._note(entry, attempt.error)

    def _move(self, entry: PlanEntry) -> None:
        action = ACTION_OF[entry.status]
        obstacle = self._obstacle(entry)
        if self._stopped is not None:
            self._recorder.skip(action, entry, f"not attempted: {self._stopped}")
            self._failed.add(entry.name)
        elif obstacle is not None:
            self._recorder.refuse(action, entry, obstacle)
            self._failed.add(entry.name)
        else:
            self._make(entry, action)

    def _make(self, entry: PlanEntry, action: Action) -> None:
        with self._recorder.attempt(action, entry.label, status=entry.status, size=entry.size) as attempt:
            report = self._recorder.progress(action, entry.label, attempt, entry.size)
            links = self._links(entry)
            image, moved, notes = make_image(
                entry, links, self._state, self._given.mover, self._given.context, report
            )
            attempt.uuid, attempt.way, attempt.size = image.id, moved.way, moved.size
            attempt.notes += tuple(notes)
            self._ids[entry.name] = image.id
            journal = Journal.of(image)
            if journal is not None:
                self._unsettled[entry.name] = UnsettledImages(image.id, entry.name, journal, entry.old_name)
        self._note(entry, attempt.error)
        if attempt.error is None and entry.members:
            with self._recorder.attempt(Action.METADATA, entry.label, uuid=attempt.uuid, status=entry.status):
                change_members(self._ids[entry.name], entry.members, self._state)
        if isinstance(attempt.error, PublicationRefused):
            self._unpublishable.add(entry.image.visibility)
        if stops_uploads(attempt.error) and self._stopped is None:
            self._stopped = attempt.error
            text = f"{self._recorder.region}: Nothing more is uploaded to this region. Cause: {attempt.error}"
            self._recorder.report(Message.error(text))

    def _obstacle(self, entry: PlanEntry) -> str | None:
        """Why an entry cannot be carried out in this run; None when it can."""
        if entry.blocked:
            return entry.blocked
        if entry.image.visibility in self._unpublishable and entry.status in MOVES:
            return f"making an image {entry.image.visibility} was refused before in this run"
        return failed_link(entry, self._failed)

    def _links(self, entry: PlanEntry) -> dict[str, str]:
        """The present UUIDs of the images that an entry links to, by property."""
        return {key: self._ids[entry.links[key]] for key in LINKS if key in entry.links}

    def _note(self, entry: PlanEntry, error: GlanceSyncError | None) -> None:
        (self._completed if error is None else self._failed).add(entry.name)
