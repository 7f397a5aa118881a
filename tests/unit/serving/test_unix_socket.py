"""``unix:PATH`` as an address of the server, and what is wrong with a path before anything is started."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from fiwareglancesync.serving.start_error import StartError
from fiwareglancesync.serving.unix_socket import check_socket, socket_path


def test_the_path_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert socket_path("unix:a.sock") == socket_path(f"unix://{tmp_path}/a.sock") == f"{tmp_path}/a.sock"


@pytest.mark.parametrize("host", ["::1", "127.0.0.1", "unix:", "unix", "unixoid:/a", "localhost"])
def test_other_addresses_are_none(host: str) -> None:
    assert socket_path(host) == ""


def test_a_socket_that_an_ended_server_has_left_is_replaced(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(path)
    check_socket(path)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nowhere/a.sock", "there is no folder "),
        ("file", "something else has this path"),
        ("a" * 108, "the path is longer than 107 bytes"),
    ],
)
def test_what_is_wrong_is_reported(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "file").touch()
    path = str(tmp_path / name)
    with pytest.raises(StartError) as caught:
        check_socket(path)
    assert str(caught.value).startswith(f"The server cannot listen at unix:{path}: {says}")
