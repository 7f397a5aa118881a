"""The policy server as a process (volumes 5)."""

from __future__ import annotations

import resource
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from fiwareglancesync.serving.gunicorn_server import STOP_SECONDS
from fiwareglancesync.serving.gunicorn_worker import BUSY_TIMEOUT_SECONDS, REQUEST_TIMEOUT_SECONDS
from fiwareglancesync.volumes.policy_checks.policy_server import THREADS
from tests.support.free_ports import free_port
from tests.support.policy import RECORDED, ask, form_of, policy_server, record_backup

pytestmark = pytest.mark.outside

ID = "6f1b7c1e-94d5-4b0c-8f6e-0c3b7d2a9e15"
NO_KEYSTONE = "[master]\nkeystone_url = http://127.0.0.1:1/v3\nuser = u\npassword = p\ntenant = t\n"
UNKNOWN = (503, "unknown")

SYSTEMD_FILES = 1024
"""How many files systemd permits a process."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("policy")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    """A server whose Keystone does not answer, so that it never knows the account."""
    url = f"sqlite:///{folder}/a.db"
    record_backup(url, RECORDED)
    conf = folder / "glancesync.conf"
    conf.write_text(f"[main]\ndatabase = {url}\n{NO_KEYSTONE}")
    conf.chmod(0o600)
    with policy_server(conf, free_port(), folder / "out") as address:
        yield address


def test_it_reports_where_it_serves(server: str, folder: Path) -> None:
    output = (folder / "out").read_text()
    assert f"  Address: {server}/v1/backup\n" in output
    assert "Traceback" not in output


def test_without_keystone_it_answers_and_allows_nothing(server: str) -> None:
    assert ask(server, RECORDED) == (401, "False")
    assert ask(server, ID, metadata={"__automated_backup": "True"}) == (401, "False")
    assert ask(server, ID) == UNKNOWN
    health = requests.get(f"{server}/v1/health", timeout=180)
    assert (health.status_code, health.json()["checks"]) == (503, {"database": "ok", "account": "failed"})


def test_the_reason_is_in_the_log_and_nothing_of_a_body(server: str, folder: Path) -> None:
    ask(server, ID, metadata={"s3cret": "s3cret"})
    requests.post(f"{server}/v1/backup?backup_id={ID}", data="s3cret", timeout=180)
    output = (folder / "out").read_text()
    assert "The id of the account is not known, so no deletion is allowed: " in output
    assert "s3cret" not in output


def raw(address: str, request: bytes) -> bytes:
    """What the server answers to bytes."""
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=180) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def head(*lines: str) -> bytes:
    """The head of a request for a recorded backup."""
    return "\r\n".join([f"POST /v1/backup?backup_id={RECORDED} HTTP/1.1", "Host: x", *lines, "", ""]).encode()


FORM = "Content-Type: application/x-www-form-urlencoded"


def test_a_body_in_chunks_is_read(server: str) -> None:
    body = requests.Request("POST", "http://x", data=form_of(RECORDED)).prepare().body
    assert isinstance(body, str)
    chunks = f"{len(body):x}\r\n{body}\r\n0\r\n\r\n".encode()
    answer = raw(server, head(FORM, "Transfer-Encoding: chunked", "Connection: close") + chunks)
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert answer.endswith(b"\r\n\r\nFalse")


@pytest.mark.parametrize(
    "request_bytes",
    [
        head(FORM, "Content-Length: 10", "Connection: close") + b"target",
        head(FORM, "Content-Length: x", "Connection: close"),
        head(FORM, "Content-Length: 3", "Transfer-Encoding: chunked", "Connection: close") + b"3\r\nabc\r\n0\r\n\r\n",
        head(FORM, "Transfer-Encoding: chunked", "Connection: close") + b"zz\r\n",
        head(FORM, "Transfer-Encoding: gzip", "Connection: close"),
        b"\x00\xff\r\n\r\n",
        b"",
    ],
)
def test_a_broken_request_is_never_answered_with_true(server: str, request_bytes: bytes) -> None:
    assert b"True" not in raw(server, request_bytes)


def test_a_body_that_is_too_large_is_refused(server: str) -> None:
    data = {"target": "x" * 2**20}
    answer = requests.post(f"{server}/v1/backup?backup_id={RECORDED}", data=data, timeout=180)
    assert (answer.status_code, answer.text) == (413, "unknown")


def test_a_unix_socket_serves_too(folder: Path) -> None:
    path = folder / "p.sock"
    words = ["--listen", f"unix:{path}", "--workers", "1"]
    conf, output = folder / "glancesync.conf", folder / "unix.out"
    with (
        policy_server(conf, free_port(), output, *words, is_ready=path.exists),
        socket.socket(socket.AF_UNIX) as connection,
    ):
        connection.connect(str(path))
        connection.sendall(f"GET /v1/backup?backup_id={RECORDED} HTTP/1.0\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.endswith(b"False")
    assert not path.exists()


ACCOUNT = "0a" * 16


@pytest.fixture(scope="module")
def configured(folder: Path, server: str) -> Iterator[str]:
    """A server whose configuration states the account's id, and who may ask."""
    conf = folder / "configured.conf"
    conf.touch(0o600)
    volumes = f"[volumes]\naccount_id = {ACCOUNT}\nallowed_clients = 127.0.0.1, 192.0.2.0/24\n"
    conf.write_text(f"[main]\ndatabase = sqlite:///{folder}/a.db\n{volumes}")
    with policy_server(conf, free_port(), folder / "configured.out", "--workers", "1") as address:
        yield address


def test_with_the_accounts_id_it_needs_neither_password_nor_keystone(configured: str, folder: Path) -> None:
    assert requests.get(f"{configured}/v1/health", timeout=180).status_code == 200
    assert ask(configured, ID) == (200, "True")
    assert ask(configured, ID, user_id=ACCOUNT) == (401, "False")
    assert ask(configured, RECORDED) == (401, "False")
    answer = requests.get(f"{configured}/v1/backup?backup_id={ID}", timeout=180)
    assert (answer.status_code, answer.text) == UNKNOWN
    assert f"  Account: {ACCOUNT}\n" in (folder / "configured.out").read_text()


def test_other_clients_are_refused_whatever_they_say_of_forwarding(configured: str) -> None:
    forwarded = {"X-Forwarded-For": "192.0.2.7", "Forwarded": "for=192.0.2.7"}
    with requests.Session() as session:
        session.mount("http://", _From("127.0.0.2"))
        data = form_of(ID)
        answer = session.post(f"{configured}/v1/backup?backup_id={ID}", data=data, headers=forwarded, timeout=180)
    assert (answer.status_code, answer.text) == (403, "unknown")


class _From(requests.adapters.HTTPAdapter):
    """Connects from an address of loopback."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **words: Any) -> None:
        super().init_poolmanager(*args, **words, source_address=(self._address, 0))


HALF_SENT = b"POST /v1/backup HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\n"


def connect(address: str, sent: bytes) -> socket.socket:
    """A connection on which something has been sent."""
    url = urlsplit(address)
    client = socket.create_connection((url.hostname or "", url.port or 0), timeout=180)
    client.sendall(sent)
    return client


def test_a_slow_client_is_waited_for_while_no_other_waits(configured: str) -> None:
    with ExitStack() as clients:
        slow = [clients.enter_context(connect(configured, HALF_SENT)) for _ in range(THREADS)]
        assert select.select(slow, [], [], 4 * BUSY_TIMEOUT_SECONDS)[0] == []


@pytest.mark.parametrize("sent", [
    pytest.param(HALF_SENT, id="the last part of their request is missing"),
    pytest.param(head("Connection: close"), id="they do not close after the last answer"),
    pytest.param(b"GET /v1/health HTTP/1.0\r\n\r\n", id="nor after that of an old protocol"),
    pytest.param(b"\x00\xff\r\n\r\n", id="nor after a refusal"),
])  # fmt: skip
def test_slow_clients_do_not_block_others(configured: str, sent: bytes) -> None:
    with ExitStack() as clients:
        for _ in range(3 * THREADS):
            clients.enter_context(connect(configured, sent))
        begun = time.monotonic()
        assert ask(configured, RECORDED) == (401, "False")
        assert time.monotonic() - begun < 2 * REQUEST_TIMEOUT_SECONDS


def test_more_connections_than_a_process_may_have_files_end_no_worker(folder: Path, server: str) -> None:
    conf, output = folder / "glancesync.conf", folder / "many.out"
    with ExitStack() as clients:
        with files_limit(SYSTEMD_FILES):
            address = clients.enter_context(policy_server(conf, free_port(), output, "--workers", "1"))
        with files_limit(2 * SYSTEMD_FILES), ExitStack() as many:
            idle = [many.enter_context(connect(address, b"")) for _ in range(SYSTEMD_FILES + 100)]
            assert select.select(idle[:1], [], [], 60)[0]  # the server ends them, one after the other
        assert ask(address, RECORDED) == (401, "False")
    assert "Traceback" not in output.read_text()


@contextmanager
def files_limit(number: int) -> Iterator[None]:
    """For this process, and for those that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (number, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_it_ends_within_seconds_of_a_signal(folder: Path, server: str) -> None:
    conf, output = folder / "glancesync.conf", folder / "short.out"
    with policy_server(conf, free_port(), output):
        begun = time.monotonic()
    assert time.monotonic() - begun < STOP_SECONDS  # after which workers are killed
    assert "Traceback" not in output.read_text()
