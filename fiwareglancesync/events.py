"""What happens while a plan is carried out, as a stream of values (design 1.1).

Printing, logging, progress bars, reports, the job table and metrics are listeners; nothing prints from inside.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from .base.messages import Message
from .images.model import SyncStatus


class Kind(str, Enum):
    """What an event tells."""

    RUN_STARTED = "run-started"
    REGION_STARTED = "region-started"
    REGION_PLANNED = "region-planned"
    MESSAGE = "message"
    WAITING = "waiting"
    PENDING = "pending"
    STARTED = "started"
    PROGRESS = "progress"
    DONE = "done"
    FAILED = "failed"
    REGION_FINISHED = "region-finished"
    RUN_FINISHED = "run-finished"


class Action(str, Enum):
    """What is done with an image."""

    TIDY = "tidy"
    OBSOLETE = "obsolete"
    METADATA = "metadata"
    UPLOAD = "upload"
    REPLACE = "replace"
    RENAME = "rename"
    RELINK = "relink"
    SETTLE = "settle"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    :param region: full name of the region
    :param image: name of the image
    :param uuid: UUID of the region's image, once it is known
    :param status: the image's status before
    :param way: how its bytes move
    :param size: bytes in all: of the image; of all that was moved to the region, or is pending there
    :param done: bytes moved so far
    :param seconds: since the action began; for ``WAITING``, how long a service that refuses for now is waited for
    :param message: what the user is told; the cause, for ``FAILED``
    :param count: for ``REGION_PLANNED`` the number of images to be moved, for ``REGION_FINISHED`` of failures, for
        ``RUN_FINISHED`` of regions that failed
    :param undecided: for ``REGION_FINISHED``, the number of images that await a decision
    :param in_step: for ``REGION_FINISHED``, whether there was nothing to change
    :param error: for ``REGION_FINISHED``, whether the region as a whole failed
    :param dry: for ``REGION_FINISHED``, whether nothing was to be written
    :param notes: why ways that would have been preferred were not taken
    :param differences: for ``PENDING`` and ``STARTED``, what of the region's image is to be changed
    """

    kind: Kind
    region: str = ""
    image: str | None = None
    action: Action | None = None
    uuid: str | None = None
    status: SyncStatus | None = None
    way: str | None = None
    size: int = 0
    done: int = 0
    seconds: float = 0.0
    message: Message | None = None
    count: int = 0
    undecided: int = 0
    in_step: bool = False
    error: bool = False
    dry: bool = False
    notes: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()


Emit = Callable[[Event], None]
"""Takes an event; must not raise."""


def one_at_a_time(emit: Emit) -> Emit:
    """Have a listener that several threads tell something told one thing after the other.

    :param emit: the listener, which may tell itself something
    """
    guard = threading.RLock()

    def emit_in_turn(event: Event) -> None:
        with guard:
            emit(event)

    return emit_in_turn
