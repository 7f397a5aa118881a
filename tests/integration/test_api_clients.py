"""Clients that mean no good, or know no better: slow ones, large ones, and those that try what a name can do."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.support.builders import master_image
from tests.support.conditions import wait_for
from tests.support.free_ports import free_port
from tests.support.server import LOOPBACK, ROOT, embedded_environment, serving

THREADS = 2
PATIENCE = 1.0
HASTY = (
    "from fiwareglancesync.serving import gunicorn_worker\n"
    f"gunicorn_worker.REQUEST_TIMEOUT_SECONDS = {PATIENCE}\n"
    "from fiwareglancesync.api.server import serve\n"
    "serve(None, {port}, 1)\n"
)
HALF_REQUESTS = {
    "nothing": b"",
    "a header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Half: a",
    "a body": b"POST /regions/Burgos HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{",
    "a chunk": b"POST /regions/Burgos HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
}
HOSTILE = [
    "x'; DROP TABLE tasks; --",
    'x" OR "1"="1',
    "../../etc/passwd",
    "a/b",
    "a\\b",
    "<script>alert(1)</script>",
    "%s%n%x",
    "{{7*7}}${7*7}",
    "a\r\nX-Injected: yes",
    "nul\x00nul",
    "\u202egnp.exe",
    "Cáceres 中文",
    "--config",
    " spaces ",
    "a?b#c",
    "n" * 255,
]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server with one worker of two threads and little patience, on a federation of hostile names."""
    folder = tmp_path_factory.mktemp("server")
    images = [master_image(name, id=f"id {n}", owner="oursid") for n, name in enumerate(HOSTILE)]
    environ = embedded_environment(folder, {"Spain": images, "Burgos": [], "other:a:b c": []})
    with Path(environ["GLANCESYNC_CONFIG"]).open("a") as file:
        file.write("[other]\ntenant = ours\n")
    (folder / "server.cfg").write_text(f"[settings]\nTHREADS = {THREADS}\nMETRICS_TOKEN = secret\n")
    environ |= {"GLANCESYNC_SETTINGS_FILE": str(folder / "server.cfg"), "PYTHONPATH": str(ROOT)}
    chosen = free_port()
    command = [sys.executable, "-c", HASTY.format(port=chosen)]
    with serving(command, environ, folder / "server.out", lambda: _listens(chosen)):
        yield chosen
    assert "Traceback" not in (folder / "server.out").read_text()
    assert "Traceback" not in (folder / "glancesync-api.log").read_text()


@pytest.fixture
def address(port: int) -> str:
    """The server's address."""
    return f"http://{LOOPBACK}:{port}"


def _listens(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=5).close()
    except OSError:
        return False
    return True


def sent(port: int, text: bytes) -> socket.socket:
    """A connection on which something was sent."""
    made = socket.create_connection((LOOPBACK, port), timeout=180)
    made.sendall(text)
    return made


def answered(port: int, text: bytes) -> tuple[int, dict[str, str], bytes]:
    """What comes back for some bytes: code, headers and body; code 0 when the server closed without a word."""
    whole = b""
    with suppress(ConnectionError), sent(port, text) as connection:
        while piece := connection.recv(65536):
            whole += piece
            if b"\r\n\r\n" in whole and len(whole) >= _end(whole):
                break
    if not whole:
        return 0, {}, b""
    head, _, body = whole.partition(b"\r\n\r\n")
    return int(head.split()[1]), _headers(head), body


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def _end(whole: bytes) -> int:
    """How long an answer is whose head has come."""
    head, _, _ = whole.partition(b"\r\n\r\n")
    return len(head) + 4 + int(_headers(head)["content-length"])


def test_a_client_that_sends_byte_by_byte_keeps_no_other_waiting(port: int, address: str) -> None:
    with sent(port, HALF_REQUESTS["a header"]) as slow:
        for _ in range(20):
            with suppress(ConnectionError):  # after a second it is let go
                slow.sendall(b"a")
            assert requests.get(address, timeout=180).status_code == 200


@pytest.mark.parametrize("half", HALF_REQUESTS.values(), ids=HALF_REQUESTS.keys())
def test_clients_that_never_end_their_requests_are_let_go(port: int, address: str, half: bytes) -> None:
    with ExitStack() as connections:
        for _ in range(2 * THREADS):  # more than there are threads
            connections.enter_context(sent(port, half))
        assert requests.get(address, timeout=180).status_code == 200


def test_an_answer_may_take_longer_than_a_request(address: str) -> None:
    with requests.Session() as session:
        for _ in range(2):
            answer = session.get(f"{address}/regions?refresh=1", timeout=180)
            assert answer.status_code == 200


@pytest.mark.parametrize(
    "text",
    [
        b"POST /regions/Burgos HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n",
        b"POST /regions/Burgos HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65537\r\n\r\n" + b" " * 65537,
        b"POST /regions/Burgos HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"1000\r\n" + b" " * 0x1000 + b"\r\n" + (b"ffff\r\n" + b" " * 0xFFFF + b"\r\n") * 2 + b"0\r\n\r\n",
    ],
    ids=["stated", "sent", "chunked"],
)  # fmt: skip
def test_a_body_that_is_too_large_is_refused(port: int, text: bytes) -> None:
    code, headers, body = answered(port, text)
    assert code == 413
    assert headers["content-type"] == "application/json"
    error = json.loads(body)["error"]
    assert (error["code"], bool(error["message"]), bool(error["description"])) == (413, True, True)


@pytest.mark.parametrize(
    "text",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-Many: a\r\n" * 1000 + b"\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Bad\x00: a\r\n\r\n",
        b"GARBAGE\r\n\r\n",
    ],
    ids=["long header", "many headers", "long path", "two lengths", "smuggling", "nul", "garbage"],
)
def test_what_is_no_request_is_refused_and_no_more(port: int, address: str, text: bytes) -> None:
    code, _, body = answered(port, text)
    assert code == 0 or 400 <= code < 500
    assert b"Traceback" not in body
    assert requests.get(address, timeout=180).status_code == 200


def test_headers_are_neither_split_nor_believed(port: int) -> None:
    text = (
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: a%0d%0aX-Injected: yes\r\n"
        b"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: evil.example\r\n\r\n"
    )
    code, headers, body = answered(port, text)
    assert (code, "x-injected" in headers) == (200, False)
    assert headers["x-request-id"].startswith("req-")
    assert json.loads(body)["href"] == "http://localhost/"


def test_a_host_that_is_not_loopback_is_forbidden_on_every_route(port: int) -> None:
    for path in (b"/", b"/health", b"/metrics", b"/regions", b"/docs", b"/nothing"):
        code, _, _ = answered(port, b"GET " + path + b" HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        assert code == 403


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_a_name(address: str, name: str) -> None:
    """In every place where a request holds one, it is either a name that nothing has, or finds what has it."""
    quoted = quote(name, safe="")
    unknown = requests.get(f"{address}/regions/{quoted}", timeout=180)
    assert unknown.status_code in (404, 410), unknown.text
    assert "X-Injected" not in unknown.headers
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/cancel")):
        answer = requests.request(method, f"{address}/regions/Burgos/tasks/{quoted}{path}", timeout=180)
        assert answer.status_code == 404, answer.text
    found = requests.get(f"{address}/regions/Burgos", {"image": name}, timeout=180)
    assert [image["name"] for image in found.json()["images"]] == [name]


def test_hostile_values_in_a_body_are_values(address: str) -> None:
    for name in HOSTILE:
        body: dict[str, Any] = {"dryRun": True, "images": [name], "config": {"metadata_set": [name.replace(",", "")]}}
        answer = requests.post(f"{address}/regions/Burgos", json=body, timeout=180)
        assert answer.status_code in (200, 400, 409), answer.text
        body = {"config": {"metadata_condition": name}}
        assert requests.post(f"{address}/regions/Burgos", json=body, timeout=180).status_code in (400, 409)
    deep = '{"config": ' * 20_000
    assert requests.post(f"{address}/regions/Burgos", data=deep, timeout=180).status_code in (400, 413)


def test_hostile_names_are_synchronised_and_reported_as_they_are(address: str) -> None:
    region = f"{address}/regions/{quote('other:a:b c')}"
    task = requests.post(region, timeout=180).json()["taskId"]

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = requests.get(f"{region}/tasks/{task}", timeout=180).json()
        return found if found["status"] != "syncing" else None

    found = wait_for(ended, "the end of the task")
    assert (found["status"], found["imagesDone"], found["region"]) == ("synced", len(HOSTILE), "other:a:b c")
    assert {image["name"] for image in found["images"]} == set(HOSTILE)
    assert {image["status"] for image in requests.get(region, timeout=180).json()["images"]} == {"ok"}
    requests.get(f"{address}/regions?refresh=1", timeout=180)
    counted = f'glancesync_images{{region="other:a:b c",status="ok"}} {float(len(HOSTILE))}'
    assert counted in requests.get(f"{address}/metrics", timeout=180).text.splitlines()


def test_metrics_behind_a_proxy_need_the_token(address: str) -> None:
    through: dict[str, str | bytes] = {"X-Forwarded-For": "10.0.0.1"}
    assert requests.get(f"{address}/metrics", timeout=180).status_code == 200
    for shown in ("", "Bearer", "Bearer wrong", "Basic secret", "Bearer ñ", "secret"):
        answer = requests.get(f"{address}/metrics", headers={**through, "Authorization": shown.encode()}, timeout=180)
        assert answer.status_code == 401
    right = {**through, "Authorization": "Bearer secret"}
    assert "glancesync_tasks" in requests.get(f"{address}/metrics", headers=right, timeout=180).text
