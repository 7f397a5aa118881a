"""The id of every request, and its line in the log."""

from __future__ import annotations

import logging
import re
import uuid

REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")

HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
"""Headers of every answer that does not set them itself."""

MAX_LOGGED_CHARACTERS = 300
"""Characters of a path that are logged."""

log = logging.getLogger("glancesync.api")


def name_of(given: str) -> str:
    """The id of a request: the client's own, or a new one.

    :param given: what the client sent as ``X-Request-Id``, "" for nothing
    """
    return given if REQUEST_ID.fullmatch(given) else f"req-{uuid.uuid4()}"


def note(method: str, path: str, code: int, name: str) -> None:
    """Log that a request was answered.

    :param method: of the request
    :param path: as it came, without the query
    :param code: HTTP status of the answer
    :param name: of the request
    """
    shown = path.encode("unicode_escape").decode()[:MAX_LOGGED_CHARACTERS]
    log.info("%s %s %d", method, shown, code, extra={"request": name})
