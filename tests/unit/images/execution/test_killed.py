"""One region with every kind of change, killed right after each of its writes in turn."""

from __future__ import annotations

import contextlib
from functools import cache

import pytest

from fiwareglancesync.images.model import JOURNAL, LINKS, Image
from tests.support.builders import THEIRS, RegionSetup, image, master_image
from tests.support.watched import Killed, WatchedPlace, dying_after

MASTERS = (
    master_image("absent"),
    master_image("kernel", size=1),
    master_image("ramdisk", size=2),
    master_image("ami", size=3, properties={"kernel_id": "m-kernel", "ramdisk_id": "m-ramdisk"}),
    master_image("replaced-ami", properties={"kernel_id": "m-kernel", "nid": "1"}),
    master_image("renamed", protected=True),
    master_image("other-metadata", properties={"nid": "new"}),
    master_image("gone_obsolete", "G", visibility="private"),
    master_image("same"),
)
IMAGES = (
    image("kernel", "old kernel", protected=True),
    image("ramdisk", "renamed"),
    image("ami", properties={"kernel_id": "r-kernel", "ramdisk_id": "r-ramdisk"}),
    image("replaced-ami", "old", properties={"kernel_id": "r-kernel"}),
    image("renamed", "renamed", properties={"local": "stays"}),
    image("renamed.old", "even older", visibility="private"),
    image("other-metadata", properties={"nid": "old", "local": "stays"}),
    image("gone", "G"),
    image("same"),
    image("local", "L", properties={"kernel_id": "r-ramdisk"}),
    image("snapshot", "S", properties={JOURNAL: '{"v":1,"self":"elsewhere","step":"new","action":"upload"}'}),
    image("theirs", "T", owner=THEIRS),
    image("same", "T", id="r-their-same", owner=THEIRS),
)
RULES = {"replace": ["any"], "rename": ["renamed"]}
UNTOUCHED = ("r-local", "r-snapshot", "r-theirs", "r-their-same", "r-same", "r-renamed.old")


def setup() -> RegionSetup:
    return RegionSetup(MASTERS, IMAGES, **RULES)


@cache
def writes() -> int:
    """The number of writes of an undisturbed run."""
    here = setup()
    place = WatchedPlace(here.place)
    assert not here.sync(through=lambda _: place).failed
    return len(place.writes)


def unusable(images: list[Image]) -> list[str]:
    """The names that no user of the region could start an instance from."""
    by_id = {found.id: found for found in images}

    def works(found: Image) -> bool:
        links = [by_id.get(found.user_properties[key]) for key in LINKS if key in found.user_properties]
        return found.is_active and found.is_public and all(linked and linked.is_active for linked in links)

    names = {found.name for found in IMAGES if found.owner != THEIRS and found.is_public} - {"gone"}
    return sorted(names - {found.name for found in images if works(found) and found.owner != THEIRS})


def shape(here: RegionSetup) -> list[tuple[str, str | None, str, str, list[tuple[str, str]]]]:
    """The region's images but for their UUIDs."""
    names = {found.id: found.name for found in here.images}
    return sorted(
        (
            found.name,
            found.checksum,
            found.visibility,
            found.owner,
            sorted((key, names.get(value, value)) for key, value in found.user_properties.items()),
        )
        for found in here.images
    )


def test_the_scenario_has_a_write_of_every_kind() -> None:
    here = setup()
    place = WatchedPlace(here.place)
    here.sync(through=lambda _: place)
    assert {write.kind for write in place.writes} == {"create", "adopt", "update", "delete"}
    assert {action for action, _ in here.did()} == {
        *("obsolete", "metadata", "upload", "replace", "rename", "relink", "settle")
    }


@pytest.mark.parametrize("again", [None, 1, 2, 3], ids=lambda again: f"then {again}")
def test_killed_after_each_write_in_turn(again: int | None) -> None:
    undisturbed = setup()
    undisturbed.sync()
    for number in range(1, writes() + 1):
        here = setup()
        untouched = [found for found in here.images if found.id in UNTOUCHED]
        for kill in filter(None, (number, again)):
            with contextlib.suppress(Killed):
                here.sync(through=dying_after(kill))
            assert unusable(here.images) == [], f"after write {number}"
        outcome = here.sync()
        assert not outcome.failed, f"after write {number}: {here.reported()}"
        assert shape(here) == shape(undisturbed), f"after write {number}"
        assert [found for found in here.images if found.id in UNTOUCHED] == untouched
        assert all(entry.status.value == "ok" for entry in here.plan().entries)


def test_the_observer_notices_what_is_missing() -> None:
    present = list(IMAGES)
    assert unusable(present) == []
    assert unusable([found for found in present if found.name != "kernel"]) == ["ami", "kernel", "replaced-ami"]
