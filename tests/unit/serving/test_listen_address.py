"""Addresses at which the server cannot listen: reported at once, in one line."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fiwareglancesync.serving.listen_address import (
    ListenAddress,
    ListenOptions,
    check_address,
    check_listen_address,
    read_listen_address,
)
from fiwareglancesync.serving.start_error import StartError

OPTIONS = ListenOptions("-H", "-p")
RUN = Path(__file__).resolve().parents[3] / "fiwareglancesync" / "run.py"


@pytest.fixture
def taken() -> Iterator[int]:
    """A port of loopback that somebody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def problem(host: str, port: int) -> str:
    """Why an address cannot be listened at."""
    with pytest.raises(StartError) as caught:
        check_address(host, port, OPTIONS)
    return str(caught.value)


def test_a_free_port_is_no_problem(taken: int) -> None:
    check_address("127.0.0.1", 0, OPTIONS)
    check_address("::1", 0, OPTIONS)
    check_address("127.0.0.2", taken, OPTIONS)


def test_a_port_in_use_is_named(taken: int) -> None:
    assert problem("127.0.0.1", taken) == (
        f"The server cannot listen at 127.0.0.1:{taken}: another program uses port {taken}. "
        "Please stop it, or choose another port with -p."
    )


def test_an_address_of_another_machine_is_named() -> None:
    cause = "this machine does not have the address. Please name another with -H."
    assert problem("192.0.2.1", 8080) == f"The server cannot listen at 192.0.2.1:8080: {cause}"


def test_a_name_that_does_not_exist_is_named() -> None:
    assert "no.such.host.invalid:80: the host name cannot be resolved (" in problem("no.such.host.invalid", 80)


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.EACCES, "[::1]:80: this user may not use port 80. Please choose one above 1023 with -p."),
        (errno.ENETDOWN, "[::1]:80: Network is down."),
    ],
)
def test_another_reason_of_the_system_is_given(monkeypatch: pytest.MonkeyPatch, number: int, says: str) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket.socket, "bind", refuse)
    assert problem("::1", 80).endswith(says)


@pytest.mark.parametrize(
    ("text", "expected", "for_gunicorn"),
    [
        ("127.0.0.1:8808", ListenAddress("127.0.0.1", 8808), "127.0.0.1:8808"),
        ("[::1]:80", ListenAddress("::1", 80), "[::1]:80"),
        ("policy.example.org:65535", ListenAddress("policy.example.org", 65535), "policy.example.org:65535"),
        ("unix:/run/policy.sock", ListenAddress("unix:/run/policy.sock"), "unix:/run/policy.sock"),
    ],
)
def test_an_address_is_read(text: str, expected: ListenAddress, for_gunicorn: str) -> None:
    assert read_listen_address(text) == expected
    assert expected.for_gunicorn == for_gunicorn


@pytest.mark.parametrize(
    "text",
    ["", "8808", ":8808", "host", "host:", "host:0", "host:65536", "host:-1", "host:٣", "::1:80", "[::1]", "[host]:80",
     "a b:80", "host:80/", "http://host:80", "unix:", "host:80\n"],
)  # fmt: skip
def test_another_text_is_no_address(text: str) -> None:
    with pytest.raises(ValueError):
        read_listen_address(text)


def test_each_kind_of_address_is_checked(taken: int, tmp_path: Path) -> None:
    for address in (ListenAddress("127.0.0.1", taken), ListenAddress(f"unix:{tmp_path}/none/a.sock")):
        with pytest.raises(StartError, match="The server cannot listen at "):
            check_listen_address(address, OPTIONS)
    check_listen_address(ListenAddress(f"unix:{tmp_path}/a.sock"), OPTIONS)


def test_a_name_that_cannot_be_one_is_named() -> None:
    for host in ("a" * 64 + ".example.org", ".example.org"):
        assert "the host name cannot be resolved (it is no host name)" in problem(host, 80)


@pytest.mark.parametrize("words", [["gunicornserver"], ["runserver"], ["runserver", "--no-reload"]])
def test_the_command_ends_with_one_line(tmp_path: Path, taken: int, words: list[str]) -> None:
    settings = tmp_path / "glancesync.conf"
    settings.write_text("[main]\nmaster_region = Spain\n[master]\ntenant = us\n")
    settings.chmod(0o600)
    variables = {
        "GLANCESYNC_CONFIG": str(settings),
        "GLANCESYNC_MOCKPERSISTENT_PATH": str(tmp_path / "federation"),
        "GLANCESYNCAPP_DATABASE_PATH": str(tmp_path / "data"),
    }
    done = subprocess.run(
        [sys.executable, str(RUN), *words, "-p", str(taken)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith(f"ERROR: The server cannot listen at 127.0.0.1:{taken}: another program uses port ")
    assert not (tmp_path / "data").exists()
