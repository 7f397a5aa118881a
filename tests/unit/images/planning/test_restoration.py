"""A restore means all images of its source, not a selection (vault 4)."""

from __future__ import annotations

from typing import Any

import pytest

from fiwareglancesync.images.model import JOURNAL, MEMBERS, SOURCE_HASH
from fiwareglancesync.images.planning import Choice, narrow
from tests.support.builders import THEIRS, carrying, image, master_image, texts
from tests.support.restoring import all_of, restore_plan


def names(made: Any) -> list[str]:
    return [selected.image.name for selected in made.images]


def test_no_rule_selects() -> None:
    images = [
        master_image("private", visibility="private"),
        master_image("old_obsolete"),
        master_image("hidden", hidden=True),
        master_image("", id="unnamed"),
    ]
    rules: dict[str, Any] = {"metadata_set": ["nid"], "metadata_condition": lambda *_: False}
    assert sorted(names(all_of(images, **rules))) == ["", "hidden", "old_obsolete", "private"]


def test_images_of_others_and_unfinished_ones_are_not_meant() -> None:
    images = [
        master_image("theirs", owner=THEIRS),
        master_image("queued", status="queued"),
        carrying(master_image("unfinished")),
        master_image("ours"),
    ]
    made = all_of(images)
    assert names(made) == ["ours"]
    assert dict(made.not_selected) == {"owned by another project": 1, "not active": 1, "unfinished": 1}


def test_all_properties_come_back_but_those_of_glance_of_keys_and_of_this_program() -> None:
    kept = {"img_signature": "s", "instance_uuid": "i", "block_device_mapping": "[]", "nid": "1", SOURCE_HASH: "{}"}
    lost = {"os_glance_x": "1", "direct_url": "u", "stores": "s", "cinder_encryption_key_id": "k", MEMBERS: "{}"}
    made = all_of([master_image("a", properties={**kept, **lost, "kernel_id": "k"})], metadata_exclude=("n*",))
    assert made.images[0].wanted.values == kept
    assert any("encrypted" in text for text in texts(made))


def test_a_journal_is_no_property() -> None:
    copied = master_image("a", properties={JOURNAL: "{}"})
    assert all_of([copied]).images[0].wanted.values == {}


def test_namesakes_are_left_out_and_named() -> None:
    made = all_of([master_image("a", id="1"), master_image("a", "B", id="2"), master_image("b")])
    assert names(made) == ["b"]
    assert [left.image.id for left in made.left_out] == ["1", "2"]
    assert not any(left.deliberate for left in made.left_out)
    assert texts(made) == [
        "Images of the name a are not restored, as there are several; choose one with --uuid. UUIDs: 1 2"
    ]


def test_a_uuid_chooses_one_of_several_namesakes() -> None:
    made = all_of([master_image("a", id="1"), master_image("a", "B", id="2")], "2")
    assert [selected.image.id for selected in made.images] == ["2"]
    assert (made.left_out, made.messages) == ((), ())


def test_images_without_content_are_left_out() -> None:
    images = [
        master_image("snapshot", None, size=0),
        master_image("lost", id="lost"),
        master_image("unsized", size=None),
        master_image("empty", size=0),
    ]
    made = all_of(images, missing={"lost": "the vault has lost it"})
    assert names(made) == ["empty"]
    assert {left.image.name: left.deliberate for left in made.left_out} == {
        "snapshot": True,
        "lost": False,
        "unsized": False,
    }
    assert "Image lost is not restored: the vault has lost it" in texts(made)


def test_a_namesake_without_content_does_no_harm() -> None:
    made = all_of([master_image("a", id="1"), master_image("a", None, id="2", size=0)])
    assert [selected.image.id for selected in made.images] == ["1"]


def test_a_deactivated_image_is_restored_private() -> None:
    made = all_of([master_image("a", status="deactivated")])
    assert made.images[0].image.visibility == "private"
    assert texts(made) == ["Image a is deactivated: it is restored private and active"]


@pytest.mark.parametrize("chosen", [Choice(uuids=frozenset({"m-b"})), Choice(("b",))])
def test_a_chosen_image_brings_the_images_that_it_links_to(chosen: Choice) -> None:
    sources = [master_image("k"), master_image("b", properties={"kernel_id": "m-k"}), master_image("c")]
    made = narrow(restore_plan(sources), chosen)
    assert sorted(entry.name for entry in made.entries) == ["b", "k"]


def test_warnings_about_images_that_are_not_chosen_are_not_shown() -> None:
    sources = [master_image("a", id="1"), master_image("a", id="2"), master_image("b", id="3")]
    made = narrow(restore_plan(sources), Choice(uuids=frozenset({"3"})))
    assert (made.left_out, made.messages) == ((), ())
    assert [found.name for found in made.entries] == ["b"]


def test_conflict_keys_apply() -> None:
    sources, images = [master_image("a")], [image("a", "B")]
    assert restore_plan(sources, images).entries[0].status == "error_checksum"
    assert restore_plan(sources, images, replace=["any"]).entries[0].status == "pending_replace"
    assert restore_plan(sources, images, dontupdate=["b"]).entries[0].status == "ok_stalled_checksum"
