"""The one mapper: what a cloud answered, or failed to answer, becomes one of our typed errors (design 5)."""

from __future__ import annotations

import html
import http.client
import json
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from enum import Enum
from urllib.parse import urlsplit, urlunsplit

import requests
import urllib3.exceptions

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
    Unreachable,
)

LONGEST = 400
"""Characters of a service's own words that are passed on."""


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
    if operation not in (Operation.CREATE, Operation.UPLOAD):
        return False
    if _OF_PROPERTIES.search(said) or _OF_ONE_IMAGE.search(said):
        return False
    return bool(_OF_QUOTA.search(said))


def from_exception(error: BaseException, service: str, url: str) -> CloudError:
    """Turn what the HTTP library raised into an error; its text holds no secret and one line.

    :param error: the exception, whose causes are searched for the reason
    :param service: who was asked (``Glance``, ``Keystone``)
    :param url: the address that was asked
    :return: the error, for the caller to raise from ``error``
    """
    who = f"{service} at {public_url(url)}"
    chain = list(_causes(error))
    for cause in chain:
        if isinstance(cause, CloudError):
            return cause
        if isinstance(cause, socket.gaierror):
            again = cause.errno == socket.EAI_AGAIN
            return Unreachable(f"{who}: the host name cannot be resolved ({_reason(cause)})", transient=again)
        if isinstance(cause, (ssl.SSLError, requests.exceptions.SSLError)):
            return Unreachable(
                f"{who}: no trusted connection ({_tls_reason(chain)}); name the authority's file in cacert",
                transient=False,
            )
        if isinstance(cause, requests.exceptions.ProxyError):
            return Unreachable(f"{who}: the proxy does not pass the request on ({_reason(chain[-1])})")
        if isinstance(cause, _TIMEOUTS):
            return TimedOut(f"{who} did not answer in time")
        if isinstance(cause, _ADDRESSES):
            return Unreachable(f"{who}: not a usable address ({_reason(cause)})", transient=False)
    for cause in reversed(chain):
        if isinstance(cause, ConnectionRefusedError):
            return Unreachable(f"{who} does not answer (connection refused)")
        if isinstance(cause, OSError) and cause.strerror:
            return Unreachable(f"{who} does not answer ({_reason(cause)})")
    if isinstance(error, OSError) and "CA certificate" in str(error):
        return Unreachable(f"{who}: {one_line(str(error))}", transient=False)
    if any(isinstance(cause, http.client.RemoteDisconnected) for cause in chain):
        return Unreachable(f"{who} closed the connection without an answer")
    cut = (http.client.IncompleteRead, urllib3.exceptions.IncompleteRead)
    if any(isinstance(cause, cut) for cause in chain):
        return Unreachable(f"{who} broke off its answer")
    return Unreachable(f"{who} does not speak HTTP as expected ({_reason(chain[-1])})")


_TIMEOUTS = (TimeoutError, requests.exceptions.Timeout, urllib3.exceptions.TimeoutError)
_ADDRESSES = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
    urllib3.exceptions.LocationValueError,
    UnicodeError,
)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and everything it was made from, outermost first."""
    seen: set[int] = set()
    waiting: list[BaseException] = [error]
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
        waiting.extend(each for each in inner if isinstance(each, BaseException))


def _reason(error: BaseException) -> str:
    """The shortest true sentence about an exception."""
    if isinstance(error, OSError) and error.strerror:
        return one_line(error.strerror)
    return type(error).__name__


def _tls_reason(chain: list[BaseException]) -> str:
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return one_line(cause.verify_message or str(cause))
        if isinstance(cause, ssl.SSLError) and cause.reason:
            return one_line(cause.reason.lower().replace("_", " "))
    return "TLS failed"


def words(body: bytes) -> str:
    """Find a service's own words in an error's body, be it JSON of some kind, HTML or plain text."""
    text = body.decode("utf-8", "replace")
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    found = _message(document)
    return one_line(_without_markup(found if found is not None else text))


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


def one_line(text: str) -> str:
    """A text as one short line without control characters."""
    clean = "".join(c if c.isprintable() else " " for c in text)
    clean = " ".join(clean.split())
    return clean if len(clean) <= LONGEST else clean[: LONGEST - 1] + "…"


def public_url(url: str) -> str:
    """An address as it may be shown: without the user, password and query that it may hold."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        return one_line(urlunsplit((parts.scheme, host, parts.path, "", "")))
    except ValueError:
        return "an address that cannot be parsed"


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
