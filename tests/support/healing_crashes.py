"""A region and a shelf in which healing has everything to do, and what holds wherever it is killed (vault 5.3)."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from fiwareglancesync.images.model import JOURNAL
from fiwareglancesync.images.removal_mark import REMOVAL, RemovalMark
from fiwareglancesync.images.vault.healing_ledger import HealingLedger, Removal, RemovalStep, read_ledger
from fiwareglancesync.images.vault.vault_folder import Shelf, init_vault

from .faults import PROGRAM, FaultyCloud, Made
from .observed_federations import OURS, ROOT
from .stack_templates import write_templates
from .vaults import faults

SCRIPT = str(ROOT / "tests" / "support" / "killed_vault.py")
KILLED = -9
NEEDED = ("good", "lost", "changed", "new", "back", "machine")
DEPARTING = ("deleted", "pending_delete")
"""The status of an image whose deletion is being carried out."""

LONG_AGO = datetime.now(timezone.utc) - timedelta(days=30)
BEFORE = ("good", "changed", "back", "machine", "new", "old", "gone")
"""The images of the region: ``back`` and ``gone`` are hidden, and ``gone`` and ``old`` are not needed."""

AFTER = ("good", "changed", "back", "machine", "new", "old", "lost", "kernel")
"""Those of the healed region, where ``old`` is hidden."""

KEPT = ("good", "changed", "back", "machine", "new", "old", "lost", "kernel")
"""The images that the shelf has at the end."""


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    :param points: the names of the points that it passed
    """

    code: int
    points: Sequence[str]
    output: str


class Runner:
    """Runs the program again and again; see ``killed_vault.py``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, *words: str, last: int = 0) -> Ended:
        """Run it.

        :param last: number of the point at which it is killed, 0 for none
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps([last, words]) + "\n")
        stdin.flush()
        ended = Ended(*json.loads(stdout.readline()))
        assert "Traceback" not in ended.output, ended.output
        return ended


@contextmanager
def runner(environment: dict[str, str], folder: Path) -> Iterator[Runner]:
    """What runs the program.

    :param environment: leads to the cloud
    :param folder: where it runs
    """
    base = {key: value for key, value in os.environ.items() if not key.startswith(("OS_", "GLANCESYNC_"))}
    words = [sys.executable, SCRIPT, str(folder / "points")]
    streams: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, cwd=folder, env={**base, **environment}, **streams) as process:
        yield Runner(process)
        assert process.stdin is not None
        process.stdin.close()


def content_of(name: str) -> bytes:
    """The bytes of an image in the region."""
    return f"the bytes of {name}".encode() * 1000


class CrashGrounds:
    """A region in which healing is killed.

    :param region: nobody else uses it
    :param folder: an empty folder
    """

    def __init__(self, cloud: FaultyCloud, region: str, folder: Path) -> None:
        self.cloud = cloud
        self.region = region
        self.vault = init_vault(folder / "vault")
        self._prepared = folder / "prepared"
        self._folder = folder
        templates = write_templates(folder / "templates", NEEDED)
        configuration = folder / "own.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            f"{cloud.usual_configuration}[vault:north]\npath = {self.vault.folder}\ntemplates = {templates}\n"
            "in_use = unchecked\n"
        )
        self.environment = {**cloud.environment(), "GLANCESYNC_CONFIG": str(configuration)}
        self.ids: dict[str, str] = {}
        self._kernel = ""
        self._prepare()

    @property
    def shelf(self) -> Shelf:
        """The shelf of the region."""
        return self.vault.shelf(self.region)

    def _prepare(self) -> None:
        """Make a vault that has what the region has lost."""
        cloud, region = self.cloud, self.region
        cloud.fill(region, [])
        self._kernel = cloud.add(region, Made("kernel", content_of("kernel")))
        cloud.add(region, Made("machine", content_of("machine"), properties={"kernel_id": self._kernel}))
        cloud.add(region, Made("changed", b"other bytes"))
        for name in ("good", "lost", "back", "left"):
            cloud.add(region, Made(name, content_of(name)))
        command = [sys.executable, PROGRAM, "vault", "backup", region]
        subprocess.run(command, env={**os.environ, **self.environment}, check=True, capture_output=True)
        self.vault.folder.rename(self._prepared)

    def reset(self) -> None:
        """Make everything as it is before healing."""
        self.cloud.fill(self.region, [])
        properties = {"machine": {"kernel_id": self._kernel}}
        for name in BEFORE:
            made = Made(name, content_of(name), properties=properties.get(name, {}))
            self.ids[name] = self.cloud.add(self.region, made)
        for name in ("back", "gone"):
            self._hide(name)
        database = self.cloud.database(self.region)
        with closing(sqlite3.connect(database, timeout=180)) as connection, connection:
            for uuid in self.ids.values():
                connection.execute("UPDATE images SET created_at = '2020-01-01 00:00:00' WHERE id = ?", (uuid,))
        shutil.rmtree(self.vault.folder, ignore_errors=True)
        shutil.copytree(self._prepared, self.vault.folder)
        removals = tuple(Removal(self.ids[name], name, RemovalStep.HIDDEN, LONG_AGO) for name in ("back", "gone"))
        run = self.shelf.newest_complete()
        left = [image.id for image in run.images if image.name == "left"] if run else []
        unneeded = ("old", "gone", "left", self.ids["old"], self.ids["gone"], *left)
        ledger = HealingLedger(1, dict.fromkeys(unneeded, LONG_AGO), removals)
        self.shelf.paths.healing.write_bytes(ledger.as_document())

    def _hide(self, name: str) -> None:
        """Have an image hidden by the program, long ago."""
        uuid = self.ids[name]
        images = self.cloud.client(self.region, OURS).images
        mark = RemovalMark(uuid, name, "public", False, LONG_AGO)
        images.update(uuid, visibility="private", os_hidden=True, **{REMOVAL: mark.text()})

    def images(self) -> list[dict[str, Any]]:
        """What Glance says of each image, with its bytes hashed as ``digest``.

        A request of a killed process may still be carried out: an image that becomes visible would be in neither of the
        two lists, and one that is being deleted is not active. So they are made again until nothing changes any more.
        """
        images = self.cloud.client(self.region, OURS).images
        visible: list[Any] = []
        hidden: list[Any] = []
        again: list[Any] | None = None
        while (
            again is None
            or {image.id for image in visible} != {image.id for image in again}
            or any(image.status in DEPARTING for image in (*visible, *hidden))
        ):
            visible, hidden = list(images.list()), list(images.list(filters={"os_hidden": True}))
            again = list(images.list())
        found = [dict(image) for image in (*visible, *hidden)]
        for image in found:
            if image["status"] == "active":
                image["digest"] = hashlib.sha512(b"".join(images.data(image["id"]))).hexdigest()
        return found

    def newest(self) -> Counter[str]:
        """The names that the newest complete run of the shelf has."""
        run = self.shelf.newest_complete()
        assert run is not None
        return Counter(image.name for image in run.images)

    def kept_uuids(self) -> set[str]:
        """The UUIDs that any run of the shelf has."""
        return {image.id for time in self.shelf.run_times() for image in self.shelf.run(time).images}

    def assert_nothing_lost(self) -> None:
        """What holds at every moment: all bytes are there, nothing is half and public, each removal is recorded."""
        assert faults(self.vault) == []
        images = {image["id"]: image for image in self.images()}
        ledger = read_ledger(self.shelf)
        recorded = {(each.id, each.step) for each in ledger.removals}
        for image in images.values():
            if image["visibility"] == "public" or image["id"] in self.ids.values():
                assert image["status"] == "active"
                assert image["digest"] == hashlib.sha512(content_of(image["name"])).hexdigest()
            if image["os_hidden"]:
                assert REMOVAL in image
                assert (image["id"], RemovalStep.HIDDEN) in recorded
        missing = {name for name, uuid in self.ids.items() if uuid not in images}
        assert missing <= {"gone"}
        if missing:
            assert (self.ids["gone"], RemovalStep.DELETED) in recorded
            assert self.ids["gone"] in self.kept_uuids()
        if images[self.ids["old"]]["os_hidden"]:
            assert self.newest()["old"] == 1

    def assert_healed(self) -> None:
        """What holds at the end: each image once, whole, as it was; the shelf has all of them."""
        self.assert_nothing_lost()
        images = self.images()
        assert Counter(image["name"] for image in images) == Counter(AFTER)
        by_name = {image["name"]: image for image in images}
        for name, image in by_name.items():
            assert JOURNAL not in image
            assert ((REMOVAL in image), image["os_hidden"]) == (name == "old",) * 2
            assert image["visibility"] == ("private" if name == "old" else "public")
            assert self.ids.get(name, image["id"]) == image["id"]
        assert by_name["machine"]["kernel_id"] == by_name["kernel"]["id"]
        assert self.newest() - Counter(["gone"]) == Counter(KEPT)
        steps = {(each.name, each.step) for each in read_ledger(self.shelf).removals}
        assert {("old", RemovalStep.HIDDEN), ("gone", RemovalStep.DELETED), ("left", RemovalStep.LEFT)} <= steps
