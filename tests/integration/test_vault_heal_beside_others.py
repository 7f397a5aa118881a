"""A healing beside other runs on the same region and the same vault, on a real Glance: nothing is lost or double."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cloud import running_cloud
from tests.support.faults import Command, FaultyCloud, Made
from tests.support.healing_crashes import CrashGrounds, content_of

pytestmark = pytest.mark.integration

REGION = "Burgos"
ALERT = 4
"""The exit code when an image is neither in the region nor in the newest run of its shelf."""

HEAL = ("vault", "heal", REGION, "--delete", "--scope", "*", "--wait")


@pytest.fixture
def grounds(root: Path, tmp_path: Path) -> Iterator[CrashGrounds]:
    """A region in which healing has everything to do, and a master that has one of the lost images, too."""
    cloud = FaultyCloud(running_cloud(root), tmp_path)
    here = CrashGrounds(cloud, REGION, tmp_path)
    cloud.hold("Spain", Made("lost", content_of("lost")))
    here.reset()
    yield here
    for region in ("Spain", REGION):
        cloud.fill(region, [])


@pytest.mark.parametrize(
    "other",
    [
        (REGION, "--wait"),
        HEAL,
        ("vault", "backup", REGION, "--wait"),
        ("vault", "prune", "--force"),
    ],
    ids=["sync", "heal", "backup", "prune"],
)
def test_both_end_and_the_next_healing_has_nothing_lost(grounds: CrashGrounds, other: tuple[str, ...]) -> None:
    folder = grounds.vault.folder.parent
    command = Command(grounds.environment, folder)
    running = [command.start(*words) for words in (HEAL, other)]
    results = [each.finish() for each in running]
    grounds.assert_nothing_lost()
    for result in results:  # one of two healings may be refused, as the other one has changed what is remembered
        assert all("meanwhile; start this one again" in line for line in result.errors), result.err
    if "backup" in other and results[0].code == ALERT:  # it came first: its run has only what the region still had
        return
    result = command(*HEAL)
    assert (result.code, result.errors) == (0, []), result.err
    grounds.assert_healed()


def test_an_image_that_is_deleted_or_renamed_meanwhile_is_not_lost(grounds: CrashGrounds) -> None:
    command = Command(grounds.environment, grounds.vault.folder.parent)
    running = command.start(*HEAL)
    images = grounds.cloud.client(REGION, "ours").images
    images.update(grounds.ids["old"], name="renamed")
    images.delete(grounds.ids["good"])
    running.finish()
    result = command("vault", "heal", REGION)
    assert (result.code, result.errors) == (0, []), result.err
    found = {image["name"]: image for image in grounds.images()}
    assert found["good"]["status"] == "active"
    assert grounds.ids["old"] in {image["id"] for image in found.values()}
