"""The shapes of what the API takes and gives; the OpenAPI document is made from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from http import HTTPStatus
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ..images.region_job import LeftOutRow, StatusRow
from ..images.settings import ANY, Decision, DecisionAction
from ..images.summaries import Summary
from ..images.sync_request import SyncRequest
from ..jobs.store import KEPT_TASKS
from ..jobs.tasks import Item, Task, TaskMessage, TaskStatus

Names = list[str] | str
"""A list, or the text that the configuration file would hold."""


Responses = dict[str | int | HTTPStatus, type[BaseModel] | dict[Any, Any] | None]
"""What a route may answer, by its code."""


class RegionPath(BaseModel):
    """The region of a request."""

    id: str = Field(description="The region's name, with its target as a prefix: federation2:Madrid")


class TaskPath(RegionPath):
    """The task of a request."""

    task: str = Field(description="The task's id")


class RegionsQuery(BaseModel):
    """How regions are listed."""

    refresh: bool = Field(default=False, description="Ask all regions now instead of telling what was last seen")


class ImagesQuery(BaseModel):
    """Which images of a region are listed."""

    image: str | None = Field(default=None, description="Only the image of this name")


class TargetConfig(BaseModel):
    """Options of the region's target, for this task alone."""

    model_config = ConfigDict(extra="forbid", strict=True)

    metadata_set: Names | None = None
    metadata_condition: str | None = None
    forcesyncs: Names | None = None
    replace: Names | None = None
    rename: Names | None = None
    dontupdate: Names | None = None
    only_tenant_images: bool | None = None
    support_obsolete_images: bool | None = None
    obsolete_syncprops: Names | None = None


class DecisionBody(BaseModel):
    """How the conflict about one image is settled, for this task alone."""

    model_config = ConfigDict(extra="forbid", strict=True)

    checksum: str = Field(
        min_length=1,
        max_length=255,
        pattern=r"^[^\s,]+$",
        description="Of the region's image, MD5 or multihash; if the image has another one, the decision has no effect",
    )
    action: Literal["replace", "rename", "dontupdate"] = Field(
        description="What is done with the region's image; a checksum that the configured dontupdate lists stays"
    )

    @field_validator("checksum")
    @classmethod
    def _one_checksum(cls, value: str) -> str:
        if value.lower() == ANY:
            raise ValueError("a decision is about one checksum, so 'any' is none")
        return value

    def decision(self) -> Decision:
        """As the planning knows it."""
        return Decision(self.checksum.lower(), DecisionAction(self.action))


class SyncBody(BaseModel):
    """What a synchronisation is asked to be."""

    model_config = ConfigDict(extra="forbid", strict=True)

    dryRun: bool = Field(default=False, description="Only report what would be done")
    images: list[str] = Field(default_factory=list, max_length=1000, description="Patterns that choose images")
    config: TargetConfig = Field(default_factory=TargetConfig)
    replaceLists: bool = Field(
        default=False, description="Whether lists in config may drop entries that the configured lists have"
    )
    decisions: dict[Annotated[str, Field(min_length=1)], DecisionBody] = Field(
        default_factory=dict, max_length=1000, description="By name of the image, laid over the configured lists"
    )

    def request(self) -> SyncRequest:
        """What the task is to do.

        :raises ValueError: an option cannot be said in the configuration's form
        """
        given = self.config.model_dump(exclude_none=True)
        return SyncRequest(
            self.dryRun,
            tuple(self.images),
            {key: _as_text(key, value) for key, value in given.items()},
            self.replaceLists,
            {name: body.decision() for name, body in self.decisions.items()},
        )


def keys_in(place: Sequence[object]) -> list[str]:
    """The keys that an object in the body of a synchronisation may have.

    :param place: the keys that lead to the object; none for the body itself
    """
    models: Mapping[object, type[BaseModel]] = {"config": TargetConfig, "decisions": DecisionBody}
    return list((models.get(place[0], SyncBody) if place else SyncBody).model_fields)


class Error(BaseModel):
    """What went wrong."""

    code: int
    message: str
    description: str
    title: str | None = Field(default=None, description="For 401")


class ErrorAnswer(BaseModel):
    """Every error has this form."""

    error: Error
    taskId: str | None = Field(default=None, description="For 409, the task that is running")
    unknown: Literal["target"] | None = Field(
        default=None, description="For 410, that no target of the region's prefix is configured"
    )


class VersionAnswer(BaseModel):
    """The API itself."""

    model_config = ConfigDict(openapi_extra={"content": {"text/html": {"schema": {"type": "string"}}}})  # type: ignore[typeddict-unknown-key]

    id: str
    owner: str
    status: str
    version: str
    updated: str
    runningfrom: str
    href: str


class TaskRef(BaseModel):
    """A task, in short."""

    taskId: str
    status: TaskStatus


class RegionAnswer(BaseModel):
    """What was last seen of a region."""

    id: str
    checked: str | None
    counts: dict[str, int] | None = Field(default=None, description="Number of images by status")
    error: str | None = Field(default=None, description="Why the region could not be looked at")
    task: TaskRef | None = Field(description="The task that is running")


class RegionsAnswer(BaseModel):
    """All regions."""

    regions: list[RegionAnswer]


class ImageAnswer(BaseModel):
    """The status of one image."""

    id: str | None = Field(description="The UUID in the region")
    name: str
    status: str
    message: str | None = Field(description="What to do or why")


class LeftOutAnswer(BaseModel):
    """An image that is selected and cannot be synchronised."""

    name: str
    reason: str
    deliberate: bool = Field(description="Whether the configuration leaves it out")


class ImagesAnswer(BaseModel):
    """The images to be synchronised, and those that would be if they could."""

    images: list[ImageAnswer]
    left_out: list[LeftOutAnswer]


class ResultAnswer(BaseModel):
    """What a task does with one image."""

    name: str
    action: str
    state: Literal["running", "done", "failed", "pending"]
    status: str | None = Field(description="The status before")
    way: str | None
    size: int
    bytesDone: int
    seconds: float
    error: str | None


class TaskShort(TaskRef):
    """A task, as lists have it."""

    region: str
    dryRun: bool
    created: str
    started: str | None
    finished: str | None
    reason: str | None = Field(description="Why it failed")
    imagesTotal: int = Field(description="Images to be moved")
    imagesDone: int
    imagesFailed: int
    undecided: int = Field(description="Images that await a decision")
    bytesTotal: int
    bytesDone: int


class TaskAnswer(TaskShort):
    """A task with all that it did."""

    images: list[ResultAnswer]
    errors: list[str]
    warnings: list[str]


class TasksAnswer(BaseModel):
    """The tasks of a region."""

    tasks: list[TaskShort] = Field(max_length=KEPT_TASKS)


def iso(time: float | None) -> str | None:
    """A time as users read it: ISO 8601, UTC."""
    return None if time is None else datetime.fromtimestamp(time, timezone.utc).isoformat(timespec="milliseconds")


def plain(text: str | None) -> str | None:
    r"""Text that JSON in UTF-8 can hold: lone surrogates are shown as ``\\uNNNN``."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode("utf-8")


def task_ref(task: Task) -> TaskRef:
    """A task, in short."""
    return TaskRef(taskId=task.id, status=task.status)


def task_short(task: Task) -> TaskShort:
    """A task, as lists have it."""
    return TaskShort(**_fields(task))


def task_answer(task: Task, images: list[Item], messages: list[TaskMessage]) -> TaskAnswer:
    """A task with all that it did."""
    return TaskAnswer(
        **_fields(task),
        images=[_result(task, image) for image in images],
        errors=[plain(message.text) or "" for message in messages if message.level == "ERROR"],
        warnings=[plain(message.text) or "" for message in messages if message.level != "ERROR"],
    )


def region_answer(region: str, summary: Summary | None, running: Task | None) -> RegionAnswer:
    """What was last seen of a region."""
    return RegionAnswer(
        id=plain(region) or "",
        checked=iso(summary.checked) if summary else None,
        counts=dict(summary.counts) if summary and summary.error is None else None,
        error=plain(summary.error) if summary else None,
        task=task_ref(running) if running else None,
    )


def image_answer(row: StatusRow) -> ImageAnswer:
    """The status of one image."""
    return ImageAnswer(
        id=plain(row.uuid),
        name=plain(row.image) or "",
        status=row.status.value,
        message=plain(row.message or "; ".join(row.differences) or None),
    )


def left_out_answer(row: LeftOutRow) -> LeftOutAnswer:
    """An image that is left out."""
    return LeftOutAnswer(name=plain(row.image) or "", reason=row.reason, deliberate=row.deliberate)


def _result(task: Task, image: Item) -> ResultAnswer:
    cut = image.state == "running" and task.status is not TaskStatus.SYNCING
    return ResultAnswer(
        name=plain(image.name) or "",
        action=image.action,
        state="failed" if cut else image.state,  # type: ignore[arg-type]  # one of the four, says the store
        status=image.status,
        way=image.way,
        size=image.size,
        bytesDone=image.done,
        seconds=image.seconds,
        error=(task.reason or "interrupted") if cut else plain(image.error),
    )


def _fields(task: Task) -> dict[str, Any]:
    progress = task.progress
    return {
        "taskId": task.id,
        "status": task.status,
        "region": plain(task.subject),
        "dryRun": SyncRequest.parse(task.request).dry_run,
        "created": iso(task.created),
        "started": iso(task.started),
        "finished": iso(task.finished),
        "reason": plain(task.reason),
        "imagesTotal": progress.total,
        "imagesDone": progress.done,
        "imagesFailed": progress.failed,
        "undecided": progress.undecided,
        "bytesTotal": progress.bytes_total,
        "bytesDone": progress.bytes_done,
    }


def _as_text(key: str, value: list[str] | str | bool) -> str:
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return value
    if any("," in entry for entry in value):
        raise ValueError(f"config.{key}: an entry of a list may hold no comma")
    return ",".join(value)
