"""The requests of a listing (sync 3.0): page after page, within a time limit."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

from ....base.errors import CloudError, NotFound, Rejected, Scope, TimedOut
from ....base.waiting import awaited
from ....openstack.answers import Operation
from ....openstack.credential import same_project
from ....openstack.retry import Deadline
from ....openstack.service import Call, Service
from ...model import DescribedImage, Image
from .image_documents import image_of

T = TypeVar("T")

_GONE = frozenset({"deleted", "pending_delete"})


def own_queries(project: str) -> list[dict[str, str]]:
    """The filters for the images of the project, hidden ones too."""
    return [{"owner": project}, {"owner": project, "os_hidden": "true"}]


def others_queries() -> list[dict[str, str]]:
    """The filters for images of others that everybody can see."""
    return [{"visibility": "public"}, {"visibility": "community"}]


def collect(
    service: Service, region: str, project: str, queries: list[dict[str, str]], seconds: float
) -> tuple[Image, ...]:
    """List the images of all queries (sync 3.0).

    :param region: full name of the region
    :param project: id of the project whose images are ours
    :param queries: filters, one for each listing; they run at the same time
    :param seconds: time limit for all of them, without waits for a service that refuses for now
    :return: the images, each once, by ``created_at`` and id
    :raises TimedOut: it took longer
    """
    return _collect(service, project, queries, seconds, partial(image_of, region=region), lambda image: image)


def describe(
    service: Service, region: str, project: str, queries: list[dict[str, str]], seconds: float
) -> tuple[DescribedImage, ...]:
    """List the images of all queries with their descriptions; see :func:`collect`."""

    def read(document: object) -> DescribedImage:
        image = image_of(document, region)
        return DescribedImage(image, document if isinstance(document, dict) else {})

    return _collect(service, project, queries, seconds, read, lambda described: described.image)


def _collect(
    service: Service,
    project: str,
    queries: list[dict[str, str]],
    seconds: float,
    read: Callable[[object], T],
    image_in: Callable[[T], Image],
) -> tuple[T, ...]:
    """List what all queries find.

    :param read: makes an entry of a document of Glance
    :param image_in: returns the image of an entry
    """
    # The time for the sign-in, with waits for a Keystone, does not count.
    service.access()

    def pages(query: dict[str, str], deadline: Deadline) -> list[T]:
        return _whole_list(service, read, query, deadline)

    workers = ThreadPoolExecutor(max_workers=len(queries))
    try:
        spare = service.tuning.wait_limit
        asked = [workers.submit(pages, query, Deadline(seconds, spare)) for query in queries]
        lists = [awaited(future) for future in asked]
    except TimedOut as error:
        raise TimedOut(f"no complete image list within {seconds:g} s") from error
    finally:
        # When one has failed, or the run is interrupted, the others are not needed.
        workers.shutdown(wait=False, cancel_futures=True)
    entries = [(image_in(entry), entry) for entries in lists for entry in entries]
    found = {image.id: (image.order, entry) for image, entry in entries if _is_for_us(image, project)}
    return tuple(entry for _, entry in sorted(found.values(), key=lambda pair: pair[0]))


def _is_for_us(image: Image, project: str) -> bool:
    """Whether an image counts: never a private or shared one of others, whatever a service sends (sync 3.0)."""
    if image.status in _GONE:
        return False
    return same_project(image.owner, project) or image.visibility in ("public", "community")


def _whole_list(
    service: Service, read: Callable[[object], T], query: dict[str, str], deadline: Deadline
) -> list[T]:
    """One listing. It begins anew, once, if the last image of a page is deleted meanwhile."""
    try:
        return _pages(service, read, query, deadline)
    except _LostMarker:
        return _pages(service, read, query, deadline)


class _LostMarker(NotFound):
    """The image that marks the beginning of the next page does not exist any more."""


def _pages(
    service: Service, read: Callable[[object], T], query: dict[str, str], deadline: Deadline
) -> list[T]:
    parameters = urlencode({**query, "limit": service.tuning.page})
    images: list[T] = []
    asked: set[str] = set()
    while parameters not in asked:
        asked.add(parameters)
        call = Call(Operation.LIST, "GET", f"/v2/images?{parameters}")
        try:
            document = service.request(call, deadline)
        except (NotFound, Rejected) as error:
            if len(asked) > 1:
                raise _LostMarker(error.cause, status=error.status, scope=Scope.REGION) from error
            raise
        listed = document.get("images") if isinstance(document, dict) else None
        if not isinstance(listed, list):
            raise CloudError("malformed answer: no list of images", scope=Scope.REGION)
        images.extend(map(read, listed))
        following = document.get("next")
        if not isinstance(following, str) or not following:
            return images
        # The address comes from the service: only its query is used, so that the token is sent nowhere else.
        parameters = urlsplit(following).query
    raise CloudError("malformed answer: the pages of the list go in a circle", scope=Scope.REGION)
