"""Properties and visibility: what is compared, copied and removed (contract 3.5)."""

from __future__ import annotations

from typing import Any

import pytest

from fiwareglancesync.model import JOURNAL, Patch
from tests.support.builders import entry, image, master_image

LOCAL = (
    "img_signature",
    "img_signature_hash_method",
    "instance_uuid",
    "base_image_ref",
    "image_location",
    "owner_id",
    "user_id",
    "owner_project_name",
    "owner_user_name",
    "boot_roles",
    "block_device_mapping",
    "bdm_v2",
    "root_device_name",
)
NEVER = (
    "cinder_encryption_key_deletion_policy",
    "os_glance_import_task",
    "os_hash_algo",
    "stores",
    "direct_url",
    "locations",
    JOURNAL,
)


def patch(there: dict[str, str], here: dict[str, str], **rules: Any) -> Patch:
    """What is changed in the region when the properties are these."""
    return entry([master_image("a", properties=there)], [image("a", properties=here)], **rules).patch


def copied(there: dict[str, str], **rules: Any) -> dict[str, str]:
    """The properties that a new image gets."""
    return dict(entry([master_image("a", properties=there)], **rules).properties)


def test_without_metadata_set_all_is_copied_and_what_only_the_region_has_stays() -> None:
    assert patch({"nid": "2", "new": "3", "same": "4"}, {"nid": "1", "local": "1", "same": "4"}) == Patch(
        set={"nid": "2", "new": "3"}
    )


def test_with_metadata_set_exactly_those_count_and_one_the_master_lacks_is_removed() -> None:
    made = patch(
        {"nid": "2", "type": "t", "x": "1"},
        {"nid": "1", "gone": "1", "local": "1"},
        metadata_set=["nid", "type", "gone"],
    )
    assert made == Patch(set={"nid": "2", "type": "t"}, remove=("gone",))


def test_what_does_not_differ_makes_no_change() -> None:
    assert not patch({"nid": "1"}, {"nid": "1", "local": "1"})
    assert not patch({"nid": "1", "x": "1"}, {"nid": "1", "x": "2"}, metadata_set=["nid"])


def test_an_empty_value_is_a_value() -> None:
    assert patch({"nid": ""}, {}) == Patch(set={"nid": ""})
    assert patch({"nid": ""}, {"nid": "1"}) == Patch(set={"nid": ""})


@pytest.mark.parametrize("key", LOCAL)
def test_what_describes_one_copy_counts_only_if_it_is_named(key: str) -> None:
    assert not patch({key: "1"}, {key: "2"})
    assert copied({key: "1"}) == {}
    assert patch({key: "1"}, {key: "2"}, metadata_set=[key]) == Patch(set={key: "1"})
    assert copied({key: "1"}, metadata_set=[key]) == {key: "1"}


@pytest.mark.parametrize("key", NEVER)
def test_what_is_not_the_users_never_counts(key: str) -> None:
    for rules in ({}, {"metadata_set": [key, "nid"]}):
        assert copied({key: "1", "nid": "1"}, **rules) == {"nid": "1"}
    there = master_image("a", properties={key: "1", "nid": "1"})
    here = image("a", properties={"nid": "1"})
    assert not entry([there], [here], metadata_set=[key, "nid"]).patch


@pytest.mark.parametrize("key", ["cinder_encryption_key_deletion_policy", "os_hash_algo"])
def test_nor_is_it_removed_in_the_region(key: str) -> None:
    assert not patch({"nid": "1"}, {key: "1", "nid": "1"}, metadata_set=[key, "nid"])


@pytest.mark.parametrize("key", ["img_signatur", "my_owner_id", "stores2", "xstores"])
def test_names_that_only_look_like_those_count(key: str) -> None:
    assert copied({key: "1"}) == {key: "1"}


@pytest.mark.parametrize(
    ("there", "here", "wanted"),
    [
        ("public", "private", "public"),
        ("private", "public", "private"),
        ("shared", "public", "shared"),
        ("community", "public", "community"),
        ("public", "community", "public"),
        ("private", "shared", "private"),
        ("private", "private", None),
    ],
)
def test_visibility_is_brought_in_line(there: str, here: str, wanted: str | None) -> None:
    found = entry([master_image("a", visibility=there)], [image("a", visibility=here)], forcesyncs=["m-a"])
    assert found.patch.visibility == wanted
    assert found.status.value == ("ok" if wanted is None else "pending_metadata")


@pytest.mark.parametrize(("there", "here"), [(True, False), (False, True), (False, False)])
def test_what_is_not_public_counts_as_equal_unless_both_sides_are_exact(there: bool, here: bool) -> None:
    master = master_image("a", visibility="private", exact_visibility=there)
    region = image("a", visibility="shared", exact_visibility=here)
    assert entry([master], [region], forcesyncs=["m-a"]).status.value == "ok"
    public = image("a", exact_visibility=here)
    assert entry([master], [public], forcesyncs=["m-a"]).patch == Patch(visibility="private")


def test_what_is_set_at_upload_only_is_noted() -> None:
    master = master_image("a", min_disk=1, min_ram=2, tags=("x", "y"), protected=True, disk_format="raw")
    region = image("a", tags=(), disk_format="qcow2", container_format="bare")
    found = entry([master], [region])
    assert (found.status.value, found.notes) == (
        "ok",
        (
            "min_disk is 0, in the master 1",
            "min_ram is 0, in the master 2",
            "tags is none, in the master x,y",
            "protected is False, in the master True",
            "disk_format is qcow2, in the master raw",
        ),
    )


def test_the_order_of_tags_is_no_difference() -> None:
    assert entry([master_image("a", tags=("x", "y"))], [image("a", tags=("y", "x"))]).notes == ()
