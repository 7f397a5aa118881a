"""The development cloud: where it is, who may sign in, and what its servers were asked."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from glanceclient import Client
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

ROOT = Path(__file__).resolve().parents[3]
COMMAND = ROOT / "scripts" / "devcloud"
MASTER = "Spain"
OURS = "glancesync"
KEYSTONES = {"master": "keystone-a", "federation2": "keystone-b"}
"""The Keystone of each target."""

REQUEST = re.compile(r"^request (?P<method>[A-Z]+) (?P<uri>\S+) (?P<status>[0-9]+) at ", re.MULTILINE)
LOG_SECONDS = 60.0


class NoCloud(Exception):
    """There is no development cloud to test with; the text says what to do."""


@dataclass(frozen=True)
class Request:
    """A request that a server has answered."""

    method: str
    uri: str
    status: int

    @property
    def writes(self) -> bool:
        """Whether it may have changed something."""
        return self.method not in ("GET", "HEAD")


class DevelopmentCloud:
    """A running development cloud.

    :param folder: where it lives
    :param named: whether somebody said that it is the one to use, not only the one that happens to be there
    :raises NoCloud: it is not there, or not up
    """

    def __init__(self, folder: Path, *, named: bool) -> None:
        self.folder = folder
        self.named = named
        if not (folder / "devcloud.json").is_file():
            raise NoCloud(f"There is no development cloud in {folder}; start one with: scripts/devcloud up")
        if self.command("status", check=False).returncode != 0:
            raise NoCloud(f"The development cloud in {folder} is not up; start it with: scripts/devcloud up")
        self._described: dict[str, Any] = json.loads((folder / "devcloud.json").read_text(encoding="utf-8"))
        self.configuration = Path(self._described["config"])
        self.regions: Sequence[str] = list(self._described["regions"])
        self.environment = self._environment()
        self._sessions: dict[tuple[str, str], Session] = {}

    @staticmethod
    def of_the_environment() -> DevelopmentCloud:
        """The cloud of ``GLANCESYNC_DEVCLOUD_DIR``, else the checkout's.

        :raises NoCloud: it is not there, or not up
        """
        named = os.environ.get("GLANCESYNC_DEVCLOUD_DIR", "")
        return DevelopmentCloud(Path(named or ROOT / ".devcloud").resolve(), named=bool(named))

    def command(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run ``scripts/devcloud``."""
        command = [sys.executable, str(COMMAND), "--dir", str(self.folder), *words]
        return subprocess.run(command, capture_output=True, text=True, check=check)

    def keystone(self, name: str) -> Mapping[str, Any]:
        """What is known of a Keystone: its address and accounts."""
        found: Mapping[str, Any] = self._described["keystones"][name]
        return found

    def client(self, region: str, account: str = OURS) -> Any:
        """A python-glanceclient for a region.

        :param account: ``glancesync``, ``foreign`` or ``member``
        """
        keystone = self._described["regions"][region]["keystone"]
        if (keystone, account) not in self._sessions:
            known = self._described["keystones"][keystone]["accounts"][account]
            plugin = v3.Password(
                auth_url=self._described["keystones"][keystone]["url"],
                username=known["user"],
                password=known["password"],
                project_name=known["project"],
                user_domain_name="Default",
                project_domain_name="Default",
            )
            self._sessions[keystone, account] = Session(plugin)
        return Client("2", session=self._sessions[keystone, account], region_name=region)

    def project(self, account: str, target: str = "master") -> str:
        """The id of an account's project on a target's Keystone."""
        found: str = self._described["keystones"][KEYSTONES[target]]["accounts"][account]["project_id"]
        return found

    def password(self, target: str) -> str:
        """The password of the main account at a target's Keystone."""
        found: str = self._described["keystones"][KEYSTONES[target]]["accounts"][OURS]["password"]
        return found

    def url(self, server: str) -> str:
        """The address of a Keystone, named by its target, or of a region's Glance."""
        found: str = self._services()[KEYSTONES.get(server, server)]["url"]
        return found

    def owner(self, region: str, project: str) -> str:
        """The name of the project with an id."""
        accounts = self._described["keystones"][self._described["regions"][region]["keystone"]]["accounts"]
        return next((str(a["project"]) for a in accounts.values() if a["project_id"] == project), project)

    def marks(self) -> Mapping[str, int]:
        """Where the servers' logs end now, the lines of all requests until now included."""
        begins = {name: self._log(name).stat().st_size for name in self._services()}
        signs = {name: self._leave_sign(name) for name in begins}
        return {name: begin + len(self._read(name, begin, signs[name])) for name, begin in begins.items()}

    def requests(self, server: str, mark: int) -> list[Request]:
        """What a server was asked since a mark.

        :param server: a region, or ``keystone-a`` or ``keystone-b``
        :param mark: one of ``marks``
        """
        sign = self._leave_sign(server)
        text = self._read(server, mark, sign).decode("utf-8", "replace")
        found = [Request(match["method"], match["uri"], int(match["status"])) for match in REQUEST.finditer(text)]
        # Whether it is up is asked by those who watch the server.
        return [r for r in found if "healthcheck" not in r.uri and r.uri != f"/v3?{sign}"]

    def _leave_sign(self, server: str) -> str:
        """Ask a server something that can be found in its log; "" when it is down.

        Servers write a line after they have answered: when the sign is there, the lines of what was asked and
        answered before are there as well.
        """
        sign = uuid.uuid4().hex
        path = "" if server in KEYSTONES.values() else "/healthcheck"
        try:
            requests.get(f"{self._services()[server]['url']}{path}?{sign}", timeout=LOG_SECONDS)
        except requests.ConnectionError:
            return ""
        return sign

    def _read(self, server: str, begin: int, sign: str) -> bytes:
        """What a log holds from an offset on, as soon as a sign is in it, read to its end."""
        deadline = time.monotonic() + LOG_SECONDS
        while True:
            with self._log(server).open("rb") as log:
                log.seek(begin)
                text = log.read()
            if sign.encode() in text and text[-1:] in (b"", b"\n"):
                return text
            assert time.monotonic() < deadline, f"the log of {server} does not have a request made before"
            time.sleep(0.01)

    def _services(self) -> Mapping[str, Any]:
        return {**self._described["keystones"], **self._described["regions"]}

    def _log(self, server: str) -> Path:
        return Path(self._services()[server]["log"])

    def _environment(self) -> dict[str, str]:
        words = shlex.split(self.command("env").stdout)
        return dict(word.split("=", 1) for word in words if "=" in word)
