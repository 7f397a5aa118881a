"""The safe way from an old image to a new one: create, fill, verify, publish, settle (design 4).

At every instant the region offers a usable image of the name: the new one is private until it is verified, and
the old one keeps its name until the new one is published and everything that linked to the old one links to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Protocol

from ...base.attempts import attempts
from ...base.errors import (
    CloudError,
    GlanceSyncError,
    NotFound,
    PropertyRefused,
    SourceBroke,
    TransferError,
    Unauthorized,
    VerificationError,
)
from ...base.waiting import pause
from ..model import JOURNAL, MEMBERS, SOURCE_HASH, Image, NewImage, Patch, same_content, source_hash
from ..places import ServerImport
from ..planning import Journal, PlanEntry
from ..planning.journal import ACTIONS, NEW, PUBLISHED, REPLACE, read_journals
from ..planning.old_names import former_names
from ..transfer import Moved, Mover
from ..transfer.spool import SpoolSource
from .region_state import RegionState, RunContext, without


class Report(Protocol):
    """Takes what is known of a move while it goes on."""

    def __call__(self, uuid: str, way: str, done: int) -> None:
        """Take the new image's UUID, the way and the bytes sent so far."""
        ...

    def check(self) -> None:
        """Let the move end, if it should.

        :raises Cancelled: it should
        """
        ...

    def waits(self, seconds: float, cause: CloudError) -> None:
        """Take that the move is tried again after a while, and why the region refuses it now."""
        ...

    def fewer(self, at_once: int, cause: CloudError) -> None:
        """Take how many moves at once the region allows, as it seems by now."""
        ...

    def way_skipped(self, way: str, cause: str) -> None:
        """Take that another way is next, for this one was tried in vain or, sparing the master, cannot be taken."""
        ...

    def cleanup_failed(self, uuid: str, cause: GlanceSyncError) -> None:
        """Take that a new image could not be removed, and why."""
        ...


def make_image(
    entry: PlanEntry, links: Mapping[str, str], state: RegionState, mover: Mover, context: RunContext, report: Report
) -> tuple[Image, Moved, list[str]]:
    """Make the new image of an entry, up to its publication.

    Ways are tried in their order; one that fails for a reason of its own makes room for the next. What is
    retryable is tried again with a fresh image and a fresh reading of the source; so is, once, what turned out to be
    wrong, if another reading may bring something else.

    :param entry: an entry that moves content
    :param links: property → UUID of the linked image in this region
    :param state: the region
    :param mover: knows the ways
    :param context: who does this
    :param report: told about progress
    :return: the published image, how it was moved, and why preferred ways were not taken
    :raises GlanceSyncError: it could not be made
    """
    notes: list[str] = []
    missed: list[tuple[str, str]] = []
    failure: TransferError | VerificationError | None = None
    for way, refusal in mover.ways(entry.image, state.place):
        if refusal is not None:
            notes.append(f"{way}: {refusal}")
            if way == SpoolSource.way:
                missed.append((way, refusal))
            continue
        while missed:
            report.way_skipped(*missed.pop(0))
        attempt = partial(_persist, partial(_try_way, way, entry, links, state, mover, context, report), report)
        try:
            published, moved = _trusting(attempt, partial(mover.reject_content, way, entry.image, state.place))
        except (TransferError, VerificationError) as error:
            notes.append(f"{way}: {error}")
            missed.append((way, str(error)))
            failure = error
        else:
            return published, moved, notes
    kind = TransferError if failure is None else type(failure)
    raise kind("; ".join(notes) or "there is no way to move it") from failure


def _trusting(attempt: Callable[[], tuple[Image, Moved]], reject_content: Callable[[], bool]) -> tuple[Image, Moved]:
    try:
        return attempt()
    except VerificationError:
        if not reject_content():
            raise
    try:
        return attempt()
    except VerificationError:
        reject_content()
        raise


class _MoveInterrupted(GlanceSyncError):
    """A move broke off, on either side, for a reason that may pass; the cause is the error itself."""


def _persist(attempt: Callable[[], tuple[Image, Moved]], report: Report) -> tuple[Image, Moved]:
    try:
        return attempts(_MoveInterrupted, partial(pause, alive=report.check))(attempt)
    except _MoveInterrupted as cut:
        cause = cut.__cause__
        if isinstance(cause, GlanceSyncError):
            raise cause from cause.__cause__
        raise


def _move(way: str, entry: PlanEntry, uuid: str, state: RegionState, mover: Mover, report: Report) -> Moved:
    """Move the bytes; control requests repeat themselves, an upload has to be begun anew.

    What the region refuses for now goes into the same image later, as long as that is without content.
    """

    def move() -> Moved:
        report(uuid, way, 0)
        return mover.move(way, entry.image, state.place, uuid, lambda done: report(uuid, way, done))

    try:
        return state.uploads.make(move, lambda: state.refresh(uuid).status == "queued", report)
    except SourceBroke as error:
        raise _MoveInterrupted(str(error)) from error
    except CloudError as error:
        if error.retryable or isinstance(error, Unauthorized):
            raise _MoveInterrupted(str(error)) from error
        raise


def _try_way(
    way: str,
    entry: PlanEntry,
    links: Mapping[str, str],
    state: RegionState,
    mover: Mover,
    context: RunContext,
    report: Report,
) -> tuple[Image, Moved]:
    uuid = state.place.new_id(entry.name)
    journal = Journal(
        image_id=uuid,
        run=context.run,
        host=context.host,
        started=context.now(),
        action=ACTIONS[entry.status],
        step=NEW,
        old=entry.old.id if entry.old else None,
    )
    try:
        _create(entry, links, journal, state)
        moved = _move(way, entry, uuid, state, mover, report)
        made = state.refresh(uuid)
        verify(entry.image, made, moved.digests)
        report(uuid, way, moved.size)
        return publish(entry, links, journal, state), moved
    except Exception:  # whatever it is, it goes on; an interruption has `remove_unfinished` remove what was being made
        _undo(uuid, state, report)
        raise


def _create(entry: PlanEntry, links: Mapping[str, str], journal: Journal, state: RegionState) -> None:
    master = entry.image
    try:
        state.create(
            NewImage(
                id=journal.image_id,
                name=master.name,
                disk_format=master.disk_format,
                container_format=master.container_format,
                min_disk=master.min_disk,
                min_ram=master.min_ram,
                tags=master.tags,
                hidden=master.hidden,
                properties={**entry.properties, **links, JOURNAL: journal.text()},
            )
        )
    except PropertyRefused as error:
        if error.property in (None, JOURNAL):
            error.explain(f"a new image carries the property {JOURNAL} until it is done: allow it, and room for it")
        raise


def verify(master: Image, image: Image, digests: Mapping[str, str] | None = None) -> None:
    """Compare what the region holds with what the master holds (design 4.3).

    :param master: the master's image
    :param image: the region's image after its upload
    :param digests: algorithm → hash of the bytes that were sent, for a master image without hash; None where no bytes
        are sent
    :raises VerificationError: they differ, or the region does not say
    """
    if not image.is_active:
        raise VerificationError(f"after the upload its state is {image.status}, not active")
    if image.size != master.size:
        raise VerificationError(f"after the upload it has {image.size} bytes, in the master {master.size}")
    if not master.has_content_hash:
        if digests is not None:
            _verify_sent(image, digests)
    elif not same_content(master, image):
        mine, theirs = (f"{i.hash_algo} {i.hash_value}" if i.hash_value else i.checksum for i in (image, master))
        raise VerificationError(f"after the upload its checksum is {mine}, in the master {theirs}")


def _verify_sent(image: Image, digests: Mapping[str, str]) -> None:
    """Compare what the region states with what was sent."""
    stated = {image.hash_algo: image.hash_value, "md5": image.checksum}
    known = [(name, value) for name, value in digests.items() if stated.get(name)]
    if not known:
        raise VerificationError("neither the master nor the region states a checksum that could be compared")
    for name, value in known:
        if stated[name] != value:
            found = f"after the upload its checksum is {name} {stated[name]}"
            raise VerificationError(f"{found}, what was sent has {value}")


def publish(entry: PlanEntry, links: Mapping[str, str], journal: Journal, state: RegionState) -> Image:
    """Make a verified image what the plan says, in one PATCH.

    Where no old image has to be settled, nothing more is to be done and the journal ends here.

    :param entry: the entry that the image was made for
    :param links: property → UUID of the linked image in this region
    :param journal: its journal, ``step=new``
    :param state: the region
    :return: the published image
    :raises PublicationRefused: the region does not let us give it the master's visibility
    """
    master, image = entry.image, state[journal.image_id]
    properties = {**entry.properties, **links}
    if journal.old is not None:
        properties[JOURNAL] = replace(journal, step=PUBLISHED).text()
    if entry.members.record is not None:
        properties[MEMBERS] = entry.members.record
    if not master.has_content_hash:
        properties[SOURCE_HASH] = source_hash(master, image)
    present = image.user_properties
    patch = Patch(
        visibility=master.visibility if master.visibility != image.visibility else None,
        protected=True if master.protected else None,
        set={key: value for key, value in properties.items() if present.get(key) != value},
        remove=without(present, properties),
    )
    return state.update(image.id, patch)


def settle(image_id: str, journal: Journal, old_name: str, state: RegionState) -> list[Image]:
    """Do away with the image that a published one took the place of, then end the journal (sync 3.7).

    An old image that has not got rid of its own old one stays until a later run, for its journal is all that tells
    of that one.

    :param image_id: the published image
    :param journal: its journal
    :param old_name: the name that the old image gets, when it has none of that kind yet
    :param state: the region
    :return: the images for whose sake a replaced image was kept as ``N.old``
    :raises CloudError: the region refused; the journal stays, so the next run tries again
    """
    keepers: list[Image] = []
    if journal.old is not None and journal.old in state:
        old = state[journal.old]
        replaced = journal.action == REPLACE
        waits = _is_unsettled(old, image_id, state)
        keepers = state.linking_to(old.id) if replaced and not waits else []
        delete = replaced and not waits and not keepers
        patch = Patch(
            name=old_name if old.name in former_names(state[image_id].name) else None,
            visibility="private" if old.visibility != "private" else None,
            protected=False if delete and old.protected else None,
            remove=(JOURNAL,) if JOURNAL in old.user_properties and not waits else (),
        )
        try:
            state.update(old.id, patch)
            if delete:
                state.delete(old.id)
        except NotFound:
            state.forget(old.id)
            keepers = []
        if waits:
            return []
    state.update(image_id, Patch(remove=(JOURNAL,)))
    return keepers


def _is_unsettled(image: Image, successor: str, state: RegionState) -> bool:
    """Whether an image took the place of another one, not its own successor, that is still there."""
    if JOURNAL not in image.user_properties:
        return False
    journal = read_journals(state.listing).by_image.get(image.id)
    return journal is not None and journal.step == PUBLISHED and journal.old != successor and journal.old in state


def _undo(uuid: str, state: RegionState, report: Report) -> None:
    """Remove an image that was not published."""
    try:
        remove_unpublished(uuid, state)
    except GlanceSyncError as error:
        report.cleanup_failed(uuid, error)


def remove_unpublished(uuid: str, state: RegionState) -> None:
    """Remove an image that a run has begun to make.

    :param uuid: the image's; its creation need not have been answered
    :param state: the region
    :raises TransferError: the region is still fetching its content, which would stay in its store for good
    :raises CloudError: the region refused
    """
    place = state.place
    if isinstance(place, ServerImport) and place.is_importing(uuid):
        raise TransferError("the region is still fetching its content")
    state.delete(uuid)
