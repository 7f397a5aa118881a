"""A task: one synchronisation of one region that somebody asked the server for, as plain data (sync 5.3)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum

from ..images.region_job import Mode
from ..images.region_names import RegionRef
from ..images.settings import Decision, DecisionAction


class TaskStatus(str, Enum):
    """How a task stands."""

    SYNCING = "syncing"
    SYNCED = "synced"
    FAILED = "failed"


@dataclass(frozen=True)
class TaskRequest:
    """What is wanted.

    :param dry_run: only tell what would be done
    :param images: patterns, as with ``--image``
    :param config: options of the target, as text by key
    :param replace_lists: whether lists in ``config`` may drop entries that the configuration has
    :param decisions: by name of the image
    """

    dry_run: bool = False
    images: tuple[str, ...] = ()
    config: Mapping[str, str] = field(default_factory=dict)
    replace_lists: bool = False
    decisions: Mapping[str, Decision] = field(default_factory=dict)

    @property
    def mode(self) -> Mode:
        """What is done with the region."""
        return Mode.DRY_RUN if self.dry_run else Mode.SYNC

    def overrides(self, ref: RegionRef) -> list[str]:
        """The options as the words after ``--config``, for the target of a region."""
        return [f"{ref.target}.{key}={value}" for key, value in self.config.items()]

    def text(self) -> str:
        """The request as text; equal for equal requests."""
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def parse(text: str) -> TaskRequest:
        """Read what ``text`` wrote; what an older version wrote lacks the newer fields."""
        read = json.loads(text)
        decisions = {
            name: Decision(decided["checksum"], DecisionAction(decided["action"]))
            for name, decided in read.get("decisions", {}).items()
        }
        return TaskRequest(
            read["dry_run"], tuple(read["images"]), read["config"], read.get("replace_lists", False), decisions
        )


@dataclass(frozen=True)
class ImageResult:
    """What was, is or would be done with one image.

    :param state: ``running``, ``done``, ``failed``, or ``pending`` in a dry run
    :param status: the image's status before
    :param size: bytes of the image
    :param done: bytes moved
    """

    image: str
    action: str
    state: str
    status: str | None = None
    way: str | None = None
    size: int = 0
    done: int = 0
    seconds: float = 0.0
    error: str | None = None


@dataclass(frozen=True)
class TaskMessage:
    """A warning or an error that a task told."""

    level: str
    text: str
    image: str | None = None


@dataclass(frozen=True)
class Progress:
    """How far a task has come.

    :param total: images to be moved
    """

    total: int = 0
    done: int = 0
    failed: int = 0
    undecided: int = 0
    bytes_total: int = 0
    bytes_done: int = 0


@dataclass(frozen=True)
class Task:
    """A task as the store has it; times are seconds since the epoch.

    :param asked_by: id of the user whose token it was, None without authentication
    :param heartbeat: when its worker last showed that it lives; of a task that waits, when it was last handed over
    :param worker: which process does it, None while it waits
    :param cancel: whether it is to be ended
    :param reason: why it failed
    """

    id: str
    region: str
    status: TaskStatus
    request: TaskRequest
    asked_by: str | None
    created: float
    started: float | None
    finished: float | None
    heartbeat: float
    cancel: bool
    reason: str | None
    progress: Progress
    worker: str | None = None


@dataclass(frozen=True)
class Summary:
    """What was last seen of a region.

    :param checked: when
    :param counts: number of images by status
    :param error: why it could not be looked at, None when it could
    """

    region: str
    checked: float
    counts: Mapping[str, int]
    error: str | None = None
