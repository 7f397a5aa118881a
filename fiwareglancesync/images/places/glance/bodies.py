"""The content of images: an upload is sent once, a download is opened for one reading."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import requests
import urllib3.exceptions

from ....base.content import PIECE_BYTES, Body, Download
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

CONTENT_TYPE = "application/octet-stream"
BAD_GATEWAY, GATEWAY_TIMEOUT = 502, 504
ANSWERS_OF_A_PROXY = frozenset((BAD_GATEWAY, GATEWAY_TIMEOUT))
"""What a load balancer answers if it did not get the answer of the service, or did not wait for it."""

CONTENT_RANGE = re.compile(r"bytes\s+(\d{1,18})-(\d{1,18})(?:/(?:\d+|\*))?")


def image_path(image_id: str) -> str:
    """The path of an image; its id may have any characters."""
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
    """Send the content of an image in one request with a known length.

    It is never sent twice: if the token is refused, it is only forgotten, so that the next attempt of the caller has a
    new one. If there is no answer to a body that was sent completely, the state of the image is read instead.

    :param store: store of a multi-store Glance, "" for its default
    :raises TransferError: the source failed, or had another number of bytes than it stated
    :raises CloudError: the service refused or failed
    """
    access = service.access(service.tuning.life_for(body.size))
    outgoing = Outgoing(body, service.tuning.idle)
    headers = {"Content-Type": CONTENT_TYPE, "Accept": "application/json"}
    if store:
        headers["X-Image-Meta-Store"] = store
    try:
        if body.size == 0:
            # The library would send an empty iterable in chunks: no data is sent as no body.
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
        refused = refused_store(service.failure(Operation.UPLOAD, answer), store, service)
        if answer.status_code not in ANSWERS_OF_A_PROXY or not _arrives(service, image_id, body, outgoing, refused):
            raise refused
        return
    answer.close()
    if outgoing.sent < body.size:
        raise CloudError(
            f"the service answered HTTP {answer.status_code} after {outgoing.sent} of {body.size} bytes",
            status=answer.status_code,
        )


def _arrives(service: Service, image_id: str, body: Body, outgoing: Outgoing, lost: CloudError) -> bool:
    """Wait for an image whose bytes have all been sent, but whose upload was not answered.

    A proxy that buffers may still be passing the bytes to a service that has not begun to take them: such an image is
    still ``queued``. One that is ``queued`` again has failed.

    :param lost: the error instead of the answer
    :return: whether the image is active with all its bytes; they are verified later
    :raises TimedOut: the service takes too long; another upload would take as long
    """
    if outgoing.finished is None:
        return False
    tuning = service.tuning
    begun = time.monotonic()
    last = outgoing.finished + tuning.time_to_store(body.size)
    # After a time-out the service may still be working; after a broken connection the state of the image shows soon.
    is_slow = isinstance(lost, TimedOut) or lost.status == GATEWAY_TIMEOUT
    last_queued = last if is_slow else min(last, outgoing.finished + tuning.time_to_begin(body.size))
    seen_saving = False
    while True:
        try:
            image = image_of(service.request(Call(Operation.GET, "GET", image_path(image_id))), "")
        except CloudError:
            # The state of the image is not known either: the error of the upload is reported.
            return False
        if image.is_active:
            return image.size == body.size
        if image.status not in ("queued", "saving") or (image.status == "queued" and seen_saving):
            return False
        seen_saving = image.status == "saving"
        now = time.monotonic()
        left = (last if seen_saving else last_queued) - now
        if left <= 0:
            if seen_saving or is_slow:
                raise _too_late(lost, image.status, now - outgoing.finished)
            return False
        pause(min(left, tuning.next_poll(now - begun)), body.alive)


def _too_late(lost: CloudError, status: str, waited: float) -> TimedOut:
    """The error of an upload whose image did not become active in time; it is not repeated."""
    return TimedOut(
        f"{lost.cause}; {duration(waited)} after the last byte the image is still {status}"
        " (upload_answer_timeout, slowest_rate)",
        status=lost.status,
        scope=lost.scope,
        retryable=False,
    )


@contextmanager
def download(service: Service, image_id: str, start: int = 0) -> Iterator[Download]:
    """Open the content of an image for one reading.

    :param start: position of the first byte that is needed; ``Body.start`` is the position where it really begins
    :raises CloudError: it cannot be opened; errors during the reading are :class:`TransferError`, and
        :class:`SourceBroke` if another reading may succeed
    """
    answer = _open(service, image_id, start)
    try:
        size = _size(service, image_id, answer)
        begin = _start(answer, size)
        yield Download(size, _SingleReading(answer, begin, size, service.address).pieces, begin)
    finally:
        # The rest of an answer that is not read to its end would take time: the connection is closed.
        answer.close()


def _open(service: Service, image_id: str, start: int) -> requests.Response:
    headers = {"Accept": CONTENT_TYPE, **({"Range": f"bytes={start}-"} if start else {})}

    def attempt(access: Access) -> requests.Response:
        answer = service.send("GET", file_path(image_id), access, headers=headers, timeout=service.tuning.idle)
        if answer.status_code == 204:
            answer.close()
            raise NotFound("the image has no content", status=204)
        if answer.status_code not in (200, 206):
            raise service.failure(Operation.DOWNLOAD, answer)
        return answer

    return service.with_retries(lambda _: service.renewing(attempt))


def _start(answer: requests.Response, size: int) -> int:
    """Position of the first byte of an answer. Some stores answer 206 and send the whole image, as the length shows."""
    stated = CONTENT_RANGE.fullmatch(answer.headers.get("content-range", "").strip())
    if answer.status_code != 206 or stated is None:
        return 0
    first, last = int(stated[1]), int(stated[2])
    return first if size == last - first + 1 else 0


def _size(service: Service, image_id: str, answer: requests.Response) -> int:
    """The number of bytes in the header of the answer, or else in the description of the image."""
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise Rejected("the service compresses the content of images, though it was not asked to")
    length = answer.headers.get("content-length", "")
    if length.isdecimal():
        return int(length)
    document = service.request(Call(Operation.GET, "GET", image_path(image_id)))
    size = image_of(document, "").size
    if size is None:
        raise Rejected("the service does not state the length of the image's content")
    return size


class _SingleReading:
    """The content of an answer, for one reading. Errors name positions in the whole image."""

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
            while piece := answer.raw.read(PIECE_BYTES, decode_content=False):
                reached += len(piece)
                yield piece
        except (urllib3.exceptions.HTTPError, OSError) as error:
            cause = from_exception(error, "Glance", self._address).cause
            raise SourceBroke(f"{cause} after {reached} of {self._end} bytes") from error
        if reached != self._end:
            raise SourceBroke(f"Glance at {self._address} sent {reached} of {self._end} bytes")
