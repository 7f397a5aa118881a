"""The HTTP side of the stand-ins: one server on loopback that answers from a state, and fails on cue."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

REQUEST_ID = "req-00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Asked:
    """A request.

    :param path: without the query
    :param query: the last value of each parameter
    :param document: the body, decoded from JSON
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    document: Any = None

    @property
    def line(self) -> str:
        """Method and path, for assertions."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Reply:
    """An answer."""

    status: int = 200
    document: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refuses(Exception):
    """The service refuses a request, in the words of the real one.

    :param key: class of the error in the answer, such as ``badRequest``
    """

    def __init__(self, status: int, key: str, message: str, **headers: str) -> None:
        super().__init__(message)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.reply = Reply(status, {key: {"code": status, "message": message}}, named)


@dataclass
class Fault:
    """What happens to requests instead of, or after, what they ask for.

    :param pattern: searched in method, path and query of a request
    :param status: of the answer; 0 closes the connection without one, -1 never answers
    :param is_done: whether the request is carried out first
    :param times: how many requests it happens to
    :param after: requests that match and pass first
    :param action: called before the request
    """

    pattern: str
    status: int = 500
    is_done: bool = False
    times: int = 1
    after: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    document: Any = None
    action: Callable[[], None] | None = None


class HttpStandIn:
    """Serves requests with a function, keeps them, and fails on cue.

    :param answer: makes the answer of a request; called by one thread at a time
    """

    def __init__(self, answer: Callable[[Asked], Reply]) -> None:
        self._answer = answer
        self.requests: list[Asked] = []
        self.faults: list[Fault] = []
        self.lock = threading.RLock()
        self._stopping = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def _serve(self) -> None:
                outer._serve(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve while the context lasts."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def lines(self, pattern: str = "") -> list[str]:
        """Method and path of the requests so far, in order.

        :param pattern: searched in them
        """
        with self.lock:
            return [asked.line for asked in self.requests if re.search(pattern, asked.line)]

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        document = json.loads(body) if body else None
        asked = Asked(
            handler.command,
            parts.path,
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            {name.lower(): value for name, value in handler.headers.items()},
            document,
        )
        with self.lock:
            self.requests.append(asked)
            fault = self._fault(f"{asked.line}?{parts.query}")
            if fault is not None and fault.action is not None:
                fault.action()
            reply = None
            if fault is None or fault.is_done or fault.action is not None:
                try:
                    reply = self._answer(asked)
                except Refuses as refusal:
                    reply = refusal.reply
        if fault is not None and fault.action is None:
            if fault.status <= 0:
                handler.close_connection = True
                if fault.status < 0:
                    self._stopping.wait()
                return
            reply = Reply(fault.status, fault.document, fault.headers)
        assert reply is not None
        _send(handler, reply)

    def _fault(self, line: str) -> Fault | None:
        for fault in self.faults:
            if re.search(fault.pattern, line):
                if fault.after > 0:
                    fault.after -= 1
                    continue
                if fault.times > 0:
                    fault.times -= 1
                    return fault
        return None


def _send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    content = b"" if reply.document is None else json.dumps(reply.document).encode()
    handler.send_response(reply.status)
    headers = {"Content-Type": "application/json", "x-openstack-request-id": REQUEST_ID, **reply.headers}
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)
    handler.wfile.flush()
