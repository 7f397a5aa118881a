"""A region in which everything there is to do has to be done, and what holds however a run there is interrupted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from fiwareglancesync.images.model import JOURNAL

from .observed_federations import FOREIGN, Given, Seen, digest_of

MASTER = (
    Given("kernel", "kernel", "kernel 2"),
    Given("ramdisk", "ramdisk", "ramdisk"),
    Given("ami", "ami", "ami", properties={"kernel_id": "{kernel}", "ramdisk_id": "{ramdisk}", "nid": "1"}),
    Given("ami-new", "ami-new", "ami 3", properties={"kernel_id": "{kernel}", "ramdisk_id": "{ramdisk}"}),
    Given("uploaded", "uploaded", "uploaded", properties={"nid": "2"}),
    Given("replaced", "replaced", "replaced 2", properties={"nid": "3"}),
    Given("renamed", "renamed", "renamed 2"),
    Given("changed", "changed", "changed", properties={"nid": "4"}),
    Given("gone_obsolete", "gone_obsolete", "gone", public=False),
)

MOVED = ("kernel", "ami-new", "uploaded", "replaced", "renamed")
"""Names of the images whose bytes have to be moved."""

REGION_BEFORE = (
    Given("kernel", "kernel", "kernel 1"),
    Given("ramdisk", "ramdisk", "ramdisk"),
    Given("ami", "ami", "ami", properties={"kernel_id": "{kernel}", "ramdisk_id": "{ramdisk}"}),
    Given("replaced", "replaced", "replaced 1"),
    Given("renamed", "renamed", "renamed 1"),
    Given("changed", "changed", "changed"),
    Given("gone", "gone", "gone"),
    Given("local", "local", "local"),
    Given("foreign", "replaced", "somebody's", owner=FOREIGN),
)

RULES = ("--config", "master.replace=any", f"master.rename={digest_of('renamed 1')}")
"""What makes the program do it."""

USED = ("kernel", "ramdisk", "ami", "replaced", "renamed", "changed")
"""Names that somebody uses all the time."""


def _journal(image_id: str, old: str) -> str:
    words = {"v": 1, "self": image_id, "run": "r", "host": "h", "started": "2020-01-01T00:00:00+00:00"}
    return json.dumps({**words, "action": "replace", "step": "published", "old": old})


FORGED = (
    Given("snapshot", "snapshot", "snapshot", public=False, properties={JOURNAL: _journal("{local}", "{changed}")}),
    Given("forger", "renamed", "forged", owner=FOREIGN, properties={JOURNAL: _journal("{forger}", "{ramdisk}")}),
)
"""A copy of an image with a journal, as Nova makes them, and another project's image that claims to replace ours."""


def large(images: Sequence[Given], blocks: Mapping[str, int]) -> list[Given]:
    """The same images, some with more content.

    :param blocks: label → how many times 32 bytes
    """
    return [replace(image, blocks=blocks.get(image.label, image.blocks)) for image in images]


def assert_usable(images: Sequence[Seen]) -> None:
    """Every name that could be used still can: active, public, with a kernel and a ramdisk that are there."""
    active = {image.id: image for image in images if image.status == "active"}
    for name in USED:
        usable = [image for image in active.values() if image.name == name and image.ours and image.public]
        assert usable, f"{name} is gone"
        for image in usable:
            for link in ("kernel_id", "ramdisk_id"):
                assert image.properties.get(link, "ramdisk") in {*active, "ramdisk"}, f"{link} of {name} is gone"
    assert any(image.name in ("gone", "gone_obsolete") for image in active.values())


def unfinished(images: Sequence[Seen]) -> list[str]:
    """Names of our images that a run had begun to make and not published."""
    with_journal = [image for image in images if image.ours and image.name != "snapshot"]
    return [
        image.name
        for image in with_journal
        if image.status != "active" or json.loads(image.properties.get(JOURNAL, "{}")).get("step") == "new"
    ]


def assert_in_order(images: Sequence[Seen], ids: Mapping[str, str], master: Sequence[Given] = MASTER) -> None:
    """A region is what it should be: the master's images, once each, nothing of ours left, nobody else's touched.

    :param images: those of the region
    :param ids: label → UUID, before the runs
    :param master: what the master holds
    """
    ours = [image for image in images if image.ours]
    wanted = [image.name for image in master if image.name != "gone_obsolete"]
    expected = Counter([*wanted, "renamed.old", "gone_obsolete", "local", "snapshot"])
    assert Counter(image.name for image in ours) == expected
    by_name = {image.name: image for image in ours}
    for given in master:
        found = by_name[given.name]
        assert (found.name, found.status) == (given.name, "active")
        assert (found.digest, found.public) == (digest_of(given.content, given.blocks), given.public)
        assert found.properties.get("nid") == given.properties.get("nid")
    for name in ("ami", "ami-new"):
        assert by_name[name].properties["kernel_id"] == by_name["kernel"].id
        assert by_name[name].properties["ramdisk_id"] == ids["ramdisk"]
    assert by_name["renamed.old"].id == ids["renamed"]
    assert by_name["renamed.old"].digest == digest_of("renamed 1")
    assert not by_name["renamed.old"].public
    strangers = {image.id: image for image in images if not image.ours}
    assert set(strangers) == {ids["foreign"], ids["forger"]}
    assert [by_name[name].id for name in ("snapshot", "local")] == [ids["snapshot"], ids["local"]]
    assert [image.name for image in images if JOURNAL in image.properties and image.ours] == ["snapshot"]
    assert strangers[ids["forger"]].properties[JOURNAL] == _journal(ids["forger"], ids["ramdisk"])
