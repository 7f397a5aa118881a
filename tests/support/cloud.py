"""Finds the development cloud that tests may use."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import pytest

DESCRIPTION = "devcloud.json"


def running_cloud(root: Path) -> Path:
    """The description of the development cloud; without one the test is skipped, or in CI has failed.

    :param root: the checkout
    """
    folder = Path(os.environ.get("GLANCESYNC_DEVCLOUD_DIR") or root / ".devcloud")
    reason = ""
    if not (folder / DESCRIPTION).is_file():
        reason = f"no development cloud in {folder}; start one with scripts/devcloud up"
    elif not _answers(folder / DESCRIPTION):
        reason = f"the development cloud in {folder} is down; start it with scripts/devcloud up"
    if reason:
        missing(reason)
    return folder / DESCRIPTION


def missing(reason: str) -> NoReturn:
    """Skip the test, or in CI have it fail.

    :param reason: what it needs and how to get it
    """
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _answers(description: Path) -> bool:
    cloud = json.loads(description.read_text(encoding="utf-8"))
    addresses = [cloud["keystones"]["keystone-a"]["url"]]
    addresses += [cloud["regions"][region]["url"] for region in ("Spain", "Burgos")]
    for address in map(urlsplit, addresses):
        try:
            socket.create_connection((address.hostname or "", address.port or 0), timeout=60).close()
        except OSError:
            return False
    return True
