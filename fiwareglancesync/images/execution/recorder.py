"""Records what is done with the images of a region, as events and as the outcome; ends the region or its moves."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ...base.errors import Cancelled, CloudError, GlanceSyncError, Scope
from ...base.messages import Message
from ...events import Action, Done, Emit, Event, Failed, MessageReported, Pending, Progress, Started, Waiting
from ...openstack.refusals import wait_for
from ..model import SyncStatus
from ..planning import PlanEntry
from .outcome import ImageOutcome, RegionOutcome

PROGRESS_INTERVAL_SECONDS = 0.1
"""Seconds between two events about bytes moved."""


class RegionFailed(Exception):
    """Nothing more can be done in the region; the text says why."""


class MoveStopped(Exception):
    """A move ends because all moves of the region are to end."""


@dataclass
class Attempt:
    """Something being done with one image, and what is known of it so far.

    :param error: why it failed; None as long as it has not
    """

    uuid: str | None = None
    way: str | None = None
    size: int = 0
    notes: tuple[str, ...] = ()
    error: GlanceSyncError | None = None


class Recorder:
    """Emits the events of one region and keeps its outcome.

    :param region: full name of the region
    :param emit: takes the events
    """

    def __init__(self, region: str, emit: Emit) -> None:
        self.region = region
        self.outcome = RegionOutcome(region)
        self._listener = emit
        self._guard = threading.Lock()
        self._stopped: BaseException | None = None
        self._reported: set[Message] = set()

    @contextmanager
    def attempt(
        self,
        action: Action,
        image: str,
        *,
        uuid: str | None = None,
        status: SyncStatus | None = None,
        size: int = 0,
        differences: tuple[str, ...] = (),
    ) -> Iterator[Attempt]:
        """Record what is done inside the ``with``; an error of the image is recorded, one of the region is raised.

        :param action: what is done
        :param image: the image's name
        :param uuid: UUID of the region's image, when there is one
        :param status: the image's status before
        :param size: bytes to be moved
        :param differences: what is to be changed of the region's image
        :raises RegionFailed: the error concerns the whole region, not only its uploads
        """
        attempt = Attempt(uuid)
        started = time.monotonic()
        before = None if status is None else status.value
        self.emit(Started(self.region, image, action, uuid, before, size, differences))
        try:
            yield attempt
        except GlanceSyncError as error:
            attempt.error = error
        seconds = time.monotonic() - started
        failure = str(attempt.error) if attempt.error is not None else None
        self.outcome.images.append(
            ImageOutcome(image, action, status, attempt.way, attempt.size, seconds, failure, attempt.notes)
        )
        known = (self.region, image, action, attempt.uuid, before, attempt.way, size, attempt.size, seconds)
        if failure is None:
            self.emit(Done(*known, notes=attempt.notes))
        else:
            self.emit(Failed(*known, message=Message.error(failure, image)))
        if _ends_region(attempt.error):
            raise RegionFailed(failure) from attempt.error

    def progress(self, action: Action, image: str, attempt: Attempt, size: int) -> MoveRecorder:
        """Record one move while it goes on."""
        return MoveRecorder(self, action, image, attempt, size)

    def refuse(self, action: Action, entry: PlanEntry, cause: str) -> None:
        """Record that an image fails without an attempt; report it unless one message reports it for several images.

        :param action: what should have been done
        :param entry: the plan's entry
        :param cause: why nothing is tried
        """
        self.skip(action, entry, cause)
        if entry.message is None:
            message = Message.error(cause, entry.name)
            status, size = entry.status.value, entry.size
            self.emit(Failed(self.region, entry.label, action, status=status, size=size, message=message))

    def skip(self, action: Action, entry: PlanEntry, cause: str) -> None:
        """Record that an image fails for a cause that has been reported already."""
        self.outcome.images.append(ImageOutcome(entry.label, action, entry.status, error=cause))

    def pending(
        self, action: Action, entry: PlanEntry, *, way: str | None = None, notes: tuple[str, ...] = ()
    ) -> None:
        """Report what a run would do with an image that has a status.

        :param action: what would be done
        :param entry: the plan's entry
        :param way: how its bytes would move
        :param notes: why ways that are preferred to it would not be taken
        """
        uuid = entry.region_image.id if entry.region_image else None
        status, size = entry.status.value, entry.size
        self.emit(
            Pending(self.region, entry.label, action, uuid, status, way, size, notes, differences=entry.differences)
        )

    def pending_without_status(
        self, action: Action, image: str, uuid: str, differences: tuple[str, ...] = ()
    ) -> None:
        """Report what a run would do with an image of the region that has no status (an obsolete one, a leftover).

        :param action: what would be done
        :param image: the image's name
        :param uuid: its UUID
        :param differences: what would be changed
        """
        self.emit(Pending(self.region, image, action, uuid, differences=differences))

    def kept_private(
        self, attempt: Attempt, image: str, uuid: str, visibility: str, cause: GlanceSyncError
    ) -> None:
        """Report that a restored image does not get its visibility (vault 4); from any thread."""
        with self._guard:
            self.outcome.kept_private += 1
        note = f"is complete, but does not become {visibility}: {cause}"
        attempt.notes += (note,)
        self.report(Message.warning(f"{self.region}: image {image} (UUID {uuid}) {note}", image))

    def report(self, message: Message) -> None:
        """Report something to the user, once; from any thread."""
        with self._guard:
            if message not in self._reported:
                self._reported.add(message)
                self._listener(MessageReported(self.region, message.image, message))

    def emit(self, event: Event) -> None:
        """Pass an event on, one at a time; from any thread."""
        with self._guard:
            self._listener(event)

    def stop(self, error: BaseException) -> None:
        """End all moves: each notices it when it next reports bytes.

        :param error: why
        """
        self._stopped = error

    def check(self) -> None:
        """End the move of the calling thread, if all moves are to end.

        :raises Cancelled: the run was interrupted; it removes unfinished images itself
        :raises MoveStopped: something else ended all moves; the move has to remove its unfinished image
        """
        if isinstance(self._stopped, KeyboardInterrupt):
            raise Cancelled(self._stopped.signal if isinstance(self._stopped, Cancelled) else signal.SIGTERM)
        if self._stopped is not None:
            raise MoveStopped(str(self._stopped))


class MoveRecorder:
    """Records one move: its progress at intervals, its retries and what goes wrong; ends it when all moves are to end.

    :param recorder: the region's
    :param action: what the move is for
    :param image: the image's name
    :param attempt: takes what is known of the move
    :param size: bytes of the image
    """

    def __init__(self, recorder: Recorder, action: Action, image: str, attempt: Attempt, size: int) -> None:
        self._recorder = recorder
        self._region = recorder.region
        self._action = action
        self._image = image
        self._attempt = attempt
        self._size = size
        self._next = 0.0

    def __call__(self, uuid: str, way: str, done: int) -> None:
        """Take what is known: the new image's UUID, the way and the bytes sent."""
        attempt = self._attempt
        attempt.uuid, attempt.way, attempt.size = uuid, way, done
        self._recorder.check()
        now = time.monotonic()
        if now >= self._next or done >= self._size:
            self._next = now + PROGRESS_INTERVAL_SECONDS
            self._recorder.emit(Progress(self._region, self._image, self._action, uuid, way, self._size, done))

    def check(self) -> None:
        """End the move, if all moves are to end; see :meth:`Recorder.check`."""
        self._recorder.check()

    def waits(self, seconds: float, cause: CloudError) -> None:
        """Report that the move is tried again after a while."""
        subject = f"{self._region}: Upload of {self._image} is refused for now"
        message = Message.warning(wait_for(subject, self._region, seconds, cause).text, self._image)
        self._recorder.emit(Waiting(self._region, self._image, seconds, message))

    def fewer(self, at_once: int, cause: CloudError) -> None:
        """Report that fewer images are moved at once from now on."""
        text = f"{self._region}: Images are uploaded at most {at_once} at a time from now on. Cause: {cause}"
        self._recorder.report(Message.warning(text))

    def way_skipped(self, way: str, cause: str) -> None:
        """Report that the image is not copied with a way that was to be expected."""
        text = f"{self._region}: {self._image} is not copied with way {way}: {cause}"
        self._recorder.report(Message.warning(text, self._image))

    def uuid_taken(self, uuid: str, new: str) -> None:
        """Report that a restored image gets another UUID (vault 4)."""
        why = f"{uuid} is not free (Glance gives no UUID twice, not even that of a deleted image)"
        note = f"gets the UUID {new}: {why}"
        self._attempt.notes += (note,)
        self._recorder.report(Message.warning(f"{self._region}: image {self._image} {note}", self._image))

    def kept_private(self, uuid: str, visibility: str, cause: GlanceSyncError) -> None:
        """Report that the image does not get its visibility."""
        self._recorder.kept_private(self._attempt, self._image, uuid, visibility, cause)

    def unfinished(self, uuid: str) -> None:
        """Report that an image stays without content, so that its UUID is not lost (vault 4)."""
        text = f"{self._region}: the unfinished image {self._image} (UUID {uuid}) stays for the next restore"
        self._recorder.report(Message.warning(f"{text}, which then has its UUID", self._image))

    def cleanup_failed(self, uuid: str, cause: GlanceSyncError) -> None:
        """Report that a new image could not be removed; other attempts or ways may succeed all the same."""
        name = self._image
        text = f"the unfinished image {name} (UUID {uuid}) stays for the next run to remove: {cause}"
        self._recorder.report(Message.warning(f"{self._region}: {text}", name))


def stops_uploads(error: GlanceSyncError | None) -> bool:
    """Whether no further image can be uploaded to the region because of an error, though all else can be done."""
    return isinstance(error, CloudError) and error.scope is Scope.UPLOADS


def _ends_region(error: GlanceSyncError | None) -> bool:
    return isinstance(error, CloudError) and error.scope in (Scope.REGION, Scope.TARGET)
