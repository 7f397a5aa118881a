"""Makes the new image of an entry: create, fill, verify, publish (design 4)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from ...base.attempts import attempts, is_worth_new_attempt
from ...base.errors import (
    CloudError,
    Conflict,
    GlanceSyncError,
    PropertyRefused,
    SourceBroke,
    TransferError,
    VerificationError,
)
from ...base.waiting import pause
from ..model import JOURNAL, Image, NewImage, Patch
from ..planning import Journal, PlanEntry
from ..planning.journal import ACTIONS, NEW
from ..transfer import Moved, Mover
from ..transfer.spool import SpoolSource
from .change import publish_as_allowed, remove_unpublished, verify
from .original_uuid import may_go_on_with, stays
from .region_state import RegionState, RunContext
from .upload_queue import UploadListener

SIGNATURE = "img_signature"
"""How the properties of a signature begin."""


class MoveListener(UploadListener, Protocol):
    """Takes what is known of one move while it is running."""

    def __call__(self, uuid: str, way: str, done: int) -> None:
        """Take the UUID of the new image, the way and the bytes sent so far."""
        ...

    def way_skipped(self, way: str, cause: str) -> None:
        """Take why the next way is tried: this one failed, or it would have spared the master and cannot be taken."""
        ...

    def uuid_taken(self, uuid: str, new: str) -> None:
        """Take that a restored image cannot have its original UUID, and which one it gets instead."""
        ...

    def kept_private(self, uuid: str, visibility: str, cause: GlanceSyncError) -> None:
        """Take that the region refused the visibility of a restored image."""
        ...

    def unfinished(self, uuid: str) -> None:
        """Take that a restored image stays without content for a later run."""
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
    try:
        return _make_by_ways(entry, links, state, mover, context, listener)
    except GlanceSyncError:
        if entry.image.id in state.reserved and entry.image.id in state:
            listener.unfinished(entry.image.id)
        raise


def _make_by_ways(
    entry: PlanEntry,
    links: Mapping[str, str],
    state: RegionState,
    mover: Mover,
    context: RunContext,
    listener: MoveListener,
) -> tuple[Image, Moved, list[str]]:
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
        journal = self._begin()
        uuid = journal.image_id
        try:
            moved = Moved(self.way, 0) if self._is_filled(uuid) else self._move(uuid)
            made = state.refresh(uuid)
            self._verify(made, moved)
            self.listener(uuid, self.way, moved.size)
            kept_private = partial(self.listener.kept_private, uuid, entry.image.visibility)
            return publish_as_allowed(entry, self.links, journal, state, kept_private), moved
        except Exception:  # any error is raised again; after an interruption `remove_unfinished` removes the image
            self._give_up(uuid)
            raise

    def _is_filled(self, uuid: str) -> bool:
        """Whether an attempt before has filled the image after all; its hash is compared next."""
        return self.state[uuid].is_active and self.entry.image.has_content_hash

    def _verify(self, made: Image, moved: Moved) -> None:
        try:
            verify(self.entry.image, made, moved.digests)
        except VerificationError:
            self.state.reserved.discard(made.id)
            raise

    def _begin(self) -> Journal:
        """Make the image, without content; one that is restored under its original UUID if that is free."""
        entry, state = self.entry, self.state
        if not entry.restores:
            return self._create(state.place.new_id(entry.name))
        original = entry.image.id
        journal = self._journal(original)
        if may_go_on_with(original, state, self.listener.check):
            state.update(original, Patch(set={JOURNAL: journal.text()}))
            return journal
        if original not in state:
            with suppress(Conflict):
                return self._create(original)
            state.reserved.discard(original)
            state.forget(original)
        new = state.place.new_id(entry.name)
        self.listener.uuid_taken(original, new)
        return self._create(new)

    def _create(self, uuid: str) -> Journal:
        master, journal = self.entry.image, self._journal(uuid)
        if self.entry.restores and uuid == master.id:
            self.state.reserved.add(uuid)
        try:
            self.state.create(
                NewImage(
                    id=uuid,
                    name=master.name,
                    disk_format=master.disk_format,
                    container_format=master.container_format,
                    min_disk=master.min_disk,
                    min_ram=master.min_ram,
                    tags=master.tags,
                    hidden=master.hidden,
                    properties={**self._first_properties(), **self.links, JOURNAL: journal.text()},
                )
            )
        except Exception as error:  # any error is raised again
            if isinstance(error, PropertyRefused) and (error.too_many or JOURNAL in error.properties):
                text = f"a new image carries the property {JOURNAL} until it is done: allow it, and room for it"
                error.explain(text)
            if not (isinstance(error, Conflict) and uuid in self.state.reserved):
                self._give_up(uuid)
            raise
        return journal

    def _first_properties(self) -> Mapping[str, str]:
        """The properties from the beginning: with a signature Glance would verify the upload by a certificate, which a
        restored cloud may not have any more. Publishing adds it."""
        properties = self.entry.properties
        if not self.entry.restores:
            return properties
        return {key: value for key, value in properties.items() if not key.startswith(SIGNATURE)}

    def _journal(self, uuid: str) -> Journal:
        return Journal(
            image_id=uuid,
            run=self.context.run,
            host=self.context.host,
            started=self.context.now(),
            action=ACTIONS[self.entry.status],
            step=NEW,
            old=self.entry.old.id if self.entry.old else None,
        )

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

    def _give_up(self, uuid: str) -> None:
        """Remove an image that was not published, unless its UUID would be lost by that."""
        if uuid in self.state.reserved and stays(uuid, self.state, self.listener.check):
            return
        self.state.reserved.discard(uuid)
        try:
            remove_unpublished(uuid, self.state)
        except GlanceSyncError as error:
            self.listener.cleanup_failed(uuid, error)
