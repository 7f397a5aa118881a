"""Turns what is attempted into events and outcomes, and errors into the scope that they have (design 7)."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ...base.errors import Cancelled, CloudError, GlanceSyncError, Scope
from ...base.messages import Message
from ...events import Action, Emit, Event, Kind
from ...openstack.refusals import wait_for
from ..model import SyncStatus
from ..planning import PlanEntry
from .outcome import ImageOutcome, RegionOutcome

PROGRESS_INTERVAL_SECONDS = 0.1
"""Seconds between two events that tell of bytes moved."""


class RegionFailed(Exception):
    """Nothing more can be done in the region; the text says why."""


class MoveStopped(Exception):
    """A move ends because something else has ended all moves of the region."""


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
        """Record what is done inside the ``with``; an error of the image ends there, one of the region goes on.

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
        self.emit(Event(Kind.STARTED, self.region, image, action, uuid, status, size=size, differences=differences))
        try:
            yield attempt
        except GlanceSyncError as error:
            attempt.error = error
        seconds = time.monotonic() - started
        failure = str(attempt.error) if attempt.error is not None else None
        self.outcome.images.append(
            ImageOutcome(image, action, status, attempt.way, attempt.size, seconds, failure, attempt.notes)
        )
        self.emit(
            Event(
                Kind.DONE if failure is None else Kind.FAILED,
                self.region,
                image,
                action,
                attempt.uuid,
                status,
                attempt.way,
                size,
                attempt.size,
                seconds,
                None if failure is None else Message.error(failure, image),
                notes=attempt.notes,
            )
        )
        if _ends_region(attempt.error):
            raise RegionFailed(failure) from attempt.error

    def progress(self, action: Action, image: str, attempt: Attempt, size: int) -> Progress:
        """A function that takes what is known of a move while it goes on, and tells it now and then."""
        return Progress(self, action, image, attempt, size)

    def refuse(self, action: Action, entry: PlanEntry, cause: str) -> None:
        """Record that an image fails without an attempt, and tell it unless it is told for several images at once.

        :param action: what should have been done
        :param entry: the plan's entry
        :param cause: why nothing is tried
        """
        self.skip(action, entry, cause)
        if entry.message is not None:
            return
        event = Event(Kind.FAILED, self.region, entry.name, action, None, entry.status, size=entry.size)
        self.emit(replace(event, message=Message.error(cause, entry.name)))

    def skip(self, action: Action, entry: PlanEntry, cause: str) -> None:
        """Record that an image fails for a cause that has been told already."""
        self.outcome.images.append(ImageOutcome(entry.name, action, entry.status, error=cause))

    def pend(
        self,
        action: Action,
        image: str,
        entry: PlanEntry | None = None,
        *,
        uuid: str | None = None,
        way: str | None = None,
        notes: tuple[str, ...] = (),
        differences: tuple[str, ...] = (),
    ) -> None:
        """Tell what a run would do.

        :param action: what would be done
        :param image: the image's name
        :param entry: the plan's entry, for what the statuses cover
        :param uuid: UUID of the region's image, for what they do not cover
        :param way: how its bytes would move
        :param notes: why ways that are preferred to it would not be taken
        :param differences: what would be brought in line, for what the statuses do not cover
        """
        event = Event(Kind.PENDING, self.region, image, action, uuid, way=way, notes=notes, differences=differences)
        if entry is not None:
            there = entry.region_image.id if entry.region_image else None
            event = replace(event, uuid=there, status=entry.status, size=entry.size, differences=entry.differences)
        self.emit(event)

    def report(self, message: Message) -> None:
        """Tell the user something, once."""
        if message in self._reported:
            return
        self._reported.add(message)
        self.emit(Event(Kind.MESSAGE, self.region, message.image, message=message))

    def emit(self, event: Event) -> None:
        """Pass an event on; one at a time, whatever thread it comes from."""
        with self._guard:
            self._listener(event)

    def stop(self, error: BaseException) -> None:
        """Have whatever is under way end at its next sign of progress.

        :param error: why
        """
        self._stopped = error

    def check(self) -> None:
        """Let something that is under way end, if it should.

        :raises Cancelled: the run was interrupted, which tidies up by itself
        :raises MoveStopped: something else ended all moves; this one has to tidy up
        """
        if isinstance(self._stopped, KeyboardInterrupt):
            raise Cancelled(self._stopped.signal if isinstance(self._stopped, Cancelled) else signal.SIGTERM)
        if self._stopped is not None:
            raise MoveStopped(str(self._stopped))


class Progress:
    """Samples the progress of one move, and has it end when it should."""

    def __init__(self, recorder: Recorder, action: Action, image: str, attempt: Attempt, size: int) -> None:
        self._recorder = recorder
        self._image = image
        self._event = (Kind.PROGRESS, recorder.region, image, action)
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
            self._recorder.emit(Event(*self._event, uuid, None, way, self._size, done))

    def check(self) -> None:
        """Let the move end, if it should; see :meth:`Recorder.check`."""
        self._recorder.check()

    def waits(self, seconds: float, cause: CloudError) -> None:
        """Tell that the move is tried again after a while."""
        region = self._recorder.region
        wait = wait_for(f"{region}: Upload of {self._image} is refused for now", region, seconds, cause)
        told = Message.warning(wait.text, self._image)
        self._recorder.emit(Event(Kind.WAITING, region, self._image, seconds=seconds, message=told))

    def fewer(self, at_once: int, cause: CloudError) -> None:
        """Tell that fewer images are moved at once from now on."""
        region = self._recorder.region
        self._recorder.report(Message.warning(f"{region}: No more than {at_once} at once from now on. Cause: {cause}"))

    def way_skipped(self, way: str, cause: str) -> None:
        """Tell that an image does not go by a way that was to be expected."""
        text = f"{self._image} does not go by way of {way}: {cause}"
        self._recorder.report(Message.warning(f"{self._recorder.region}: {text}", self._image))

    def cleanup_failed(self, uuid: str, cause: GlanceSyncError) -> None:
        """Tell that a new image could not be removed, whatever comes of the other attempts and ways."""
        name = self._image
        text = f"the unfinished image {name} (UUID {uuid}) stays for the next run to remove: {cause}"
        self._recorder.report(Message.warning(f"{self._recorder.region}: {text}", name))


def stops_uploads(error: GlanceSyncError | None) -> bool:
    """Whether no further image can be uploaded to the region because of an error, though all else can be done."""
    return isinstance(error, CloudError) and error.scope is Scope.UPLOADS


def _ends_region(error: GlanceSyncError | None) -> bool:
    return isinstance(error, CloudError) and error.scope in (Scope.REGION, Scope.RUN)
