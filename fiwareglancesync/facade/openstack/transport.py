"""HTTP connections as this program needs them: pooled, bounded in time, attentive while sending, logged."""

from __future__ import annotations

import logging
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

import requests
import requests.adapters
import urllib3
import urllib3.connection
import urllib3.connectionpool

from ... import __version__
from ...errors import GlanceSyncError, TransferError
from ..port import Body
from .addresses import public_url
from .tuning import Tuning

USER_AGENT = f"glancesync/{__version__}"
_LOG = logging.getLogger("glancesync.http")
_POOLS = 128


class SourceFailed(Exception):
    """The source of a body failed while it was being sent; ends the request and never leaves this package."""


class Outgoing:
    """A body for one sending: an iterable with a length and without ``read()``, which is sent piece by piece.

    A failing source must not look like a failing connection, for those are sometimes forgiven by the HTTP
    library: whatever the source raises is kept in ``failure`` and sent on as :class:`SourceFailed`.

    :param body: where the bytes come from; its pieces are taken once
    :param idle: seconds without progress after which sending is given up
    """

    def __init__(self, body: Body, idle: float) -> None:
        self.size = body.size
        self.idle = idle
        self.sent = 0
        self.failure: Exception | None = None
        self._source = body.pieces

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[bytes]:
        """The pieces; the last one only when the source has ended well, so that a bad one is never complete."""
        try:
            source = iter(self._source())
            reached = 0
            held: bytes | None = None
            for piece in source:
                reached += len(piece)
                if reached > self.size:
                    raise TransferError(f"the source holds more than the {self.size} bytes it promised")
                if held is not None:
                    yield held
                    self.sent += len(held)
                    held = None
                if reached < self.size:
                    yield piece
                    self.sent += len(piece)
                else:
                    held = piece
            if reached < self.size:
                raise TransferError(f"the source ended after {reached} of {self.size} bytes")
            if held is not None:
                yield held
                self.sent += len(held)
        except GlanceSyncError as error:
            self.failure = error
            raise SourceFailed from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            self.failure = TransferError(f"the source cannot be read ({reason})")
            self.failure.__cause__ = error
            raise SourceFailed from error


class _Attentive:
    """What a connection does beyond its library's: while it sends a body it notices an early answer.

    A service that refuses an upload (quota, format) answers and closes before it has read everything. The
    sender must stop then and read the answer, instead of reporting a broken pipe; urllib3 does so when it is
    told ``BrokenPipeError``. Such a connection is never used again.
    """

    sock: socket.socket | ssl.SSLSocket | None
    _idle: float | None = None
    _in_body = False
    _spoiled = False

    def request(self, method: str, url: str, body: Any = None, *args: Any, **kwargs: Any) -> None:
        self._idle = body.idle if isinstance(body, Outgoing) else None
        self._in_body = False
        super().request(method, url, body, *args, **kwargs)  # type: ignore[misc]

    def endheaders(self, *args: Any, **kwargs: Any) -> None:
        super().endheaders(*args, **kwargs)  # type: ignore[misc]
        self._in_body = self._idle is not None
        if self._in_body and self.sock is not None:
            self.sock.settimeout(self._idle)

    def send(self, data: Any) -> None:
        if not self._in_body:
            super().send(data)  # type: ignore[misc]
            return
        try:
            if isinstance(self.sock, ssl.SSLSocket) or self.sock is None:
                # What comes in under TLS may be a message of TLS itself: it tells nothing before the end.
                super().send(data)  # type: ignore[misc]
            else:
                self._send_listening(self.sock, memoryview(data))
        except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            self._stop()

    def _send_listening(self, sock: socket.socket, data: memoryview) -> None:
        """Send everything, but stop as soon as something comes in; time counts from the last progress."""
        poll = select.poll()
        poll.register(sock, select.POLLIN | select.POLLOUT)
        idle = None if self._idle is None else self._idle * 1000
        while data:
            ready = poll.poll(idle)
            if not ready:
                raise TimeoutError("no progress")
            if ready[0][1] & select.POLLIN:
                self._stop()
            data = data[sock.send(data) :]

    def close(self) -> None:
        super().close()  # type: ignore[misc]
        self._spoiled = False

    @property
    def is_connected(self) -> bool:
        return not self._spoiled and bool(super().is_connected)  # type: ignore[misc]

    def _stop(self) -> NoReturn:
        self._spoiled = True
        raise BrokenPipeError


class _Connection(_Attentive, urllib3.connection.HTTPConnection):
    pass


class _TlsConnection(_Attentive, urllib3.connection.HTTPSConnection):
    pass


class _Pool(urllib3.connectionpool.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(urllib3.connectionpool.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOL_CLASSES = {"http": _Pool, "https": _TlsPool}


class _Adapter(requests.adapters.HTTPAdapter):
    """Our connections for ``requests``; a time-out on every request, and one line of log a request."""

    def __init__(self, tuning: Tuning) -> None:
        self._timeout = (tuning.connect, tuning.control)
        super().__init__(pool_connections=_POOLS, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        options = [*urllib3.connection.HTTPConnection.default_socket_options]
        # A store may settle for minutes after the last byte: without probes, firewalls forget connections.
        options.append((socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1))
        super().init_poolmanager(*args, socket_options=options, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOL_CLASSES

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOL_CLASSES
        return manager

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["timeout"] = kwargs.get("timeout") or self._timeout
        if not _LOG.isEnabledFor(logging.DEBUG):
            return super().send(request, *args, **kwargs)
        begun = time.monotonic()
        result = "failed"
        try:
            response = super().send(request, *args, **kwargs)
            identifier = response.headers.get("x-openstack-request-id", "")
            result = f"{response.status_code} {identifier}".rstrip()
            return response
        finally:
            query = (request.url or "").partition("?")[2]
            url = public_url(request.url or "") + (f"?{query}" if query else "")
            _LOG.debug("%s %s: %s in %.3f s", request.method, url, result, time.monotonic() - begun)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """The authentication of a session whose requests carry their tokens already.

    Without it, ``requests`` would add what ``~/.netrc`` holds for the host.
    """
    return request


class Transport:
    """The connections to the services that one credential reaches.

    :param cacert: file with the authorities to trust, "" for the usual ones
    :param insecure: trust any certificate
    """

    def __init__(self, cacert: str, insecure: bool, tuning: Tuning) -> None:
        self._tuning = tuning
        self.session = requests.Session()
        adapter = _Adapter(tuning)
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)
        self.session.auth = _as_it_is
        self.session.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "identity"})
        self.verify: bool | str = cacert or True
        if insecure:
            self.verify = False
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        data: bytes | Outgoing | None = None,
        timeout: float | None = None,
    ) -> requests.Response:
        """Send one request, once: no second try, no redirect, no sign-in; the answer is still to be read.

        :param timeout: seconds to wait for the answer, None for the usual time of a control call
        :return: the answer, whatever its status
        :raises SourceFailed: the body's source failed
        :raises requests.RequestException: and others of the libraries, for the mapper
        """
        wait = self._tuning.control if timeout is None else timeout
        return self.session.request(
            method,
            url,
            headers=dict(headers),
            data=data,
            timeout=(min(self._tuning.connect, wait), wait),
            verify=self.verify,
            allow_redirects=False,
            stream=True,
        )


def content(response: requests.Response, *, most: int, deadline: float | None = None) -> bytes:
    """Read an answer's content to its end, in bounded time and memory.

    :param most: bytes after which reading ends
    :param deadline: value of ``time.monotonic()`` after which :class:`TimeoutError` is raised, however much
        still trickles in
    :return: the bytes, at most about ``most``
    """
    read: Callable[..., bytes] = response.raw.read1
    parts: list[bytes] = []
    length = 0
    while length < most:
        if deadline is not None and time.monotonic() > deadline:
            response.close()
            raise TimeoutError("the answer is too slow")
        piece = read(2**18, decode_content=False)
        if not piece:
            return b"".join(parts)
        parts.append(piece)
        length += len(piece)
    response.close()
    return b"".join(parts)
