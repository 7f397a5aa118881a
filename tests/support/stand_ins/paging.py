"""How Nova and Cinder list in pages: newest first, by marker, with a link to the next page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

from .http_stand_in import Asked, Refuses


class Listed(Protocol):
    """What is listed."""

    id: str
    created_at: datetime


T = TypeVar("T", bound=Listed)


class PagedLists:
    """Keeps the sorted lists that pages are cut from, as long as nothing changes."""

    def __init__(self) -> None:
        self._lists: dict[tuple[Any, ...], tuple[list[Any], dict[str, int]]] = {}

    def changed(self) -> None:
        """Forget the lists."""
        self._lists.clear()

    def page(
        self,
        asked: Asked,
        key: str,
        select: Callable[[], Iterable[T]],
        show: Callable[[T], Mapping[str, Any]],
        most: int,
        lost_marker: Refuses,
    ) -> dict[str, Any]:
        """One page.

        :param select: all that the filters let through
        :param lost_marker: raised when there is no item of the marker's id
        """
        paging = ("limit", "marker", "with_count")
        cached = (key, asked.headers["x-auth-token"], *sorted(p for p in asked.query.items() if p[0] not in paging))
        if cached not in self._lists:
            rows = sorted(select(), key=lambda row: (row.created_at, row.id), reverse=True)
            self._lists[cached] = rows, {row.id: position for position, row in enumerate(rows)}
        rows, positions = self._lists[cached]
        first, marker = 0, asked.query.get("marker")
        if marker is not None:
            if marker not in positions:
                raise lost_marker
            first = positions[marker] + 1
        limit = min(int(asked.query.get("limit", most)), most)
        shown = rows[first : first + limit]
        document: dict[str, Any] = {key: [show(row) for row in shown]}
        if len(shown) == limit and limit:
            query = urlencode({**asked.query, "marker": shown[-1].id})
            document[f"{key}_links"] = [{"rel": "next", "href": f"http://elsewhere.example{asked.path}?{query}"}]
        if asked.query.get("with_count", "").lower() == "true":
            document["count"] = len(rows)
        return document
