"""What happens while a plan is carried out, as a stream of small values (design 1.1).

Printing, logging, progress bars, reports, the table of tasks and metrics are listeners; nothing else prints.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import Field, dataclass, field, fields
from enum import Enum
from typing import Any, ClassVar, TypeAlias

from .base.messages import Message

COUNT = {"json": "count"}
"""The field has the name ``count`` in JSON, whatever it counts."""

NOT_IN_JSON = {"json": ""}
"""The field is for listeners of this program."""


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
    BACKUP = "backup"
    RECORD = "record"


class _JsonEvent:
    """An event that programs read as JSON; the names there are a contract (handbook, page Output).

    ``kind`` is its stable name, and ``region`` the full name of its region, "" when it is about the whole run.
    """

    __slots__ = ()

    kind: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @classmethod
    def json_names(cls) -> tuple[str, ...]:
        """The names that the JSON of such an event can have, in their order."""
        names = (name for field in fields(cls) for name in _json_names(field) if name not in ("", "region"))
        return ("kind", "region", *names)

    def as_json(self) -> dict[str, Any]:
        """The fields under their names in JSON; what is empty, 0 or false is left out, but for the region."""
        written: dict[str, Any] = {"kind": self.kind, "region": ""}
        for each in fields(self):
            value = None if each.metadata == NOT_IN_JSON else getattr(self, each.name)
            if isinstance(value, Message):
                written["level"] = logging.getLevelName(value.level).lower()
                written["message"] = value.text
            elif each.name == "region" or value not in (None, 0, False, ()):
                written[_json_names(each)[0]] = value.value if isinstance(value, Enum) else value
        if "seconds" in written:
            written["seconds"] = round(written["seconds"], 3)
        return written


def _json_names(field: Field[Any]) -> tuple[str, ...]:
    return ("level", "message") if field.name == "message" else (field.metadata.get("json", field.name),)


@dataclass(frozen=True, slots=True)
class RunStarted(_JsonEvent):
    """The master has answered, and the regions are known.

    :param region: full name of the master region
    """

    kind = "run-started"
    region: str


@dataclass(frozen=True, slots=True)
class RegionStarted(_JsonEvent):
    """The work for a region begins."""

    kind = "region-started"
    region: str


@dataclass(frozen=True, slots=True)
class RegionPlanned(_JsonEvent):
    """The plan of a region has been made.

    :param size: bytes to be moved
    :param images: number of images to be moved
    :param statuses: the name and the status of each image to be synchronised
    """

    kind = "region-planned"
    region: str
    size: int = 0
    images: int = field(default=0, metadata=COUNT)
    statuses: tuple[tuple[str, str], ...] = field(default=(), metadata=NOT_IN_JSON, repr=False)


@dataclass(frozen=True, slots=True)
class MessageReported(_JsonEvent):
    """The user is to know something.

    :param image: name of the image it is about
    """

    kind = "message"
    region: str
    image: str | None
    message: Message


@dataclass(frozen=True, slots=True)
class Waiting(_JsonEvent):
    """A service refuses a request for now, and the program waits before it tries again.

    :param image: name of the image it is about
    :param seconds: how long it waits
    :param message: what the user is to know of it
    """

    kind = "waiting"
    region: str
    image: str | None
    seconds: float
    message: Message


@dataclass(frozen=True, slots=True)
class Pending(_JsonEvent):
    """A run would do this.

    :param uuid: UUID of the region's image, None when there is none
    :param status: the image's status
    :param way: how its bytes would move
    :param size: bytes of the image
    :param notes: why ways that are preferred to this one would not be taken
    :param differences: what of the region's image would be changed
    """

    kind = "pending"
    region: str
    image: str
    action: Action
    uuid: str | None = None
    status: str | None = None
    way: str | None = None
    size: int = 0
    notes: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Started(_JsonEvent):
    """An action begins.

    :param uuid: UUID of the region's image, once it is known
    :param status: the image's status before
    :param size: bytes of the image
    :param differences: what of the region's image is to be changed
    """

    kind = "started"
    region: str
    image: str
    action: Action
    uuid: str | None = None
    status: str | None = None
    size: int = 0
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress(_JsonEvent):
    """Bytes of an image have been moved.

    :param uuid: UUID of the new image
    :param way: how its bytes move
    :param size: bytes of the image
    :param done: bytes moved so far
    """

    kind = "progress"
    region: str
    image: str
    action: Action
    uuid: str | None = None
    way: str | None = None
    size: int = 0
    done: int = 0


@dataclass(frozen=True, slots=True)
class Done(_JsonEvent):
    """An action has succeeded.

    :param uuid: UUID of the region's image
    :param status: the image's status before
    :param way: how its bytes moved
    :param size: bytes of the image
    :param done: bytes moved
    :param seconds: since the action began
    :param notes: why ways that are preferred to this one were not taken, each after the name of the way and a colon;
        and what is not as it was in the backup of a restored image, such as its UUID
    """

    kind = "done"
    region: str
    image: str
    action: Action
    uuid: str | None = None
    status: str | None = None
    way: str | None = None
    size: int = 0
    done: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed(_JsonEvent):
    """An action has failed, or cannot be tried.

    :param uuid: UUID of the region's image, once it is known
    :param status: the image's status before
    :param way: how its bytes moved
    :param size: bytes of the image
    :param done: bytes moved
    :param seconds: since the action began
    :param message: the cause
    """

    kind = "failed"
    region: str
    image: str
    action: Action
    uuid: str | None = None
    status: str | None = None
    way: str | None = None
    size: int = 0
    done: int = 0
    seconds: float = 0.0
    message: Message = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class RegionFinished(_JsonEvent):
    """The work for a region has ended.

    :param size: bytes that were moved; with ``dry``, that are to be moved
    :param failures: number of images that failed
    :param undecided: number of images that await a decision
    :param in_step: whether there was nothing to change
    :param error: whether the region as a whole failed
    :param dry: whether nothing was to be written
    """

    kind = "region-finished"
    region: str
    size: int = 0
    failures: int = field(default=0, metadata=COUNT)
    undecided: int = 0
    in_step: bool = False
    error: bool = False
    dry: bool = False


@dataclass(frozen=True, slots=True)
class BackupFinished(RegionFinished):
    """The backup of a region into a vault has ended (vault 3).

    :param kept: number of images in the run
    :param fetched: number of those whose bytes were read; with ``dry``, that are to be read
    :param without_content: number of those that have no content
    :param skipped: number of images that have no content yet
    :param complete: whether all images were kept as they are
    """

    kept: int = 0
    fetched: int = 0
    without_content: int = 0
    skipped: int = 0
    complete: bool = False


@dataclass(frozen=True, slots=True)
class RunFinished(_JsonEvent):
    """The last event of a run that was not interrupted.

    :param failed_regions: number of regions that failed, or images of which did
    """

    kind = "run-finished"
    region: ClassVar[str] = ""
    failed_regions: int = field(default=0, metadata=COUNT)


ImageEvent: TypeAlias = Pending | Started | Progress | Done | Failed
"""What happens to one image."""

Event: TypeAlias = (
    RunStarted | RegionStarted | RegionPlanned | MessageReported | Waiting | ImageEvent | RegionFinished | RunFinished
)
"""One thing that happened."""

Emit = Callable[[Event], None]
"""Takes an event; must not raise."""


def one_at_a_time(emit: Emit) -> Emit:
    """Protect a listener from threads: it gets the next event when it has taken the one before.

    :param emit: the listener, which may itself emit events
    """
    guard = threading.RLock()

    def emit_in_turn(event: Event) -> None:
        with guard:
            emit(event)

    return emit_in_turn
