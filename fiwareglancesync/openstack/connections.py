"""Connections that notice an answer while they are still sending."""

from __future__ import annotations

import os
import select
import socket
import ssl
from collections.abc import Callable
from typing import Any, NoReturn

import urllib3.connection
import urllib3.connectionpool

from ..base.content import FileSlice, Piece
from ..base.errors import SourceBroke, TransferError
from .outgoing import Outgoing, SourceFailed


class _EarlyAnswerMixin:
    """Adds to a connection of urllib3: while it sends a body, it notices an early answer.

    A service that refuses an upload (quota, format) answers and closes before it has read everything. The sender has
    to stop then and read the answer, instead of reporting a broken pipe. urllib3 does so after a ``BrokenPipeError``.
    Such a connection is never used again.
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
                # With TLS, incoming bytes may be a message of TLS itself: they do not show an answer.
                super().send(_content(data) if isinstance(data, FileSlice) else data)  # type: ignore[misc]
            else:
                self._send_listening(self.sock, data)
        except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            self._stop()

    def _send_listening(self, sock: socket.socket, data: Piece) -> None:
        """Send everything, but stop when something comes in; the time limit begins again with each progress."""
        poll = select.poll()
        poll.register(sock, select.POLLIN | select.POLLOUT)
        idle = None if self._idle is None else self._idle * 1000
        send = _sender(sock, data)
        sent = 0
        while sent < len(data):
            ready = poll.poll(idle)
            if not ready:
                raise TimeoutError("no progress")
            if ready[0][1] & select.POLLIN:
                self._stop()
            sent += send(sent)

    def close(self) -> None:
        super().close()  # type: ignore[misc]
        self._spoiled = False

    @property
    def is_connected(self) -> bool:
        return not self._spoiled and bool(super().is_connected)  # type: ignore[misc]

    def _stop(self) -> NoReturn:
        self._spoiled = True
        raise BrokenPipeError


def _sender(sock: socket.socket, data: Piece) -> Callable[[int], int]:
    """A function that sends a piece from a position on, as much as possible, and returns how much it sent."""
    if isinstance(data, FileSlice):
        return lambda sent: _send_file(sock, data, sent)
    view = memoryview(data)
    return lambda sent: sock.send(view[sent:])


def _content(data: FileSlice) -> bytes:
    """The bytes of a file, when the kernel cannot send them; all of them, as ``Content-Length`` says."""
    try:
        content = data.read()
    except OSError as error:
        raise SourceFailed from _unreadable(error)
    if len(content) < data.length:
        raise SourceFailed from _shorter()
    return content


def _send_file(sock: socket.socket, data: FileSlice, sent: int) -> int:
    try:
        count = os.sendfile(sock.fileno(), data.descriptor, data.offset + sent, data.length - sent)
    except BlockingIOError:
        return 0
    except ConnectionError:
        raise
    except OSError as error:
        raise SourceFailed from _unreadable(error)
    if not count:
        raise SourceFailed from _shorter()
    return count


def _unreadable(error: OSError) -> TransferError:
    return TransferError(f"the source cannot be read ({error.strerror})")


def _shorter() -> SourceBroke:
    return SourceBroke("the file became shorter while it was sent")


class _Connection(_EarlyAnswerMixin, urllib3.connection.HTTPConnection):
    pass


class _TlsConnection(_EarlyAnswerMixin, urllib3.connection.HTTPSConnection):
    pass


class _Pool(urllib3.connectionpool.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(urllib3.connectionpool.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


POOL_CLASSES = {"http": _Pool, "https": _TlsPool}
"""The pools of such connections by scheme, for a pool manager of urllib3."""
