"""An HTTP server on loopback that plays a script: it answers, refuses, lies, hangs and breaks off on cue.

It is written on bare sockets, because what is to be played is what no HTTP server would do. It keeps every
request, so that a test can assert the exact conversation.
"""

from __future__ import annotations

import json
import socket
import socketserver
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Request:
    """A request as it came in.

    :param target: path and query
    :param headers: names in lower case
    :param body: what was read of the body
    :param connection: number of the connection that it came on, from 1
    """

    method: str
    target: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int

    @property
    def line(self) -> str:
        """Method and path, for assertions."""
        return f"{self.method} {self.path}"

    @property
    def document(self) -> Any:
        """The body, decoded from JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """One answer of the script.

    :param status: HTTP status
    :param document: sent as JSON; ``content`` is sent otherwise
    :param read: bytes of the request's body to read before answering, None for all
    :param length: the Content-Length that is claimed, None for the true one, "" for none at all
    :param close: close the connection afterwards; with a body half read that resets it
    :param keep_open: after an early answer go on holding the connection without reading
    """

    status: int = 200
    document: Any = None
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    read: int | None = None
    length: int | str | None = None
    close: bool = False
    keep_open: bool = False

    def body(self) -> bytes:
        """The bytes of the answer's content."""
        return self.content if self.document is None else json.dumps(self.document).encode()


@dataclass(frozen=True)
class Silence:
    """Take the request and never answer, reading ``read`` bytes of its body at most (None: all)."""

    read: int | None = None


@dataclass(frozen=True)
class HangUp:
    """Close the connection without an answer, after ``read`` bytes of the body (None: all)."""

    read: int | None = None


@dataclass(frozen=True)
class Drip:
    """Send the beginning of an answer and then a byte now and again, until the server stops."""

    length: int = 10**6
    every: float = 0.05


Act = Answer | Silence | HangUp | Drip


class ScriptedServer:
    """A server that plays, for each method and path, its acts in order; the last one is repeated."""

    def __init__(self, certificate: Path | None = None, clients: Path | None = None) -> None:
        """Make a server.

        :param certificate: file with a certificate and its key, for TLS
        :param clients: file with the authority whose certificate every client must show
        """
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)
        if self._tls is not None and clients is not None:
            self._tls.verify_mode = ssl.CERT_REQUIRED
            self._tls.load_verify_locations(clients)
        self.requests: list[Request] = []
        self.unexpected: list[str] = []
        self._script: dict[str, list[Act]] = defaultdict(list)
        self._deciders: dict[str, Callable[[str], Act]] = {}
        self._lock = threading.Lock()
        self._connections = 0
        self.stopping = threading.Event()
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                outer._serve(self.request)

        self._server = _Listener(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """The address of the server, without a slash at the end."""
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self._server.server_address[1]}"

    def on(self, method: str, path: str, *acts: Act) -> None:
        """Replace the script of a method and path (without query)."""
        with self._lock:
            self._script[f"{method} {path}"] = list(acts)

    def decide(self, method: str, path: str, pick: Callable[[str], Act]) -> None:
        """Have a function pick the act by path and query; it is never called twice at a time."""
        with self._lock:
            self._deciders[f"{method} {path}"] = pick

    @property
    def lines(self) -> list[str]:
        """Method and path of every request so far."""
        with self._lock:
            return [request.line for request in self.requests]

    def of(self, method: str, path: str) -> list[Request]:
        """The requests of one method and path, in order."""
        with self._lock:
            return [request for request in self.requests if request.line == f"{method} {path}"]

    @contextmanager
    def running(self) -> Iterator[ScriptedServer]:
        """Serve while the context lasts."""
        thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        thread.start()
        try:
            yield self
        finally:
            self.stopping.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def _act(self, line: str, target: str) -> Act:
        with self._lock:
            if line in self._deciders:
                return self._deciders[line](target)
            acts = self._script.get(line)
            if not acts:
                self.unexpected.append(line)
                return Answer(599, {"message": f"not in the script: {line}"})
            return acts.pop(0) if len(acts) > 1 else acts[0]

    def _serve(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections += 1
            number = self._connections
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None:
            try:
                connection = self._tls.wrap_socket(connection, server_side=True)
            except OSError:
                return  # the client does not trust us
        stream = connection.makefile("rb")
        try:
            while self._exchange(connection, stream, number):
                continue
        except OSError:
            return  # the other side has gone: that is its right
        finally:
            stream.close()

    def _exchange(self, connection: socket.socket, stream: Any, number: int) -> bool:
        """Play one act; returns whether the connection goes on."""
        first = stream.readline()
        if not first.strip():
            return False
        try:
            method, target, _ = first.decode("latin-1").split(" ", 2)
        except ValueError:
            return False  # no HTTP, perhaps the beginning of TLS
        headers: dict[str, str] = {}
        while (line := stream.readline()).strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        parts = urlsplit(target)
        act = self._act(f"{method} {parts.path}", target)
        length = int(headers.get("content-length", "0"))
        limit = None if isinstance(act, Drip) else act.read
        body = stream.read(length if limit is None else min(limit, length))
        with self._lock:
            self.requests.append(Request(method, target, parts.path, headers, body, number))
        if isinstance(act, Silence):
            self.stopping.wait()
            return False
        if isinstance(act, HangUp):
            return _reset(connection)
        if isinstance(act, Drip):
            connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {act.length}\r\n\r\n".encode())
            while not self.stopping.wait(act.every):
                connection.sendall(b" ")
            return False
        connection.sendall(_rendered(act))
        if act.keep_open:
            self.stopping.wait()
        if act.length not in (None, "") or act.close or len(body) < length:
            if len(body) < length:
                return _reset(connection)
            return False
        return act.length is None


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    allow_reuse_address = True


def _rendered(act: Answer) -> bytes:
    content = act.body()
    headers = {"Content-Type": "application/json" if act.document is not None else "application/octet-stream"}
    headers.update(act.headers)
    if act.length != "":
        headers.setdefault("Content-Length", str(len(content) if act.length is None else act.length))
    head = [f"HTTP/1.1 {act.status} Scripted", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*head, "", ""]).encode() + content


def _reset(connection: socket.socket) -> bool:
    """Close at once: the kernel resets a connection whose data nobody has read."""
    connection.close()
    return False


FIRST_TOKEN = "token-1"


def token_answer(
    image_endpoints: Mapping[str, str],
    *,
    token: str = FIRST_TOKEN,
    project: str = "p" * 32,
    issued: str = "2020-01-01T00:00:00.000000Z",
    expires: str = "2099-01-01T00:00:00.000000Z",
    other_endpoints: Sequence[Mapping[str, str]] = (),
) -> Answer:
    """What a Keystone answers to a sign-in.

    :param image_endpoints: address of the Glance by region, for the public interface
    :param other_endpoints: further endpoints of the image service
    """
    endpoints = [
        {"interface": "public", "region_id": region, "region": region, "url": url, "id": f"{region}-public"}
        for region, url in image_endpoints.items()
    ]
    catalog = [
        {"type": "identity", "name": "keystone", "id": "1", "endpoints": []},
        {"type": "image", "name": "glance", "id": "2", "endpoints": [*endpoints, *other_endpoints]},
    ]
    document = {
        "token": {
            "methods": ["password"],
            "user": {"id": "u", "name": "user", "domain": {"id": "default", "name": "Default"}},
            "project": {"id": project, "name": "project", "domain": {"id": "default", "name": "Default"}},
            "roles": [],
            "catalog": catalog,
            "issued_at": issued,
            "expires_at": expires,
        }
    }
    return Answer(201, document, headers={"X-Subject-Token": token})
