"""Snapshots of others with names that cannot be printed, or read, on a real cluster (snapshots 1.4, 4.4)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from devcloud_lib.ceph.ceph_cluster import CephCluster

from tests.support.departing_volumes import STRANGERS, Departing

pytestmark = [pytest.mark.integration, pytest.mark.ceph]

ODD = ("new\nline", "ta\tb", "\x1b[31mred", "carriage\rreturn", "\u202eturned", "daily_20260101T000000Z\n", "a,b\"c'")
NOT_UTF8 = b"caf\xe9"
VERBS = (
    ("run",), ("run", "--prune"), ("run", "--orphans"), ("run", "--dry-run"), ("list",), ("list", "--size"),
    ("status",), ("check",), ("adopt", "daily", "old_*", "--dry-run"), ("adopt", "daily", "old_*"),
)  # fmt: skip


@pytest.fixture
def world(cluster: CephCluster, tmp_path: Path) -> Iterator[Departing]:
    """A server with two volumes; afterwards what strangers have is as it was, and exactly ours is recorded."""
    made = Departing(cluster, tmp_path)
    for _ in range(2):
        made.add_volume(*STRANGERS, *ODD)
    yield made
    made.check_strangers()
    assert made.recorded() == made.listed()
    made.close()


def test_every_verb_works_beside_names_that_cannot_be_printed(
    world: Departing, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        assert world.command("run") == 0
    (world.folder / "sched.yml").write_text("web: 1@2\n")
    assert [words for words in VERBS[1:-2] if world.command(*words)] == []
    printed = capsys.readouterr()
    assert [line for line in f"{printed.out}{printed.err}".splitlines() if not line.isprintable()] == []
    assert world.command("list", "--format", "json") == 0
    listed = [row["snapshot"] for row in json.loads(capsys.readouterr().out)]
    assert [name for name in ODD if listed.count(name) < 2] == []
    assert world.command("adopt", "daily", "*", "--dry-run") == 0
    assert all(line.isprintable() for line in capsys.readouterr().out.splitlines())
    assert [len(world.names(each)) for each in world.volumes] == [len(STRANGERS) + len(ODD) + 1] * 2


def test_a_name_that_is_not_utf8_is_told_by_every_verb_and_only_its_volume_is_left_out(
    world: Departing, capsys: pytest.CaptureFixture[str]
) -> None:
    (world.folder / "sched.yml").write_text("web: 1@2\n")
    assert world.command("run") == 0
    other, odd = world.volumes
    world.ceph.create(world.images[other], "old_1")
    before = world.names(odd)
    with world.open_image(odd) as image:
        image.create_snap(NOT_UTF8)
    try:
        for words in VERBS:
            capsys.readouterr()
            world.command(*words)
            printed = capsys.readouterr()
            is_about_it = words[1:] not in (("--prune",), ("--orphans",))  # there is nothing to remove
            assert ("not UTF-8, caf\\xe9; rename it" in f"{printed.out}{printed.err}") is is_about_it, words
        assert (other, "old_1") in world.recorded()  # adopted beside the volume that cannot be listed
        with world.open_image(odd) as image:
            image.rename_snap(NOT_UTF8, "coffee")
        assert world.names(odd) == [*before, "coffee"]
        assert world.command("run") == 0
    finally:
        with world.open_image(odd) as image:
            for name in (NOT_UTF8, "coffee"):
                with suppress(world.rbd.ImageNotFound):
                    image.remove_snap(name)
