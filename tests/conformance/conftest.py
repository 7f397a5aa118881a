"""Every rule is checked in the embedded federation and on the development cloud's real Glance."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from fiwareglancesync.facade import Place

from .worlds import World, embedded_world, openstack_world

CLOUD = "devcloud.json"


@pytest.fixture(params=["embedded", pytest.param("openstack", marks=pytest.mark.integration)])
def world(request: pytest.FixtureRequest, root: Path) -> Iterator[World]:
    """A region, which each test leaves as it was."""
    if request.param == "embedded":
        with embedded_world(None) as made:
            yield made
    else:
        with openstack_world(_cloud(root)) as made:
            yield made


@pytest.fixture
def place(world: World) -> Place:
    """The region, with our rights."""
    return world.place


def _cloud(root: Path) -> Path:
    """The description of the development cloud; without one the test is skipped, or in CI has failed."""
    folder = Path(os.environ.get("GLANCESYNC_DEVCLOUD_DIR") or root / ".devcloud")
    reason = ""
    if not (folder / CLOUD).is_file():
        reason = f"no development cloud in {folder}; start one with scripts/devcloud up"
    elif not _answers(folder / CLOUD):
        reason = f"the development cloud in {folder} is down; start it with scripts/devcloud up"
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    return folder / CLOUD


def _answers(cloud: Path) -> bool:
    described = json.loads(cloud.read_text(encoding="utf-8"))
    addresses = [described["keystones"]["keystone-a"]["url"]]
    addresses += [described["regions"][region]["url"] for region in ("Spain", "Burgos")]
    for address in map(urlsplit, addresses):
        try:
            socket.create_connection((address.hostname or "", address.port or 0), timeout=5).close()
        except OSError:
            return False
    return True
