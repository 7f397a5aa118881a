"""Listings in pages of which one knows whether they are whole (volumes 3): what is missing must not look deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

from ..base.errors import CloudError, NotFound, Rejected, Scope
from .answers import Operation
from .catalog import dicts
from .cloud_model import Listing
from .service import Call, Service

_ATTEMPTS = 3
"""A listing begins again when the last item of a page was deleted before the next page was requested, and when an item
was made after a page was read and before all were counted for it."""


class HasId(Protocol):
    """An item of a listing."""

    @property
    def id(self) -> str:
        """Its id."""
        ...


T = TypeVar("T", bound=HasId)


class Unreadable(ValueError):
    """An entry of a listing, or an answer, does not have what the program needs; the text says what."""


@dataclass(frozen=True)
class ListedKind(Generic[T]):
    """What is listed.

    :param path: below the address of the service
    :param key: of the list in each page
    :param read: makes an item of an entry; raises :class:`Unreadable`
    :param is_counted: whether the service counts all items on request
    """

    path: str
    key: str
    read: Callable[[Mapping[str, Any]], T]
    is_counted: bool = True


class _LostMarker(CloudError):
    """The item that marks the beginning of the next page does not exist any more."""


class _TooFew(Exception):
    """The service counts more items than it lists."""


def list_whole(
    service: Service,
    kind: ListedKind[T],
    filters: Mapping[str, str],
    clock: Callable[[], datetime],
    *,
    all_projects: bool = True,
) -> Listing[T]:
    """List items. An error ends the listing: it is not whole then.

    :param filters: only such as the service certainly has: Cinder answers others with an empty list
    :param clock: the present time, aware
    :param all_projects: otherwise those of the account's own project, which need no further rights
    """
    if all_projects:
        filters = {"all_tenants": "1", **filters}
    begun = clock()
    items: list[T] = []
    reason = ""
    for _ in range(_ATTEMPTS):
        items.clear()
        try:
            reason = _read_pages(service, kind, filters, items)
        except _LostMarker as error:
            reason = f"the list of {kind.key} changed too fast: {error}"
            continue
        except _TooFew as error:
            reason = str(error)
            continue
        except CloudError as error:
            reason = f"the list of {kind.key} is not complete: {error}"
        break
    return Listing(items, not reason, reason, begun)


def _read_pages(service: Service, kind: ListedKind[T], filters: Mapping[str, str], items: list[T]) -> str:
    """Read page after page.

    :param items: gets the items, each once
    :return: why something may be missing, "" when nothing is
    """
    parameters = {**filters, "limit": str(service.tuning.page)}
    if kind.is_counted:
        parameters["with_count"] = "true"
    seen: set[str] = set()
    markers: set[str] = set()
    smallest: int | None = None
    problem = ""
    while True:
        document = _page(service, kind, parameters)
        count = document.get("count")
        if isinstance(count, int):
            smallest = count if smallest is None else min(smallest, count)
        problem = _take(document, kind, seen, items) or problem
        marker = _next_marker(document, kind)
        if marker is None or (isinstance(count, int) and len(seen) >= count):
            break
        if marker in markers:
            return f"the pages of the list of {kind.key} go in a circle"
        markers.add(marker)
        parameters["marker"] = marker
    if kind.is_counted and smallest is None:
        return problem or f"the service does not count its {kind.key}"
    if smallest is not None and len(seen) < smallest and not problem:
        raise _TooFew(f"the service counts {smallest} {kind.key} and lists {len(seen)}")
    return problem


def _page(service: Service, kind: ListedKind[T], parameters: Mapping[str, str]) -> dict[str, Any]:
    try:
        document = service.request(Call(Operation.LIST, "GET", f"{kind.path}?{urlencode(parameters)}"))
    except (NotFound, Rejected) as error:
        if "marker" in parameters:
            raise _LostMarker(error.cause, status=error.status, scope=Scope.REGION) from error
        raise
    if not isinstance(document, dict) or not isinstance(document.get(kind.key), list):
        raise CloudError(f"malformed answer: no list of {kind.key}", scope=Scope.REGION)
    return document


def _take(document: Mapping[str, Any], kind: ListedKind[T], seen: set[str], items: list[T]) -> str:
    """Read the entries of a page.

    :return: the problem of an entry that cannot be read, "" when there is none
    """
    problem = ""
    for entry in document[kind.key]:
        try:
            if not isinstance(entry, dict):
                raise Unreadable("an entry is no object")
            item = kind.read(entry)
        except Unreadable as error:
            problem = f"the list of {kind.key} has an entry that cannot be read: {error}"
            continue
        if item.id not in seen:
            seen.add(item.id)
            items.append(item)
    return problem


def _next_marker(document: Mapping[str, Any], kind: ListedKind[T]) -> str | None:
    """The marker of the next page. Of its address only this is used, so that the token is sent nowhere else."""
    for link in dicts(document.get(f"{kind.key}_links")):
        if link.get("rel") == "next":
            values = parse_qs(urlsplit(str(link.get("href"))).query).get("marker")
            if values:
                return values[-1]
            raise CloudError("malformed answer: the link to the next page has no marker", scope=Scope.REGION)
    return None
