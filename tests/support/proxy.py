"""A forwarding proxy on loopback that lets faults happen between the program and real Keystone and Glance.

A program with its address in ``http_proxy`` sends it every request. A request that a rule fits is answered, delayed,
stopped, recorded or dropped; the others pass unchanged.
"""

from __future__ import annotations

import http.client
import io
import json
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from io import BufferedIOBase
from typing import Any, BinaryIO, NoReturn
from urllib.parse import urlsplit

from tests.support.proxy_acts import (
    Act,
    Answer,
    Buffer,
    Claim,
    Crowd,
    Cut,
    Garble,
    HangUp,
    Late,
    Limit,
    Lose,
    Narrow,
    Rewrite,
    Rule,
    RunBeside,
    Seen,
    Silence,
    Stall,
    Whole,
)

PIECE = 2**16
TICK = 0.02
_OF_ONE_HOP = {"connection", "proxy-connection", "keep-alive", "transfer-encoding"}


class Proxy(socketserver.ThreadingTCPServer):
    """The proxy; it keeps what it saw, tokens apart, so that a test can look for them in the output."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.stopping = threading.Event()
        self.requests: list[Seen] = []
        self.tokens: set[str] = set()
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        """What ``http_proxy`` must say."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def on(
        self, act: Act, method: str = "*", path: str = ".*", *, port: int | None = None, times: int | None = None
    ) -> Act:
        """Add a rule; the first one that fits counts."""
        with self._lock:
            self._rules.append(Rule(act, method, path, port, times))
        return act

    def clear(self) -> None:
        """Forget all rules and what was seen."""
        with self._lock:
            self._rules.clear()
            self.requests.clear()

    def count(self, method: str, path: str, port: int | None = None) -> int:
        """How many requests of a kind have passed."""
        return len(self.of(method, path, port))

    def of(self, method: str, path: str, port: int | None = None) -> list[Seen]:
        """The requests of a kind that have passed, in order."""
        kind = Rule(Silence(), method, path, port, None)
        with self._lock:
            return [seen for seen in self.requests if kind.fits(seen.method, seen.path, seen.port)]

    def take(self, seen: Seen, token: str) -> Act | None:
        """Note a request and find what is to happen to it."""
        with self._lock:
            self.requests.append(seen)
            if token:
                self.tokens.add(token)
            for rule in self._rules:
                if rule.fits(seen.method, seen.path, seen.port):
                    if rule.times is not None:
                        rule.times -= 1
                    return rule.act
        return None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The program may leave at any moment, and services may be down: that is what is tested."""


class _ProgramGone(Exception):
    """The program closed its connection in the middle of a body; the service gets to feel it."""


class _BrokenOff(Exception):
    """A rule wants both connections closed."""


class _Handler(socketserver.StreamRequestHandler):
    server: Proxy

    def handle(self) -> None:
        method, target, _ = self.rfile.readline().decode("latin-1").split(" ", 2)
        headers = http.client.parse_headers(self.rfile)
        parts = urlsplit(target)
        port = parts.port or 80
        start = int(headers.get("Range", "bytes=0-").partition("=")[2].partition("-")[0] or 0)
        act = self.server.take(Seen(method, parts.path, port, start), headers.get("X-Auth-Token", ""))
        if isinstance(act, Crowd):
            with act.taken() as refusal:
                self._handle(method, target, headers, refusal or Late(0.0 if act.refused else act.seconds))
            return
        self._handle(method, target, headers, (act.refusal() if isinstance(act, Limit) else None) or act)

    def _handle(self, method: str, target: str, headers: Any, act: Act | None) -> None:
        parts = urlsplit(target)
        port = parts.port or 80
        start = int(headers.get("Range", "bytes=0-").partition("=")[2].partition("-")[0] or 0)
        length = int(headers.get("Content-Length", "0"))
        if isinstance(act, HangUp):
            return
        if isinstance(act, Silence):
            self.server.stopping.wait()
            return
        if isinstance(act, Answer):
            for _ in _pieces(self.rfile, length):
                continue
            self._answer(act)
            return
        if isinstance(act, Late):
            self.server.stopping.wait(act.seconds)
        if isinstance(act, RunBeside) and act.before:
            act.before()
        if isinstance(act, Buffer):
            self._hold(act, length)
        upstream = http.client.HTTPConnection(parts.hostname or "", port, timeout=60)
        with closing(upstream):
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            upstream.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                if name.lower() not in _OF_ONE_HOP and not (isinstance(act, Whole) and name.lower() == "range"):
                    upstream.putheader(name, value)
            upstream.putheader("Connection", "close")
            upstream.endheaders()
            # A service that answers early reads no more: its answer counts.
            with suppress(BrokenPipeError, ConnectionResetError):
                for piece in self._passing(act, self._coming(act, length)):
                    upstream.send(piece)
            if isinstance(act, Buffer) and act.answered:
                upstream.getresponse().read()
                return
            if isinstance(act, Lose):
                self.connection.shutdown(socket.SHUT_RDWR)
            answer = upstream.getresponse()
            if isinstance(act, Lose):
                return
            if isinstance(act, RunBeside) and act.after:
                act.after()
            self._relay(answer, act, of_answer=not length, start=start)

    def _hold(self, act: Buffer, length: int) -> None:
        """Take a whole body, as if it had been passed on already."""
        self.rfile = io.BytesIO(b"".join(_pieces(self.rfile, length)))
        if act.answered:
            self._answer(Answer(504, "Gateway Time-out"))
            self.connection.shutdown(socket.SHUT_RDWR)
        self.server.stopping.wait(act.late)

    def _coming(self, act: Act | None, length: int) -> Iterator[bytes]:
        """A body as it comes from the program, or from where it was held."""
        for piece in _pieces(self.rfile, length):
            if isinstance(act, Buffer):
                self.server.stopping.wait(act.seconds * len(piece) / length)
            yield piece

    def _passing(self, act: Act | None, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """A body on its way, as far as a rule lets it pass."""
        passed = 0
        for piece in pieces:
            if isinstance(act, Cut | Stall) and passed + len(piece) > act.after:
                yield piece[: act.after - passed]
                self._stop(act)
            yield bytes([piece[0] ^ 1]) + piece[1:] if isinstance(act, Garble) and not passed else piece
            passed += len(piece)
            if isinstance(act, Narrow):
                act.begun.set()
                act.open.wait(TICK)

    def _stop(self, act: Cut | Stall) -> NoReturn:
        """Let nothing more pass."""
        if isinstance(act, Stall):
            act.begun.set()
            self.server.stopping.wait()
        elif act.reset:
            # Without lingering, closing resets; but only once nobody holds the socket any more.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.rfile.close()
            self.wfile.close()
            self.connection.close()
        raise _BrokenOff

    def _answer(self, act: Answer) -> None:
        body = json.dumps({"message": act.text}).encode()
        headers = {"Content-Type": "application/json", **act.headers, "Content-Length": str(len(body))}
        self._head(act.status, headers)
        self.wfile.write(body)

    def _relay(self, answer: http.client.HTTPResponse, act: Act | None, *, of_answer: bool, start: int) -> None:
        token = answer.getheader("X-Subject-Token")
        if token:
            self.server.tokens.add(token)
        headers = {name: value for name, value in answer.getheaders() if name.lower() not in _OF_ONE_HOP}
        status = answer.status
        pieces = iter(lambda: answer.read(PIECE), b"")
        if isinstance(act, Rewrite):
            content = act.change(answer.read())
            headers["Content-Length"] = str(len(content))
            pieces = iter([content])
        elif isinstance(act, Claim):
            headers["Content-Length"] = str(act.length)
        elif isinstance(act, Whole) and start:
            size = int(headers["Content-Length"])
            status, headers["Content-Range"] = 206, f"bytes {start}-{size - 1}/{size}"
        self._head(status, headers)
        for piece in self._passing(act, pieces) if of_answer else pieces:
            self.wfile.write(piece)

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} Proxied", *(f"{name}: {value}" for name, value in headers.items())]
        self.wfile.write("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1"))


def _pieces(stream: BinaryIO | BufferedIOBase, length: int) -> Iterator[bytes]:
    while length:
        piece = stream.read(min(PIECE, length))
        if not piece:
            raise _ProgramGone
        length -= len(piece)
        yield piece


@contextmanager
def running_proxy() -> Iterator[Proxy]:
    """A proxy that serves while the block runs."""
    with Proxy() as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.stopping.set()
            proxy.shutdown()
