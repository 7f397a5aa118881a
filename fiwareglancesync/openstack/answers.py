"""The only mapper of answers: an answer that is no success becomes an error, by the table of the service."""

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
    Redirected,
    Rejected,
    Scope,
    ServiceFailure,
    Throttled,
    TimedOut,
    Unauthorized,
    Unreachable,
)
from ..base.text import one_line
from .addresses import url_without_secrets


class Operation(Enum):
    """The kind of a request; the same status means different things for different operations."""

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
"""The key in an answer of a rate limit, whichever service or proxy sends it."""


@dataclass(frozen=True)
class Row:
    """The meaning of some answers. Each service has a table of rows: the same status means different things.

    :param statuses: the statuses of the answers
    :param kind: the class of the error
    :param scope: the scope of the error; None: the region for a sign-in and a listing, else the image
    :param retryable: whether the same request may succeed later
    :param operations: the operations of the requests, None for all
    :param says: pattern in the words of the service, None for any words
    :param names_wait: whether the row is only for answers that name a time to wait, or an exceeded rate
    :param advice: what the answer means for the user and how to mend it, "" when the words of the service say it
    """

    statuses: Container[int]
    kind: type[CloudError]
    scope: Scope | None = None
    retryable: bool = False
    operations: Container[Operation] | None = None
    says: re.Pattern[str] | None = None
    names_wait: bool = False
    advice: str = ""

    def fits(self, operation: Operation, status: int, said: str, *, names_wait: bool) -> bool:
        """Whether the row has the meaning of an answer."""
        return (
            status in self.statuses
            and (self.operations is None or operation in self.operations)
            and (self.says is None or self.says.search(said) is not None)
            and (names_wait or not self.names_wait)
        )


_OF_TLS_PORT = re.compile(r"plain HTTP request was sent to HTTPS port|plain HTTP to an SSL-enabled", re.IGNORECASE)

USUAL: tuple[Row, ...] = (
    Row((400,), Unreachable, Scope.REGION, says=_OF_TLS_PORT, advice="the address has to begin with https://"),
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
    Row(range(300, 400), Redirected, Scope.REGION),
    Row(range(1000), CloudError, Scope.REGION),
)
"""The end of every table: what statuses mean for which a service has no row of its own."""


def from_answer(
    table: Sequence[Row], operation: Operation, status: int, headers: Mapping[str, str], body: bytes
) -> CloudError:
    """Turn an answer that is no success into an error.

    :param table: the rows of the service; the first that fits counts
    :param operation: the operation of the request
    :param status: HTTP status
    :param headers: the headers; the mapping ignores the case of names, or they are in lower case
    :param body: the content, or its beginning
    :return: the error, with scope and ``retryable`` as sync 3.11 says
    """
    document = _document(body)
    said = words(body)
    over_limit = document.get(_OVER_LIMIT) if isinstance(document, dict) else None
    named = headers.get("retry-after") or (over_limit.get("retryAfter") if isinstance(over_limit, dict) else None)
    asked = seconds_asked(str(named), headers.get("date")) if named is not None else None
    # "Retry-After: 0" names no wait: the request is repeated as one that failed.
    names_wait = bool(asked) or over_limit is not None
    row = next(row for row in table if row.fits(operation, status, said, names_wait=names_wait))
    usual = Scope.REGION if operation in (Operation.LIST, Operation.SIGN_IN) else Scope.IMAGE
    if 300 <= status < 400:
        said = _redirection(headers.get("location"))
    said = said.rstrip(" :")
    cause = f"{said} (HTTP {status})" if said else f"HTTP {status}"
    if row.advice:
        cause += f"; {row.advice}"
    request_id = next((headers[name] for name in _REQUEST_IDS if name in headers), None)
    return row.kind(
        cause,
        status=status,
        scope=row.scope or usual,
        retryable=row.retryable,
        request_id=one_line(request_id) if request_id else None,
        retry_after=asked if row.retryable else None,
    )


def _redirection(location: str | None) -> str:
    """What an answer means that leads elsewhere."""
    if location is None:
        # A service lists its versions like this when the path has none of them.
        return "the service does not know this path; check the path of its address"
    return f"redirected to {url_without_secrets(location)}; use the final address"


def seconds_asked(text: str, date: str | None) -> float | None:
    """How long a service asks to wait.

    :param text: seconds, or a time as HTTP or ISO 8601 writes it
    :param date: the time of the service's clock, as HTTP writes it; its clock and ours may differ
    :return: seconds, None when the text makes no sense
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
    """Seconds since the epoch of a time as HTTP or ISO 8601 writes it; None when it is no time."""
    for read in (parsedate_to_datetime, lambda text: datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text))):
        try:
            found = read(text.strip())
            return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).timestamp()
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def words(body: bytes) -> str:
    """Find the message of a service in the body of an error: JSON of several forms, HTML or plain text."""
    text = body.decode("utf-8", "replace")
    found = _message(_document(body))
    text = _without_markup(found if found is not None else text)
    # Plain text begins with the status. A violated schema is quoted whole; its beginning is enough.
    text = re.sub(r"^\s*[1-5]\d\d [A-Z][A-Za-z -]*\n", "", text)
    return one_line(re.split(r"\s+Failed validating '", text)[0])


def _document(body: bytes) -> object:
    """A body as JSON; None when it is no JSON."""
    try:
        return json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def _message(document: object) -> str | None:
    """The message in an error document of a service or of its middlewares."""
    if not isinstance(document, dict):
        return None
    for key in ("error", _OVER_LIMIT, "message", "explanation", "description", "title", "faultstring"):
        value = document.get(key)
        if isinstance(value, dict):
            return _message(value)
        if isinstance(value, str) and value.strip():
            return value
    # Nova and Cinder name the class of the error: {"badRequest": {"code": 400, "message": ...}}.
    only = next(iter(document.values())) if len(document) == 1 else None
    return _message(only) if isinstance(only, dict) else None


def _without_markup(text: str) -> str:
    """Drop tags, and the headings that only repeat the status."""
    if "<" not in text:
        return text
    text = re.sub(r"(?is)<(head|script|style|h1)\b.*?</\1\s*>", " ", text)
    return html.unescape(re.sub(r"(?s)<[^>]*>", " ", text))


def prefixed(error: CloudError, prefix: str) -> CloudError:
    """The same error with a prefix that says where it happened."""
    made = type(error)(
        f"{prefix}: {error.cause}",
        status=error.status,
        scope=error.scope,
        retryable=error.retryable,
        request_id=error.request_id,
        retry_after=error.retry_after,
    )
    vars(made).update({name: value for name, value in vars(error).items() if name not in vars(made)})
    return made
