"""The answers of a server, as far as the client reads them; unknown fields of a newer server are ignored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from ..base.errors import CloudError, ServiceFailure, Unauthorized

SYNCING = "syncing"
FAILED = "failed"

VERSION = "v1.0"
"""The version of the API that this client uses."""


class _Answer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class ServerVersion(_Answer):
    """The answer to ``GET /``: the API's version, and since when the server runs."""

    id: str
    runningfrom: str


class TaskRef(_Answer):
    """A task, in short.

    :param status: ``syncing``, ``synced`` or ``failed``
    """

    task_id: str
    status: str


class Region(_Answer):
    """What was last seen of a region.

    :param checked: when, None for never
    :param counts: number of images by status
    :param error: why the region's status could not be read
    :param task: what is running there
    """

    id: str
    checked: str | None = None
    counts: dict[str, int] | None = None
    error: str | None = None
    task: TaskRef | None = None


class Regions(_Answer):
    """All regions."""

    regions: list[Region]


class Image(_Answer):
    """The status of one image; ``id`` is the UUID in the region."""

    id: str | None
    name: str
    status: str
    message: str | None


class LeftOut(_Answer):
    """An image that is selected and cannot be synchronised."""

    name: str
    reason: str
    deliberate: bool = False


class Images(_Answer):
    """The images of a region; an older server does not list what is left out."""

    images: list[Image]
    left_out: list[LeftOut] = Field(default_factory=list, alias="left_out")


class Task(TaskRef):
    """A task, as lists have it; times are ISO 8601, sizes are bytes.

    :param reason: why it failed
    :param undecided: number of images that await a decision
    """

    region: str
    dry_run: bool
    created: str
    started: str | None
    finished: str | None
    reason: str | None
    images_total: int
    images_done: int
    images_failed: int
    undecided: int
    bytes_total: int
    bytes_done: int


class Tasks(_Answer):
    """The tasks of a region, newest first."""

    tasks: list[Task]


class Result(_Answer):
    """What a task does with one image.

    :param state: ``running``, ``done``, ``failed``, or ``pending`` in a dry run
    :param size: bytes of the image
    """

    name: str
    action: str
    state: str
    size: int = 0
    bytes_done: int = 0
    seconds: float = 0.0
    way: str | None = None
    error: str | None = None


class WholeTask(Task):
    """A task with all that it did."""

    images: list[Result]
    errors: list[str]
    warnings: list[str]


_OF_A_REGION = (400, 404, 409, 410, 413, 502, 504)
_TEMPORARY = (429, 503)
_OF_A_PROXY = (429, 502, 503, 504)


class RegionRefused(CloudError):
    """The server refuses a request about one region or task, or that region fails; others may work."""

    unknown_target = False
    """Whether the server has no such target."""


def error_of_answer(status: int, headers: Mapping[str, str], body: bytes, server: str) -> CloudError:
    """Turn an answer with an error status into an error.

    502 and 504 of the server itself are final: it has asked the region. The same of a proxy is retried: the server
    behind it may be restarting.

    :param status: HTTP status
    :param headers: the answer's headers
    :param body: the answer's content
    :param server: the server's name in messages
    """
    if 300 <= status < 400:
        return CloudError(f"{server} redirects elsewhere (HTTP {status}); use its final address", status=status)
    description = _description(body)
    if description is None and status not in _OF_A_PROXY:
        return not_glancesync(server, f"HTTP {status}")
    if description is not None and status in _OF_A_REGION:
        refused = RegionRefused(f"{description} (HTTP {status})", status=status)
        refused.unknown_target = json.loads(body).get("unknown") == "target"
        return refused
    if status == 401:
        return Unauthorized(f"{server}: {description} (HTTP 401)", status=status)
    after = headers.get("retry-after", "")
    return ServiceFailure(
        f"{server}: {description or 'it is not there at the moment'} (HTTP {status})",
        status=status,
        retryable=status in (_OF_A_PROXY if description is None else _TEMPORARY),
        retry_after=float(after) if after.isascii() and after.isdigit() and len(after) < 7 else None,
    )


def not_glancesync(server: str, found: str) -> CloudError:
    """The error of a server that is not GlanceSync.

    :param server: its name in messages
    :param found: what it answered
    """
    return CloudError(f"{server} does not answer like one ({found}); check the address")


def _description(body: bytes) -> str | None:
    """The description in an error's answer (sync 5.2); None when the answer has another form."""
    try:
        document: Any = json.loads(body)
        text = document["error"]["description"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return " ".join(text.split()) if isinstance(text, str) else None
