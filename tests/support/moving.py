"""What the tests of moving bytes share: a master with one image, regions whose images it replaces, a watched way."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from fiwareglancesync.base.units import MIB

from .faults import Command, FaultyCloud, Made, Result, without_proxy
from .proxy import Proxy
from .proxy_acts import Answer
from .spooling import content_of

BURGOS, CACERES, SPAIN = "Burgos", "Caceres", "Spain"
BOTH = (BURGOS, CACERES)
SIZE = 3 * MIB
CONTENT = content_of(1, SIZE)
OLD = b"old"
FILE = "/v2/images/[^/]+/file"
REPLACE = ("--config", "master.replace=any")
PARALLEL = ("--parallel", "--config", "max_children=2")
AT_ONCE = {"Retry-After": "0"}


class Uploads:
    """The two regions, each with an old image that is to be replaced.

    :param cloud: where they are
    """

    def __init__(self, cloud: FaultyCloud) -> None:
        self._cloud = cloud
        self._before = {region: cloud.hold(region, Made("one", OLD))[0] for region in BOTH}

    def done(self, *regions: str) -> None:
        """These regions have the new image and nothing else."""
        for region in regions:
            self._cloud.assert_holds(region, {"one": CONTENT})

    def undone(self, *regions: str) -> None:
        """These regions are as they were."""
        for region in regions:
            self._cloud.assert_holds(region, {"one": OLD})
            image = self._cloud.only(region, "one")
            assert (image.id, image.public) == (self._before[region], True)


def proxied(cloud: FaultyCloud, folder: Path, proxy: Proxy, spool: Path) -> Command:
    """The program behind a proxy, without files of the master's and without regions that fetch by themselves."""
    proxy.on(Answer(404, "no imports here"), "GET", "/v2/info/import")
    text = f"[main]\nmaster_region = {SPAIN}\nimages_dir = /nonexistent\nspool_dir = {spool}\n"
    return cloud.command(folder, proxy, text)


def moved(folder: Path) -> dict[str, Any]:
    """What the report has about the image by region."""
    regions = json.loads((folder / "report.json").read_text())["regions"]
    return {
        region["region"]: image for region in regions for image in region["images"] if image["action"] == "replace"
    }


def errors_of(run: Command, result: Result, region: str) -> list[str]:
    """What the user reads of a region, wherever."""
    reported = result.errors
    for folder in run.folder.glob("sync_*"):
        lines = (folder / f"{region}.txt").read_text().splitlines()
        reported = [*reported, *("ERROR:" + line.partition(" ERROR ")[2] for line in lines if " ERROR " in line)]
    return [line for line in reported if line.startswith(f"ERROR:{region}: ")]


def kinds(events: Path, kind: str) -> list[str]:
    """The regions of all events of a kind so far."""
    lines = events.read_text().splitlines() if events.exists() else []
    found = [json.loads(line) for line in lines if line.endswith("}")]
    return [event["region"] for event in found if event["kind"] == kind]


def assert_matches(pattern: str, text: str) -> None:
    """A text is what a pattern says, all of it."""
    assert re.fullmatch(pattern, without_proxy(text)), text
