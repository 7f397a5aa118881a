"""The one mapper of answers: whatever is no success becomes one of our typed errors (design 5)."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from enum import Enum

from ...errors import (
    CloudError,
    Conflict,
    Forbidden,
    NotFound,
    QuotaExceeded,
    Rejected,
    Scope,
    ServiceFailure,
    TimedOut,
    Unauthorized,
)
from .addresses import public_url
from .wording import one_line


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
_OF_PROPERTIES = re.compile(r"propert|attribute|number of allowed image tags|\btags?\b", re.IGNORECASE)
_OF_ONE_IMAGE = re.compile(r"provided image is too large|size cap|maximum image size", re.IGNORECASE)
_OF_QUOTA = re.compile(r"quota|limit|remaining|disk space|storage|no space|exceed", re.IGNORECASE)


def from_answer(operation: Operation, status: int, headers: Mapping[str, str], body: bytes) -> CloudError:
    """Turn an answer that is no success into an error.

    :param operation: what was asked
    :param status: HTTP status
    :param headers: the answer's headers, names in any case if the mapping does not care
    :param body: the answer's content, or its beginning
    :return: the error; scope and "may be tried again" follow design 5, "Error scopes"
    """
    said = words(body)
    kind, scope, transient = _class_of(operation, status, said)
    if 300 <= status < 400:
        said = f"redirected to {public_url(headers.get('location', 'nowhere'))}; use the final address"
    cause = f"{said} (HTTP {status})" if said else f"HTTP {status}"
    request_id = next((headers[name] for name in _REQUEST_IDS if name in headers), None)
    return kind(
        cause,
        status=status,
        scope=scope,
        transient=transient,
        request_id=one_line(request_id) if request_id else None,
        retry_after=_seconds(headers.get("retry-after")) if transient else None,
    )


def _class_of(operation: Operation, status: int, said: str) -> tuple[type[CloudError], Scope, bool]:
    """Decide kind, scope and whether to try again, from operation, status and text (design 5)."""
    listing = operation in (Operation.LIST, Operation.SIGN_IN)
    usual = Scope.REGION if listing else Scope.IMAGE
    if status == 401:
        return Unauthorized, Scope.REGION, False
    if status == 403:
        plain = operation is Operation.CREATE and not _OF_PROPERTIES.search(said)
        return Forbidden, Scope.REGION if plain else usual, False
    if status in (404, 410):
        return NotFound, usual, False
    if status == 409:
        return Conflict, usual, False
    if status == 413:
        return (QuotaExceeded, Scope.REGION, False) if _spent(operation, said) else (Rejected, usual, False)
    if status == 408:
        return TimedOut, Scope.REGION, True
    if status in (429, 503):
        return ServiceFailure, Scope.REGION, True
    if status >= 500:
        return ServiceFailure, usual, status not in (501, 505)
    if 400 <= status < 500:
        return Rejected, usual, False
    return CloudError, Scope.REGION, False


def _spent(operation: Operation, said: str) -> bool:
    """Whether a 413 tells of a storage or image-count quota, and not of this image alone (design 5)."""
    if operation not in (Operation.CREATE, Operation.UPLOAD, Operation.IMPORT):
        return False
    if _OF_PROPERTIES.search(said) or _OF_ONE_IMAGE.search(said):
        return False
    return bool(_OF_QUOTA.search(said))


def words(body: bytes) -> str:
    """Find a service's own words in an error's body, be it JSON of some kind, HTML or plain text."""
    text = body.decode("utf-8", "replace")
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    found = _message(document)
    text = _without_markup(found if found is not None else text)
    # Plain text begins with the status; a violated schema is quoted whole, of which the beginning tells all.
    text = re.sub(r"^\s*[1-5]\d\d [A-Z][A-Za-z -]*\n", "", text)
    return one_line(re.split(r"\s+Failed validating '", text)[0])


def _message(document: object) -> str | None:
    """The message of an error document of Keystone, Glance or their middlewares."""
    if not isinstance(document, dict):
        return None
    for key in ("error", "message", "explanation", "description", "title", "faultstring"):
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
        transient=error.transient,
        request_id=error.request_id,
        retry_after=error.retry_after,
    )


def _seconds(header: str | None) -> float | None:
    """The value of ``Retry-After`` when it is a number of seconds; a date is not worth the trouble."""
    return float(header) if header is not None and re.fullmatch(r"\d{1,6}", header.strip()) else None
