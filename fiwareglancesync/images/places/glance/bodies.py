"""The bytes of images: one upload, one download, never repeated here."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import requests
import urllib3.exceptions

from ....base.content import PIECE, Body, Download
from ....base.errors import (
    CloudError,
    GlanceSyncError,
    NotFound,
    Rejected,
    SourceBroke,
    TimedOut,
    TransferError,
    Unreachable,
)
from ....base.units import duration
from ....base.waiting import pause
from ....openstack.answers import Operation
from ....openstack.failures import from_exception
from ....openstack.identity import Access
from ....openstack.outgoing import Outgoing, SourceFailed
from ....openstack.service import Call, Service
from .glance_answers import refused_store
from .image_documents import image_of

BYTES = "application/octet-stream"
BAD_GATEWAY, GATEWAY_TIMEOUT = 502, 504
LOST = frozenset((BAD_GATEWAY, GATEWAY_TIMEOUT))
"""What a load balancer answers in place of a service whose own answer it did not get, or did not wait for."""

CONTENT_RANGE = re.compile(r"bytes\s+(\d{1,18})-(\d{1,18})(?:/(?:\d+|\*))?")


def image_path(image_id: str) -> str:
    """The path of an image, whatever characters its id has."""
    return f"/v2/images/{quote(image_id, safe='')}"


def file_path(image_id: str) -> str:
    """The path of an image's content."""
    return f"{image_path(image_id)}/file"


def tag_path(image_id: str, tag: str) -> str:
    """The path of one of an image's tags."""
    return f"{image_path(image_id)}/tags/{quote(tag, safe='')}"


def members_path(image_id: str) -> str:
    """The path of the projects that an image is shared with."""
    return f"{image_path(image_id)}/members"


def upload(service: Service, image_id: str, body: Body, store: str) -> None:
    """Send an image's content in one request with a known length.

    Never sent twice: a token that is refused is only forgotten, so that the caller's next try, with a fresh
    reader, has a new one. When the answer to a body that was sent whole does not come, the image itself is asked.

    :param store: store of a multi-store Glance, "" for its default
    :raises TransferError: the source failed, or held another number of bytes than it promised
    :raises CloudError: the service refused or failed
    """
    access = service.access(service.tuning.life_for(body.size))
    outgoing = Outgoing(body, service.tuning.idle)
    headers = {"Content-Type": BYTES, "Accept": "application/json"}
    if store:
        headers["X-Image-Meta-Store"] = store
    try:
        if body.size == 0:
            # The library sends an iterable without length in chunks: what is nothing is sent as nothing.
            for _ in outgoing:
                continue
        data = outgoing if body.size else None
        answer = service.send(
            "PUT",
            file_path(image_id),
            access,
            headers=headers,
            data=data,
            timeout=service.tuning.time_to_store(body.size),
        )
    except SourceFailed as error:
        known = outgoing.failure or error.__cause__
        if isinstance(known, GlanceSyncError):
            raise known from known.__cause__
        raise TransferError("the source failed") from error
    except (Unreachable, TimedOut) as error:
        cause = f"{error.cause} after {outgoing.sent} of {body.size} bytes"
        failure = type(error)(cause, retryable=error.retryable)
        if not _arrives(service, image_id, body, outgoing, failure):
            raise failure from error
        return
    if answer.status_code == 401:
        service.reject(access)
    if not 200 <= answer.status_code < 300:
        refusal = refused_store(service.failure(Operation.UPLOAD, answer), store, service)
        if answer.status_code not in LOST or not _arrives(service, image_id, body, outgoing, refusal):
            raise refusal
        return
    answer.close()
    if outgoing.sent < body.size:
        raise CloudError(
            f"the service answered HTTP {answer.status_code} after {outgoing.sent} of {body.size} bytes",
            status=answer.status_code,
        )


def _arrives(service: Service, image_id: str, body: Body, outgoing: Outgoing, lost: CloudError) -> bool:
    """Ask after an image whose bytes are all sent, though nobody tells the outcome of the upload.

    A proxy that buffers may go on passing the bytes to a service that has not begun to take them: such an image is
    ``queued`` still. One that is ``queued`` again has failed.

    :param lost: what came in place of the answer
    :return: whether it is active with all of its bytes; what they are worth is for the verification to tell
    :raises TimedOut: its service has taken too long; sent again, the bytes would take as long
    """
    if outgoing.finished is None:
        return False
    tuning = service.tuning
    begun = time.monotonic()
    last = outgoing.finished + tuning.time_to_store(body.size)
    # Somebody who has only run out of patience may still be at it; a broken connection shows soon what it was.
    patient = isinstance(lost, TimedOut) or lost.status == GATEWAY_TIMEOUT
    last_queued = last if patient else min(last, outgoing.finished + tuning.time_to_begin(body.size))
    seen_saving = False
    while True:
        try:
            image = image_of(service.ask(Call(Operation.GET, "GET", image_path(image_id))), "")
        except CloudError:
            # It tells nothing about the image either: what became of the upload is the failure to be told.
            return False
        if image.is_active:
            return image.size == body.size
        if image.status not in ("queued", "saving") or (image.status == "queued" and seen_saving):
            return False
        seen_saving = image.status == "saving"
        now = time.monotonic()
        left = (last if seen_saving else last_queued) - now
        if left <= 0:
            if seen_saving or patient:
                raise _too_late(lost, image.status, now - outgoing.finished)
            return False
        pause(min(left, tuning.next_poll(now - begun)), body.alive)


def _too_late(lost: CloudError, status: str, waited: float) -> TimedOut:
    """What is told of an upload that was waited for in vain; it is not made again."""
    return TimedOut(
        f"{lost.cause}; {duration(waited)} after the last byte the image is still {status}"
        " (upload_answer_timeout, slowest_rate)",
        status=lost.status,
        scope=lost.scope,
        retryable=False,
    )


@contextmanager
def download(service: Service, image_id: str, start: int = 0) -> Iterator[Download]:
    """Open an image's content for one reading.

    :param start: position of the first byte that is wanted; the body tells where it really begins
    :raises CloudError: at opening; while the bytes flow, failures are :class:`TransferError`, and those that a
        fresh reading may get over :class:`SourceBroke`
    """
    answer = _open(service, image_id, start)
    try:
        size = _size(service, image_id, answer)
        begin = _start(answer, size)
        yield Download(size, _SingleReading(answer, begin, size, service.address).pieces, begin)
    finally:
        # What is not read to its end is not worth reading: the connection is dropped, not drained.
        answer.close()


def _open(service: Service, image_id: str, start: int) -> requests.Response:
    headers = {"Accept": BYTES, **({"Range": f"bytes={start}-"} if start else {})}

    def attempt(access: Access) -> requests.Response:
        answer = service.send("GET", file_path(image_id), access, headers=headers, timeout=service.tuning.idle)
        if answer.status_code == 204:
            answer.close()
            raise NotFound("the image has no content", status=204)
        if answer.status_code not in (200, 206):
            raise service.failure(Operation.DOWNLOAD, answer)
        return answer

    return service.persist(lambda _: service.renewing(attempt))


def _start(answer: requests.Response, size: int) -> int:
    """Where the answer begins. Some stores answer 206 and send the whole image: the length tells."""
    stated = CONTENT_RANGE.fullmatch(answer.headers.get("content-range", "").strip())
    if answer.status_code != 206 or stated is None:
        return 0
    first, last = int(stated[1]), int(stated[2])
    return first if size == last - first + 1 else 0


def _size(service: Service, image_id: str, answer: requests.Response) -> int:
    """The number of bytes that the answer promises, or else the image's own statement."""
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise Rejected("the service compresses the content of images, though it was not asked to")
    length = answer.headers.get("content-length", "")
    if length.isdecimal():
        return int(length)
    document = service.ask(Call(Operation.GET, "GET", image_path(image_id)))
    size = image_of(document, "").size
    if size is None:
        raise Rejected("the service does not tell the length of the image's content")
    return size


class _SingleReading:
    """The content of an answer, for one reading; failures tell positions in the whole image."""

    def __init__(self, answer: requests.Response, begin: int, size: int, address: str) -> None:
        self._answer: requests.Response | None = answer
        self._begin = begin
        self._end = begin + size
        self._address = address

    def pieces(self) -> Iterator[bytes]:
        answer, self._answer = self._answer, None
        if answer is None:
            raise TransferError("the content of a download can be read only once")
        return self._read(answer)

    def _read(self, answer: requests.Response) -> Iterator[bytes]:
        reached = self._begin
        try:
            while piece := answer.raw.read(PIECE, decode_content=False):
                reached += len(piece)
                yield piece
        except (urllib3.exceptions.HTTPError, OSError) as error:
            cause = from_exception(error, "Glance", self._address).cause
            raise SourceBroke(f"{cause} after {reached} of {self._end} bytes") from error
        if reached != self._end:
            raise SourceBroke(f"Glance at {self._address} sent {reached} of {self._end} bytes")
