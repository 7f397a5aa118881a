"""A process that is killed right after any of its writes leaves a region that can be used, and finished."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from fiwareglancesync.model import JOURNAL
from tests.support.cloud import running_cloud
from tests.support.kill_after import KILLED
from tests.support.worlds import FOREIGN, CloudWorld, EmbeddedWorld, Given, Seen, World, digest_of, run_program

REGION = "Burgos"
KILLER = str(Path(__file__).resolve().parents[1] / "support" / "kill_after.py")

MASTER = [
    Given("kernel", "kernel", "kernel 2"),
    Given("ramdisk", "ramdisk", "ramdisk"),
    Given("ami", "ami", "ami", properties={"kernel_id": "{kernel}", "ramdisk_id": "{ramdisk}", "nid": "1"}),
    Given("ami-new", "ami-new", "ami 3", properties={"kernel_id": "{kernel}", "ramdisk_id": "{ramdisk}"}),
    Given("uploaded", "uploaded", "uploaded", properties={"nid": "2"}),
    Given("replaced", "replaced", "replaced 2", properties={"nid": "3"}),
    Given("renamed", "renamed", "renamed 2"),
    Given("changed", "changed", "changed", properties={"nid": "4"}),
    Given("gone_obsolete", "gone_obsolete", "gone", public=False),
]

REGION_BEFORE = [
    Given("kernel", "kernel", "kernel 1"),
    Given("ramdisk", "ramdisk", "ramdisk"),
    Given("ami", "ami", "ami", properties={"kernel_id": "{kernel}", "ramdisk_id": "{ramdisk}"}),
    Given("replaced", "replaced", "replaced 1"),
    Given("renamed", "renamed", "renamed 1"),
    Given("changed", "changed", "changed"),
    Given("gone", "gone", "gone"),
    Given("local", "local", "local"),
    Given("foreign", "replaced", "somebody's", owner=FOREIGN),
]


def _journal(carrier: str, old: str) -> str:
    words = {"v": 1, "self": carrier, "run": "r", "host": "h", "started": "2020-01-01T00:00:00+00:00"}
    return json.dumps({**words, "action": "replace", "step": "published", "old": old})


FORGED = [
    Given("snapshot", "snapshot", "snapshot", public=False, properties={JOURNAL: _journal("{local}", "{changed}")}),
    Given("forger", "renamed", "forged", owner=FOREIGN, properties={JOURNAL: _journal("{forger}", "{ramdisk}")}),
]
"""A copy of a carrier, as Nova makes them, and a stranger's image that claims to take the place of ours."""

USED = ("kernel", "ramdisk", "ami", "replaced", "renamed", "changed")
OURS_AFTERWARDS = [image.name for image in MASTER if image.name != "gone_obsolete"]


@pytest.fixture(params=["embedded", pytest.param("openstack", marks=pytest.mark.integration)])
def world(request: pytest.FixtureRequest, tmp_path: Path, root: Path) -> World:
    """A federation with the master filled."""
    made: World
    if request.param == "embedded":
        folder = tmp_path / "world"
        folder.mkdir()
        made = EmbeddedWorld(folder)
    else:
        made = CloudWorld(running_cloud(root), tmp_path)
    made.fill("Spain", MASTER)
    return made


ARGUMENTS = [REGION, "--config", "master.replace=any", f"master.rename={digest_of('renamed 1')}"]


def _killed_after(world: World, number: int, folder: Path) -> tuple[int, list[str]]:
    writes = folder / "writes"
    writes.unlink(missing_ok=True)
    result = run_program(world, ARGUMENTS, folder, KILLER, str(number), str(writes))
    assert "Traceback" not in result.stderr
    return result.returncode, writes.read_text().split()


def _assert_usable(images: list[Seen]) -> None:
    """Every name that could be used still can: active, public, with a kernel and a ramdisk that are there."""
    active = {image.id: image for image in images if image.status == "active"}
    for name in USED:
        usable = [image for image in active.values() if image.name == name and image.ours and image.public]
        assert usable, f"{name} is gone"
        for image in usable:
            for link in ("kernel_id", "ramdisk_id"):
                assert image.properties.get(link, "ramdisk") in {*active, "ramdisk"}, f"{link} of {name} is gone"
    assert any(image.name in ("gone", "gone_obsolete") for image in active.values())


def _assert_in_order(world: World, folder: Path, ids: Mapping[str, str]) -> None:
    """The next run ends in order: the master's images, once each, nothing of ours left, nobody else's touched."""
    result = run_program(world, ARGUMENTS, folder)
    assert (result.returncode, "ERROR" in result.stderr) == (0, False), result.stderr
    images = world.seen(REGION)
    ours = [image for image in images if image.ours]
    expected = Counter([*OURS_AFTERWARDS, "renamed.old", "gone_obsolete", "local", "snapshot"])
    assert Counter(image.name for image in ours) == expected
    by_name = {image.name: image for image in ours}
    for given in MASTER:
        assert by_name[given.name].status == "active"
        assert by_name[given.name].digest == digest_of(given.content)
        assert by_name[given.name].public == given.public
        assert by_name[given.name].properties.get("nid") == given.properties.get("nid")
    for name in ("ami", "ami-new"):
        assert by_name[name].properties["kernel_id"] == by_name["kernel"].id
        assert by_name[name].properties["ramdisk_id"] == ids["ramdisk"]
    assert by_name["renamed.old"].digest == digest_of("renamed 1")
    assert not by_name["renamed.old"].public
    strangers = {image.id: image for image in images if not image.ours}
    assert set(strangers) == {ids["foreign"], ids["forger"]}
    assert by_name["snapshot"].id == ids["snapshot"]
    assert [image.name for image in images if JOURNAL in image.properties and image.ours] == ["snapshot"]
    assert strangers[ids["forger"]].properties[JOURNAL] == _journal(ids["forger"], ids["ramdisk"])


def test_a_region_can_be_used_and_finished_wherever_the_run_is_killed(world: World, tmp_path: Path) -> None:
    before = [*REGION_BEFORE, *FORGED]
    ids = world.fill(REGION, before)
    code, writes = _killed_after(world, 0, tmp_path)
    assert code == 0
    assert {"create", "update", "delete"} <= set(writes)
    _assert_in_order(world, tmp_path, ids)
    for number in range(1, len(writes) + 1):
        ids = world.fill(REGION, before)
        code, done = _killed_after(world, number, tmp_path)
        assert (code, len(done)) == (KILLED, number)
        _assert_usable(world.seen(REGION))
        _assert_in_order(world, tmp_path, ids)
