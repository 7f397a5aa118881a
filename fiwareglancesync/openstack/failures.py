"""The only mapper of missing answers: what the libraries raise becomes one of our errors."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator

import requests
import urllib3.exceptions
from requests.utils import get_environ_proxies, select_proxy

from ..base.errors import CloudError, TimedOut, Unreachable
from ..base.text import one_line
from .addresses import url_without_secrets
from .tls_failures import WRITE_HTTP, WRITE_HTTPS, expects_tls, tls_failure

FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError)
"""What the HTTP libraries raise when there is no answer, or only a part of one."""


def from_exception(error: BaseException, service: str, url: str, *, is_first: bool = False) -> CloudError:
    """Turn an exception of the HTTP library into an error, with one line of text without secrets.

    :param error: the exception; the reason is searched in its causes too
    :param service: name of the service (``Glance``, ``Keystone``)
    :param url: the address of the request
    :param is_first: whether there has been no answer from this address yet: it may be wrong
    :return: the error, for the caller to raise from ``error``
    """
    who = f"{service} at {url_without_secrets(url)}{through_proxy(url)}"
    advice = f"; if it expects TLS, {WRITE_HTTPS}" if is_first and url.strip().lower().startswith("http://") else ""
    chain = list(_causes(error))

    # The libraries wrap exceptions (to them a refused connection is a kind of time-out): causes come before classes.
    def found(*kinds: type[BaseException]) -> BaseException | None:
        return next((cause for cause in chain if isinstance(cause, kinds)), None)

    known = found(CloudError)
    if isinstance(known, CloudError):
        return known
    if found(requests.exceptions.ProxyError):
        return Unreachable(f"{who}: the proxy does not pass the request on ({_reason(_deepest(chain))})")
    name = found(socket.gaierror)
    if isinstance(name, socket.gaierror):
        again = name.errno == socket.EAI_AGAIN
        return Unreachable(f"{who}: the host name cannot be resolved ({_reason(name)})", retryable=again)
    if found(ConnectionRefusedError):
        return Unreachable(f"{who} does not answer (connection refused)")
    certificate = _client_certificate(chain)
    if certificate:
        return Unreachable(f"{who}: {certificate}; see cert and key (OS_CERT, OS_KEY)", retryable=False)
    if found(ssl.SSLError, requests.exceptions.SSLError):
        return Unreachable(f"{who}: {tls_failure(chain)}", retryable=False)
    if expects_tls(chain):
        return Unreachable(f"{who} speaks TLS; {WRITE_HTTPS}", retryable=False)
    if found(*_ADDRESSES):
        return Unreachable(f"{who}: this is no usable http or https address", retryable=False)
    system = [cause.strerror for cause in chain if isinstance(cause, OSError) and cause.strerror]
    if found(http.client.RemoteDisconnected):
        return Unreachable(f"{who} closed the connection without an answer{advice}")
    if found(ConnectionResetError):
        return Unreachable(f"{who} closed the connection (connection reset){advice}")
    if system and not found(TimeoutError):
        return Unreachable(f"{who} does not answer ({one_line(system[-1])})")
    if found(*_TIMEOUTS) and any("handshake" in str(cause) for cause in chain):
        return TimedOut(f"{who} did not answer in time when TLS began; if it does not speak TLS, {WRITE_HTTP}")
    if found(*_TIMEOUTS):
        return TimedOut(f"{who} did not answer in time")
    if any(text in str(error) for text in ("CA certificate", "TLS certificate file", "TLS key file")):
        return Unreachable(f"{who}: {one_line(str(error))}", retryable=False)
    if found(http.client.IncompleteRead, urllib3.exceptions.IncompleteRead):
        return Unreachable(f"{who} broke off its answer")
    return Unreachable(f"{who} does not speak HTTP as expected ({_reason(chain[-1])})")


def was_not_sent(error: BaseException) -> bool:
    """Whether there was no connection, so that a request cannot have reached the service.

    :param error: an error that :func:`from_exception` made, with its causes
    """
    return any(isinstance(cause, _NOT_SENT) for cause in _causes(error))


def through_proxy(url: str) -> str:
    """Which proxy of the environment is used for an address, as a phrase in brackets; "" for none."""
    try:
        proxy = select_proxy(url, get_environ_proxies(url))
    except ValueError:
        return ""
    if not proxy:
        return ""
    return f" (through the proxy {url_without_secrets(proxy)}, see http_proxy, https_proxy and no_proxy)"


_TIMEOUTS = (TimeoutError, requests.exceptions.Timeout, urllib3.exceptions.TimeoutError)
_NOT_SENT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    requests.exceptions.ConnectTimeout,
    socket.gaierror,
    ssl.SSLCertVerificationError,
)
_ADDRESSES = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    urllib3.exceptions.LocationValueError,
    UnicodeError,
)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and all its causes, outermost first."""
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


def _deepest(chain: list[BaseException]) -> BaseException:
    """The cause that says most: an error of the system, else the innermost one."""
    return next((cause for cause in reversed(chain) if isinstance(cause, OSError) and cause.strerror), chain[-1])


def _reason(error: BaseException) -> str:
    """The reason of an exception, in a few words."""
    if isinstance(error, OSError) and error.strerror:
        return one_line(error.strerror)
    return type(error).__name__


def _client_certificate(chain: list[BaseException]) -> str:
    """What is wrong with the client certificate; "" when it is not the reason."""
    for cause in chain:
        if isinstance(cause, ssl.SSLError):
            text = one_line((cause.reason or str(cause)).lower().replace("_", " "))
            if "key values mismatch" in text or "pem lib" in text:
                return f"the client certificate cannot be used ({text})"
            if "alert" in text and "certificate" in text and "unknown ca" not in text:
                return f"the client certificate is missing or not accepted ({text})"
    return ""
