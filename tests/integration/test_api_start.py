"""What the server prints when it starts, as somebody starts it: once, and right for every kind of address."""

from __future__ import annotations

import http.client
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.support.conditions import wait_for
from tests.support.free_ports import free_port
from tests.support.server import LOOPBACK, ROOT, answers, embedded_environment, serving

RUN = [sys.executable, str(ROOT / "fiwareglancesync" / "run.py")]
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A federation of the test's own."""
    return embedded_environment(tmp_path)


@contextmanager
def started(environ: dict[str, str], folder: Path, address: str, *words: str) -> Iterator[Path]:
    """A server; what it prints."""
    output = folder / "server.out"
    with serving([*RUN, *words], environ, output, lambda: answers(address)):
        yield output


def rows(output: Path) -> list[str]:
    """The lines of the report, without the log of Gunicorn."""
    return [line.strip() for line in output.read_text().splitlines() if line.startswith(("GlanceSync", "  "))]


@pytest.mark.parametrize("words", [("gunicornserver", "-w", "3"), ("runserver",), ("runserver", "--no-reload")])
def test_address_federation_and_authentication_are_printed_once(
    environ: dict[str, str], tmp_path: Path, words: tuple[str, ...]
) -> None:
    port = free_port()
    address = f"http://{LOOPBACK}:{port}/"
    with started(environ, tmp_path, address, *words, "-p", str(port)) as output:
        for _ in range(5):
            requests.get(address, timeout=180)
    heading, *printed = rows(output)
    world = f"the embedded one in {tmp_path / 'federation'}, master region Spain; OpenStack is not contacted"
    assert heading.startswith("GlanceSync ")
    assert printed == [
        f"Address:        {address}",
        f"Documentation:  {address}docs",
        f"Federation:     {world}",
        "Authentication: none, as there are no Keystone settings; only requests from this machine are answered",
    ]
    assert "Traceback" not in output.read_text()


@pytest.mark.parametrize(("command", "option"), [("gunicornserver", "-H"), ("runserver", "-t")])
def test_an_ipv6_address_can_be_opened_as_it_is_printed(
    environ: dict[str, str], tmp_path: Path, command: str, option: str
) -> None:
    port = free_port()
    address = f"http://[::1]:{port}/"
    with started(environ, tmp_path, address, command, option, "::1", "-p", str(port)) as output:
        assert rows(output)[1] == f"Address:        {address}"


@pytest.mark.parametrize("words", [("gunicornserver", "-H"), ("runserver", "--no-reload", "-t")])
def test_a_unix_socket_is_served(environ: dict[str, str], tmp_path: Path, words: tuple[str, ...]) -> None:
    path = tmp_path / "glancesync.sock"
    output = tmp_path / "server.out"
    with serving([*RUN, *words, f"unix:{path}"], environ, output, path.is_socket):
        wait_for(lambda: asked(path), "an answer")
        assert rows(output)[1].startswith(f"Address:        unix:{path} (curl --unix-socket {path} ")
    assert not path.exists() or words[0] == "runserver"  # Flask's server leaves its socket


def asked(path: Path) -> bool:
    """Whether a server answers at a unix socket."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    try:
        connection.sock.connect(str(path))
        connection.request("GET", "/health?live=1")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def test_a_browser_is_shown_a_page_and_a_program_is_not(environ: dict[str, str], tmp_path: Path) -> None:
    port = free_port()
    address = f"http://{LOOPBACK}:{port}/"
    with started(environ, tmp_path, address, "gunicornserver", "-p", str(port)):
        page = requests.get(address, headers=BROWSER, timeout=180)
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert f"export GLANCESYNC_SERVER=http://{LOOPBACK}:{port}<" in page.text
        assert requests.head(address, headers=BROWSER, timeout=180).headers["Content-Length"] == str(len(page.content))
        plain = requests.get(address, timeout=180)
        assert (plain.headers["Content-Type"], plain.headers["Vary"]) == ("application/json", "Accept")
        assert plain.json()["href"] == address
