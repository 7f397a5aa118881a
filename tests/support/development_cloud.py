"""The development cloud as tests need it: found, described, or the reason why there is none."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fiwareglancesync.images.settings import MASTER, Target
from fiwareglancesync.openstack.credential import Credential

from .cloud import running_cloud

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ROOT / "scripts" / "devcloud"


class DevelopmentCloud:
    """A running development cloud.

    :param folder: where it lives
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.described: dict[str, Any] = json.loads((folder / "devcloud.json").read_text(encoding="utf-8"))

    def keystone(self, name: str = "keystone-a") -> dict[str, Any]:
        """What is known of a Keystone."""
        found: dict[str, Any] = self.described["keystones"][name]
        return found

    def credential(
        self, account: str = "glancesync", keystone: str = "keystone-a", url: str = ""
    ) -> Credential:
        """How an account signs in; ``url`` replaces the Keystone's address."""
        known = self.keystone(keystone)["accounts"][account]
        return Credential(
            auth_url=url or self.keystone(keystone)["url"],
            username=known["user"],
            password=known["password"],
            project_name=known["project"],
        )

    def target(self, account: str = "glancesync", name: str = MASTER) -> Target:
        """A target of the first Keystone."""
        return Target(name, self.credential(account))

    def command(self, *words: str) -> None:
        """Run ``scripts/devcloud``."""
        done = subprocess.run(
            [sys.executable, str(COMMAND), "--dir", str(self.folder), *words],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    @contextmanager
    def changed(self, service: str, *options: str) -> Iterator[None]:
        """Have a service run with other options meanwhile."""
        self.command("restart", service, "--set", *options)
        try:
            yield
        finally:
            self.command("restart", service)

    @contextmanager
    def stopped(self, service: str) -> Iterator[None]:
        """Have a service down meanwhile."""
        self.command("stop", service)
        try:
            yield
        finally:
            self.command("start", service)


def development_cloud() -> DevelopmentCloud:
    """The development cloud; without one the test is skipped and says why, or in CI has failed."""
    return DevelopmentCloud(running_cloud(ROOT).parent)
