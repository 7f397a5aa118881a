"""What a server answers, as far as the client reads it; fields that a newer server adds are let pass."""

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
"""The version of the API that is spoken here."""


class _Answer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class ServerVersion(_Answer):
    """What a server says of itself."""

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
    :param error: why the region could not be looked at
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
    """The images of a region; a server that is older tells nothing of what is left out."""

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
_PASSING = (429, 503)
_OF_A_PROXY = (429, 502, 503, 504)


class RegionRefused(CloudError):
    """The server refuses what is asked about one region or task, or that region fails it; others may do."""

    unknown_target = False
    """Whether the server has no such target."""


def refusal(status: int, headers: Mapping[str, str], body: bytes, server: str) -> CloudError:
    """Turn an answer that is no success into an error.

    What a server says of a region that fails it (502, 504) is final, for it has tried; the same of a proxy before a
    server that is just being restarted will pass.

    :param status: HTTP status
    :param headers: the answer's headers
    :param body: the answer's content
    :param server: what messages call the server
    """
    if 300 <= status < 400:
        return CloudError(f"{server} redirects elsewhere (HTTP {status}); use its final address", status=status)
    said = _words(body)
    if said is None and status not in _OF_A_PROXY:
        return not_glancesync(server, f"HTTP {status}")
    if said is not None and status in _OF_A_REGION:
        refused = RegionRefused(f"{said} (HTTP {status})", status=status)
        refused.unknown_target = json.loads(body).get("unknown") == "target"
        return refused
    if status == 401:
        return Unauthorized(f"{server}: {said} (HTTP 401)", status=status)
    after = headers.get("retry-after", "")
    return ServiceFailure(
        f"{server}: {said or 'it is not there at the moment'} (HTTP {status})",
        status=status,
        transient=status in (_OF_A_PROXY if said is None else _PASSING),
        retry_after=float(after) if after.isascii() and after.isdigit() and len(after) < 7 else None,
    )


def not_glancesync(server: str, found: str) -> CloudError:
    """Say that whoever answers is no GlanceSync server.

    :param server: what messages call it
    :param found: what it answered instead
    """
    return CloudError(f"{server} does not answer like one ({found}); check the address")


def _words(body: bytes) -> str | None:
    """What a server says in an error; None when it is not in the form of the contract."""
    try:
        document: Any = json.loads(body)
        said = document["error"]["description"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return " ".join(said.split()) if isinstance(said, str) else None
