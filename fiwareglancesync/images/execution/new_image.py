"""Makes the new image of an entry: create, fill, verify, publish (design 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from ...base.attempts import attempts, is_worth_new_attempt
from ...base.errors import CloudError, GlanceSyncError, PropertyRefused, SourceBroke, TransferError, VerificationError
from ...base.waiting import pause
from ..model import JOURNAL, Image, NewImage
from ..planning import Journal, PlanEntry
from ..planning.journal import ACTIONS, NEW
from ..transfer import Moved, Mover
from ..transfer.spool import SpoolSource
from .change import publish, remove_unpublished, verify
from .region_state import RegionState, RunContext
from .upload_queue import UploadListener


class MoveListener(UploadListener, Protocol):
    """Takes what is known of one move while it is running."""

    def __call__(self, uuid: str, way: str, done: int) -> None:
        """Take the UUID of the new image, the way and the bytes sent so far."""
        ...

    def way_skipped(self, way: str, cause: str) -> None:
        """Take why the next way is tried: this one failed, or it would have spared the master and cannot be taken."""
        ...

    def cleanup_failed(self, uuid: str, cause: GlanceSyncError) -> None:
        """Take that a new image could not be removed, and why."""
        ...


def make_image(
    entry: PlanEntry,
    links: Mapping[str, str],
    state: RegionState,
    mover: Mover,
    context: RunContext,
    listener: MoveListener,
) -> tuple[Image, Moved, list[str]]:
    """Make the new image of an entry, up to its publication.

    The ways are tried in their order. If one fails for a reason of its own, the next is tried.

    :param entry: an entry that moves content
    :param links: property → UUID of the linked image in this region
    :param state: the region
    :param mover: the ways
    :param context: the run
    :param listener: takes the progress
    :return: the published image, how it was moved, and why preferred ways were not taken
    :raises GlanceSyncError: it could not be made
    """
    notes: list[str] = []
    skipped: list[tuple[str, str]] = []
    failure: TransferError | VerificationError | None = None
    for way, why_unusable in mover.ways(entry.image, state.place):
        if why_unusable is not None:
            notes.append(f"{way}: {why_unusable}")
            if way == SpoolSource.way:
                skipped.append((way, why_unusable))
            continue
        while skipped:
            listener.way_skipped(*skipped.pop(0))
        try:
            published, moved = _NewImage(way, entry, links, state, mover, context, listener).make()
        except (TransferError, VerificationError) as error:
            notes.append(f"{way}: {error}")
            skipped.append((way, str(error)))
            failure = error
        else:
            return published, moved, notes
    kind = TransferError if failure is None else type(failure)
    raise kind("; ".join(notes) or "there is no way to move it") from failure


@dataclass
class _NewImage:
    """Makes an image by one way. Each attempt makes its own image and reads the source anew."""

    way: str
    entry: PlanEntry
    links: Mapping[str, str]
    state: RegionState
    mover: Mover
    context: RunContext
    listener: MoveListener
    _move_error: GlanceSyncError | None = None

    def make(self, *, again: bool = True) -> tuple[Image, Moved]:
        """Make it, in several attempts if the move is interrupted.

        :param again: whether to begin anew, once, if the content was wrong and the way may bring other content
        """
        try:
            wait = partial(pause, alive=self.listener.check)
            return attempts(self._is_worth_another, wait, self.context.first_wait)(self._attempt)
        except VerificationError:
            may_differ = self.mover.reject_content(self.way, self.entry.image, self.state.place)
            if not (again and may_differ):
                raise
        return self.make(again=False)

    def _is_worth_another(self, error: BaseException) -> bool:
        """Whether another attempt may succeed. Requests without content have been repeated already."""
        return error is self._move_error and is_worth_new_attempt(error)

    def _attempt(self) -> tuple[Image, Moved]:
        entry, state = self.entry, self.state
        uuid = state.place.new_id(entry.name)
        journal = Journal(
            image_id=uuid,
            run=self.context.run,
            host=self.context.host,
            started=self.context.now(),
            action=ACTIONS[entry.status],
            step=NEW,
            old=entry.old.id if entry.old else None,
        )
        try:
            self._create(journal)
            moved = self._move(uuid)
            made = state.refresh(uuid)
            verify(entry.image, made, moved.digests)
            self.listener(uuid, self.way, moved.size)
            return publish(entry, self.links, journal, state), moved
        except Exception:  # any error is raised again; after an interruption `remove_unfinished` removes the image
            self._remove(uuid)
            raise

    def _create(self, journal: Journal) -> None:
        master = self.entry.image
        try:
            self.state.create(
                NewImage(
                    id=journal.image_id,
                    name=master.name,
                    disk_format=master.disk_format,
                    container_format=master.container_format,
                    min_disk=master.min_disk,
                    min_ram=master.min_ram,
                    tags=master.tags,
                    hidden=master.hidden,
                    properties={**self.entry.properties, **self.links, JOURNAL: journal.text()},
                )
            )
        except PropertyRefused as error:
            if error.too_many or JOURNAL in error.properties:
                error.explain(f"a new image carries the property {JOURNAL} until it is done: allow it, and room for it")
            raise

    def _move(self, uuid: str) -> Moved:
        """Move the content; if the region refuses it for now, try again later, as long as the image is still empty."""

        def move() -> Moved:
            report = partial(self.listener, uuid, self.way)
            report(0)
            return self.mover.move(self.way, self.entry.image, self.state.place, uuid, report)

        try:
            return self.state.upload_queue.run(move, lambda: self.state.refresh(uuid).status == "queued", self.listener)
        except (CloudError, SourceBroke) as error:
            self._move_error = error
            raise

    def _remove(self, uuid: str) -> None:
        """Remove an image that was not published."""
        try:
            remove_unpublished(uuid, self.state)
        except GlanceSyncError as error:
            self.listener.cleanup_failed(uuid, error)
