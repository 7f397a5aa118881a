"""A development cloud of a test's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devcloud_lib.http import Client, sign_in

from tests.support.conditions import wait_for

COMMAND_SECONDS = 600
GONE_SECONDS = 60


@dataclass(frozen=True)
class OwnCloud:
    """A development cloud and the command that governs it."""

    script: Path
    folder: Path
    environment: dict[str, str]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Call the command."""
        command = [sys.executable, str(self.script), "--dir", str(self.folder), *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True,
                              timeout=COMMAND_SECONDS, check=False)

    def do(self, *words: str) -> str:
        """Call the command, which has to succeed; what it prints."""
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def describe(self) -> dict[str, Any]:
        """What its description says."""
        description: dict[str, Any] = json.loads((self.folder / "devcloud.json").read_text(encoding="utf-8"))
        return description

    def states(self) -> dict[str, str]:
        """Server -> what is to be seen of it."""
        return {row["name"]: row["state"] for row in json.loads(self.run("status", "--json").stdout)}

    def glance(self, region: str, account: str = "glancesync") -> Client:
        """The Glance of a region as somebody."""
        description = self.describe()
        keystone = description["keystones"][description["regions"][region]["keystone"]]
        who = keystone["accounts"][account]
        token = sign_in(keystone["port"], user=who["user"], password=who["password"], project=who["project"])
        return Client(description["regions"][region]["port"], token)

    def images(self, region: str) -> dict[str, dict[str, Any]]:
        """The images of a region, by id."""
        return {image["id"]: image for image in self.glance(region).pages("/v2/images", "images")}


@contextmanager
def own_cloud(root: Path, folder: Path, *words: str) -> Iterator[OwnCloud]:
    """A running cloud, removed afterwards; the software is that of the checkout's cloud.

    :param root: the checkout
    :param folder: where it is to live
    :param words: for ``up``
    """
    venv = os.environ.get("GLANCESYNC_DEVCLOUD_VENV") or str(root / ".devcloud" / "venv")
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    made = OwnCloud(root / "scripts" / "devcloud", folder, environment | {"GLANCESYNC_DEVCLOUD_VENV": venv})
    try:
        made.do("up", *words)
        yield made
    finally:
        made.run("down", "--purge")


def wait_until_gone(pid: int) -> None:
    """Wait until a process of nobody's is no more than its remains."""
    def gone() -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
        except (FileNotFoundError, ProcessLookupError):
            return True

    wait_for(gone, f"the end of process {pid}", GONE_SECONDS)


def in_folder(process: Path, folder: Path) -> bool:
    """Whether a running process works in that folder or below it.

    :param process: its folder in ``/proc``
    """
    try:
        where = Path(os.readlink(process / "cwd"))
    except OSError:
        return False  # it ended, or is somebody else's
    return where == folder or folder in where.parents
