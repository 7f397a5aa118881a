"""What the stand-ins for Nova and Cinder have in common: tokens, routes, and lists that pages are cut from."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TypeAlias

from .cloud_state import CloudState
from .http_stand_in import Asked, Refuses, Reply
from .paging import PagedLists

ONE = "([^/]+)"
"""An id in the pattern of a route."""

Route: TypeAlias = tuple[str, str, Callable[..., Reply]]
"""Method, pattern of the path, and what serves: it gets the request, the caller, and the ids in the path."""


class ServiceStandIn(ABC):
    """Answers the requests to a service."""

    def __init__(self, state: CloudState) -> None:
        self._state = state
        self.lists = PagedLists()

    @abstractmethod
    def _routes(self) -> Sequence[Route]:
        """What the service serves."""

    def answer(self, asked: Asked, path: str) -> Reply:
        """Answer a request.

        :param path: below the address, without version and project
        """
        caller = self._state.caller(asked.headers.get("x-auth-token", ""))
        if caller is None:
            return Reply(401, {"error": {"code": 401, "message": "The request you have made requires authentication."}})
        for method, pattern, serve in self._routes():
            found = re.fullmatch(pattern, path)
            if found and method == asked.method:
                if method != "GET":
                    self.lists.changed()
                return serve(asked, caller, *found.groups())
        raise Refuses(404, "itemNotFound", "The resource could not be found.")
