"""The one mapper of answers: whatever is no success becomes one of our typed errors, as the service's table says."""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from enum import Enum

from ..base.errors import (
    CloudError,
    Conflict,
    Forbidden,
    NotFound,
    Rejected,
    Scope,
    ServiceFailure,
    Throttled,
    TimedOut,
    Unauthorized,
)
from ..base.text import one_line
from .addresses import public_url


class Operation(Enum):
    """What was asked of the cloud; the same status means different things for different operations."""

    SIGN_IN = "sign in"
    LIST = "list"
    GET = "get"
    CREATE = "create"
    UPLOAD = "upload"
    UPDATE = "update"
    DELETE = "delete"
    DOWNLOAD = "download"
    IMPORT = "import"


_REQUEST_IDS = ("x-openstack-request-id", "x-compute-request-id")
_OVER_LIMIT = "overLimit"
"""What a document of OpenStack's rate limits holds, whoever sends it."""


@dataclass(frozen=True)
class Row:
    """What some answers mean. A table of them belongs to the service: the same status means different things.

    :param statuses: the statuses that it is about
    :param kind: the error that they become
    :param scope: how far it reaches; None: the region for a sign-in and a listing, else the image
    :param retryable: whether the same request may succeed a moment later
    :param operations: what was asked, None for whatever
    :param says: what the service's words must hold, None for whatever
    :param names_wait: whether it is only about answers that name a time to wait, or an exceeded rate
    """

    statuses: Container[int]
    kind: type[CloudError]
    scope: Scope | None = None
    retryable: bool = False
    operations: Container[Operation] | None = None
    says: re.Pattern[str] | None = None
    names_wait: bool = False

    def fits(self, operation: Operation, status: int, said: str, *, names_wait: bool) -> bool:
        """Whether it is about an answer."""
        return (
            status in self.statuses
            and (self.operations is None or operation in self.operations)
            and (self.says is None or self.says.search(said) is not None)
            and (names_wait or not self.names_wait)
        )


USUAL: tuple[Row, ...] = (
    Row((401,), Unauthorized, Scope.REGION),
    Row((403,), Forbidden),
    Row((404, 410), NotFound),
    Row((408,), TimedOut, Scope.REGION, retryable=True),
    Row((409,), Conflict),
    Row((429,), Throttled, Scope.REGION, retryable=True),
    Row((503,), Throttled, Scope.REGION, retryable=True, names_wait=True),
    Row((503,), ServiceFailure, Scope.REGION, retryable=True),
    Row((501, 505), ServiceFailure),
    Row(range(500, 1000), ServiceFailure, retryable=True),
    Row(range(400, 500), Rejected),
    Row(range(1000), CloudError, Scope.REGION),
)
"""The end of every table: what statuses mean that a service has no rule of its own for."""


def from_answer(
    table: Sequence[Row], operation: Operation, status: int, headers: Mapping[str, str], body: bytes
) -> CloudError:
    """Turn an answer that is no success into an error.

    :param table: the service's; the first row that fits counts
    :param operation: what was asked
    :param status: HTTP status
    :param headers: the answer's headers, names in any case if the mapping does not care
    :param body: the answer's content, or its beginning
    :return: the error; scope and "may be tried again" follow sync 3.11
    """
    document = _document(body)
    said = words(body)
    over_limit = document.get(_OVER_LIMIT) if isinstance(document, dict) else None
    named = headers.get("retry-after") or (over_limit.get("retryAfter") if isinstance(over_limit, dict) else None)
    asked = seconds_asked(str(named), headers.get("date")) if named is not None else None
    # "Retry-After: 0" names no wait: the same may be asked again at once, and not for long.
    names_wait = bool(asked) or over_limit is not None
    row = next(row for row in table if row.fits(operation, status, said, names_wait=names_wait))
    usual = Scope.REGION if operation in (Operation.LIST, Operation.SIGN_IN) else Scope.IMAGE
    if 300 <= status < 400:
        said = f"redirected to {public_url(headers.get('location', 'nowhere'))}; use the final address"
    cause = f"{said} (HTTP {status})" if said else f"HTTP {status}"
    request_id = next((headers[name] for name in _REQUEST_IDS if name in headers), None)
    return row.kind(
        cause,
        status=status,
        scope=row.scope or usual,
        retryable=row.retryable,
        request_id=one_line(request_id) if request_id else None,
        retry_after=asked if row.retryable else None,
    )


def seconds_asked(text: str, date: str | None) -> float | None:
    """How long a service asks to wait.

    :param text: seconds, or a moment as HTTP or ISO 8601 writes it
    :param date: what the service says the time is, as HTTP writes it; its clock and ours may differ
    :return: seconds, None when it makes no sense
    """
    text = text.strip()
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,9})?", text):
        return float(text)
    until = moment(text)
    if until is None:
        return None
    now = moment(date) if date else None
    return max(0.0, until - (time.time() if now is None else now))


def moment(text: str) -> float | None:
    """Seconds since the epoch of a moment as HTTP or ISO 8601 writes it; None when it is none."""
    for read in (parsedate_to_datetime, lambda text: datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text))):
        try:
            found = read(text.strip())
            return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).timestamp()
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def words(body: bytes) -> str:
    """Find a service's own words in an error's body, be it JSON of some kind, HTML or plain text."""
    text = body.decode("utf-8", "replace")
    found = _message(_document(body))
    text = _without_markup(found if found is not None else text)
    # Plain text begins with the status; a violated schema is quoted whole, of which the beginning tells all.
    text = re.sub(r"^\s*[1-5]\d\d [A-Z][A-Za-z -]*\n", "", text)
    return one_line(re.split(r"\s+Failed validating '", text)[0])


def _document(body: bytes) -> object:
    """What a body holds as JSON; None when it is none."""
    try:
        return json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def _message(document: object) -> str | None:
    """The message of an error document of Keystone, Glance or their middlewares."""
    if not isinstance(document, dict):
        return None
    for key in ("error", _OVER_LIMIT, "message", "explanation", "description", "title", "faultstring"):
        value = document.get(key)
        if isinstance(value, dict):
            return _message(value)
        if isinstance(value, str) and value.strip():
            return value
    return None


def _without_markup(text: str) -> str:
    """Drop tags, and the headings that only repeat the status."""
    if "<" not in text:
        return text
    text = re.sub(r"(?is)<(head|script|style|h1)\b.*?</\1\s*>", " ", text)
    return html.unescape(re.sub(r"(?s)<[^>]*>", " ", text))


def prefixed(error: CloudError, prefix: str) -> CloudError:
    """The same error with a word about where it happened in front."""
    return type(error)(
        f"{prefix}: {error.cause}",
        status=error.status,
        scope=error.scope,
        retryable=error.retryable,
        request_id=error.request_id,
        retry_after=error.retry_after,
    )
