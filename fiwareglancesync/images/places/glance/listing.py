"""The requests of a listing (sync 3.0): page after page, within a time limit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode, urlsplit

from ....base.errors import CloudError, NotFound, Rejected, Scope, TimedOut
from ....base.waiting import awaited
from ....openstack.answers import Operation
from ....openstack.credential import same_project
from ....openstack.retry import Deadline
from ....openstack.service import Call, Service
from ...model import Image
from .image_documents import image_of

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
    # The time for the sign-in, with waits for a Keystone, does not count.
    service.access()

    def pages(query: dict[str, str], deadline: Deadline) -> list[Image]:
        return _whole_list(service, region, query, deadline)

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
    found = {image.id: image for images in lists for image in images if _is_for_us(image, project)}
    return tuple(sorted(found.values(), key=lambda image: image.order))


def _is_for_us(image: Image, project: str) -> bool:
    """Whether an image counts: never a private or shared one of others, whatever a service sends (sync 3.0)."""
    if image.status in _GONE:
        return False
    return same_project(image.owner, project) or image.visibility in ("public", "community")


def _whole_list(service: Service, region: str, query: dict[str, str], deadline: Deadline) -> list[Image]:
    """One listing. It begins anew, once, if the last image of a page is deleted meanwhile."""
    try:
        return _pages(service, region, query, deadline)
    except _LostMarker:
        return _pages(service, region, query, deadline)


class _LostMarker(NotFound):
    """The image that marks the beginning of the next page does not exist any more."""


def _pages(service: Service, region: str, query: dict[str, str], deadline: Deadline) -> list[Image]:
    parameters = urlencode({**query, "limit": service.tuning.page})
    images: list[Image] = []
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
        images.extend(image_of(each, region) for each in listed)
        following = document.get("next")
        if not isinstance(following, str) or not following:
            return images
        # The address comes from the service: only its query is used, so that the token is sent nowhere else.
        parameters = urlsplit(following).query
    raise CloudError("malformed answer: the pages of the list go in a circle", scope=Scope.REGION)
