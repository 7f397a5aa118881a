"""The tests of the configuration share a folder with one file, and an entry of clouds.yaml."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from fiwareglancesync.config.clouds import Cloud, read_cloud
from tests.support.cloud_entries import AUTH, Read
from tests.support.reading import reading

__all__ = ["folder", "read", "reading"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds all files there are, without any network."""
    from openstack.config import loader

    monkeypatch.setattr(loader, "CONFIG_FILES", [str(tmp_path / "clouds.yaml"), str(tmp_path / "clouds.json")])
    monkeypatch.setattr(loader, "SECURE_FILES", [str(tmp_path / "secure.yaml")])
    monkeypatch.setattr(loader, "VENDOR_FILES", [str(tmp_path / "clouds-public.yaml")])

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    return tmp_path


@pytest.fixture
def read(folder: Path) -> Read:
    """Reads an entry of these lines."""

    def entry(*lines: str, auth: str = AUTH) -> Cloud:
        (folder / "clouds.yaml").write_text("clouds:\n  fed:\n" + "".join(f"    {line}\n" for line in (auth, *lines)))
        return read_cloud("fed", {})

    return entry
