"""A forwarding proxy on loopback that lets faults happen between the program and real Keystone and Glance.

Whoever is given its address as ``http_proxy`` sends it every request; those that a rule fits are answered,
delayed, held up, watched or dropped, the others pass as they are.
"""

from __future__ import annotations

import http.client
import io
import json
import math
import re
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from io import BufferedIOBase
from typing import Any, BinaryIO, NoReturn
from urllib.parse import urlsplit

PIECE = 2**16
TICK = 0.02
_OF_ONE_HOP = {"connection", "proxy-connection", "keep-alive", "transfer-encoding"}


@dataclass(frozen=True)
class Answer:
    """Answer in the service's place.

    :param text: the body, in the service's own words
    """

    status: int
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Silence:
    """Take the request and never answer."""


@dataclass(frozen=True)
class HangUp:
    """Close the connection without a word."""


@dataclass(frozen=True)
class Lose:
    """Pass the whole request on and hang up, as a load balancer that has waited too long for the answer."""


@dataclass(frozen=True)
class Late:
    """Pass the request on after some time.

    :param seconds: how long the service seems to think
    """

    seconds: float


@dataclass(frozen=True)
class RunBeside:
    """Pass the request on and do something besides.

    :param before: called before the service gets the request
    :param after: called when it has answered, before the program gets the answer
    """

    before: Callable[[], object] | None = None
    after: Callable[[], object] | None = None


@dataclass(frozen=True)
class Narrow:
    """Pass a body on so slowly that it takes as long as a test needs.

    :param begun: set when the first bytes have gone on
    :param open: to be set when the rest may go on at full speed
    """

    begun: threading.Event = field(default_factory=threading.Event)
    open: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Garble:
    """Pass the request on with the first byte of the body changed: of its own or, when it has none, the answer's."""


@dataclass(frozen=True)
class Cut:
    """Break a body off: the request's or, when it has none, the answer's.

    :param after: bytes that pass
    :param reset: reset the connection, instead of closing it as if all were well
    """

    after: int
    reset: bool = True


@dataclass(frozen=True)
class Stall:
    """Stop passing a body on: the request's or, when it has none, the answer's; the connections stay.

    :param after: bytes that pass
    :param begun: set when nothing passes any more
    """

    after: int
    begun: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Claim:
    """Pass the answer on with another Content-Length than it has."""

    length: int


@dataclass(frozen=True)
class Whole:
    """Answer 206 as if a part were sent, and send the whole image, as some stores do."""


@dataclass(frozen=True)
class Rewrite:
    """Pass the answer on with another content.

    :param change: makes it of the answer's
    """

    change: Callable[[bytes], bytes]


@dataclass
class Limit:
    """Pass no more than so many requests in a time, however fast they come; answer 429 to the others, with how long.

    :param requests: how many pass, before none does for a while
    :param seconds: how long that is
    :param refused: how many did not pass
    """

    requests: int
    seconds: float
    refused: int = 0
    _passed: int = 0
    _closed_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refusal(self) -> Answer | None:
        """Take one more request; what it is answered when it is one too many."""
        with self._lock:
            now = time.monotonic()
            if now >= self._closed_until:
                self._passed += 1
                if self._passed == self.requests:
                    self._passed, self._closed_until = 0, now + self.seconds
                return None
            self.refused += 1
            left = math.ceil(self._closed_until - now)
        return Answer(429, "Too many requests.", {"Retry-After": str(max(left, 1))})


@dataclass(frozen=True)
class Buffer:
    """Take a whole body at once, answer 504 before the service has got it, and pass it on slowly.

    :param seconds: that passing it on takes
    :param late: how long nothing is passed on at first
    :param answered: whether 504 is answered at all, or the service waited for
    """

    seconds: float
    late: float = 0.0
    answered: bool = True


@dataclass
class Crowd:
    """Pass so many requests on at once, slowly, and refuse a further one in Glance's words.

    :param at_once: how many
    :param seconds: how long each takes
    """

    at_once: int
    seconds: float
    refused: int = 0
    _under_way: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def taken(self) -> Iterator[Answer | None]:
        """Count a request while it lasts; what it is answered when it is one too many."""
        with self._lock:
            self._under_way += 1
            full = self._under_way > self.at_once
            self.refused += full
        limit = f"Resource image_count_uploading is over limit of {self.at_once} due to current usage {self.at_once}"
        try:
            yield Answer(413, f"Project p is over a limit for [{limit} and delta 0]") if full else None
        finally:
            with self._lock:
                self._under_way -= 1


Act = (
    Answer | Silence | HangUp | Lose | Late | RunBeside | Narrow | Garble | Cut | Stall | Claim | Whole | Rewrite
    | Limit | Buffer | Crowd
)  # fmt: skip


@dataclass
class Rule:
    """What happens to which requests.

    :param path: expression that the whole path must match
    :param port: the service's, None for any
    :param times: how often it happens, None for always
    """

    act: Act
    method: str
    path: str
    port: int | None
    times: int | None

    def fits(self, method: str, path: str, port: int) -> bool:
        """Whether it is about a request."""
        return (
            self.times != 0
            and self.method in (method, "*")
            and self.port in (port, None)
            and re.fullmatch(self.path, path) is not None
        )


@dataclass(frozen=True)
class Seen:
    """A request that passed by.

    :param start: where the part begins that it asks for, 0 for the whole
    """

    method: str
    path: str
    port: int
    start: int = 0


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
                self._handle(method, target, headers, refusal or Late(act.seconds))
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


def free_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
