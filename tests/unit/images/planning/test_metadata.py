"""Properties and visibility: what is compared, copied and removed (sync 3.5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fiwareglancesync.images.model import JOURNAL, SOURCE_HASH, Image, Patch
from tests.support.builders import entry, image, master_image, plan

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
    SOURCE_HASH,
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


ALL = ("hidden", "min_disk", "min_ram", "tags", "protected")
MASTER = master_image("a", hidden=True, min_disk=1, min_ram=2, tags=("x", "y"), protected=True)


def fields(there: Image, here: Image, *names: str) -> Patch:
    """What is changed with these ``sync_fields``."""
    return entry([there], [here], forcesyncs=["m-a"], sync_fields=names).patch


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("hidden", Patch(hidden=True)),
        ("min_disk", Patch(min_disk=1)),
        ("min_ram", Patch(min_ram=2)),
        ("tags", Patch(tags=("y",))),
        ("protected", Patch(protected=True)),
    ],
)
def test_a_field_is_brought_in_line_when_it_is_named_and_only_then(field: str, wanted: Patch) -> None:
    region = image("a", tags=("x", "z"))
    made = entry([MASTER], [region], forcesyncs=["m-a"], sync_fields=[field])
    assert (made.status.value, made.patch) == ("pending_metadata", wanted)
    assert [note for note in made.notes if note.startswith(field)] == []
    assert len(made.notes) == len(ALL) - 1
    after = wanted.apply(region)
    assert entry([MASTER], [after], forcesyncs=["m-a"], sync_fields=[field]).status.value == "ok"


def test_all_fields_go_into_one_change_with_the_rest() -> None:
    master = replace(MASTER, user_properties={"nid": "2"}, visibility="private")
    made = entry([master], [image("a", properties={"nid": "1"})], forcesyncs=["m-a"], sync_fields=ALL)
    wanted = Patch(None, "private", True, {"nid": "2"}, (), True, 1, 2, ("x", "y"))
    assert made.patch == wanted


def test_protection_and_hiding_are_taken_back_too() -> None:
    here = image("a", hidden=True, protected=True)
    assert fields(master_image("a"), here, "protected", "hidden") == Patch(hidden=False, protected=False)


def test_tags_that_only_the_region_has_stay() -> None:
    assert not fields(master_image("a", tags=("x",)), image("a", tags=("x", "z")), "tags")


@pytest.mark.parametrize("field", ALL)
def test_what_a_side_does_not_state_is_neither_compared_nor_noted(field: str) -> None:
    silent = frozenset({field})
    region = image("a", tags=("z",))
    for there, here in ((replace(MASTER, unstated=silent), region), (MASTER, replace(region, unstated=silent))):
        made = entry([there], [here], forcesyncs=["m-a"], sync_fields=[field])
        assert made.status.value == "ok"
        assert [note for note in made.notes if note.startswith(field)] == []


def test_obsolete_images_follow_the_fields_too() -> None:
    gone = master_image("a_obsolete", hidden=True, min_ram=2, tags=("x",))
    (change,) = plan([gone], [image("a")], sync_fields=["hidden", "tags"]).obsolete
    assert change.patch == Patch(name="a_obsolete", hidden=True, tags=("x",))


EXCLUDED: dict[str, Any] = {"metadata_exclude": ("internal_*", "nid")}


def test_an_excluded_property_is_neither_compared_nor_copied() -> None:
    assert not patch({"internal_a": "1", "nid": "1"}, {"internal_a": "2"}, **EXCLUDED)
    assert copied({"internal_a": "1", "nid": "1", "type": "t"}, **EXCLUDED) == {"type": "t"}


def test_exclusion_wins_over_metadata_set_and_removes_nothing() -> None:
    rules = {**EXCLUDED, "metadata_set": ["nid", "type", "internal_b"]}
    assert not patch({"nid": "1", "type": "t"}, {"type": "t", "internal_b": "2"}, **rules)


def test_exclusion_wins_over_obsolete_syncprops() -> None:
    gone = master_image("a_obsolete", properties={"nid": "1", "type": "t"})
    (change,) = plan([gone], [image("a")], obsolete_syncprops=["nid", "type"], **EXCLUDED).obsolete
    assert change.patch == Patch(name="a_obsolete", set={"type": "t"})


def test_exclusion_has_no_bearing_on_selection_nor_on_links() -> None:
    ami = master_image("ami", properties={"nid": "1", "kernel_id": "m-k"})
    kernel = master_image("k", properties={"nid": "1"})
    made = plan([ami, kernel], metadata_set=["nid"], metadata_exclude=("*",))
    assert {found.name: (found.properties, found.links) for found in made.entries} == {
        "ami": ({}, {"kernel_id": "k"}),
        "k": ({}, {}),
    }


def test_patterns_are_case_sensitive_and_match_whole_names() -> None:
    assert copied({"NID": "1", "xnid": "1", "my_internal_a": "1"}, **EXCLUDED) == {
        "NID": "1",
        "xnid": "1",
        "my_internal_a": "1",
    }


def test_what_differs_is_said_in_words() -> None:
    master = master_image("a", properties={"nid_version": "2", "new": "n"}, tags=("y",), min_ram=512)
    region = image("a", properties={"nid_version": "1", "gone": "g"}, visibility="private", tags=("x",))
    made = entry([master], [region], metadata_set=["nid_version", "new", "gone"], sync_fields=["tags", "min_ram"])
    assert made.differences == (
        "gone g → (none)",
        "min_ram 0 → 512",
        "new (none) → n",
        "nid_version 1 → 2",
        "tags x → x,y",
        "visibility private → public",
    )


def test_a_long_value_is_shortened() -> None:
    made = entry([master_image("a", properties={"k": "x" * 100})], [image("a")])
    assert made.differences == (f"k (none) → {'x' * 59}…",)


def test_a_link_to_an_image_that_is_made_in_this_run_is_said_by_its_name() -> None:
    masters = [master_image("k", "K"), master_image("a", properties={"kernel_id": "m-k", "nid": "2"})]
    images = [image("k", "old"), image("a", properties={"kernel_id": "r-k"})]
    made = plan(masters, images, replace=["any"]).entries[0]
    assert (made.status.value, made.differences) == (
        "pending_ami",
        ("kernel_id r-k → the new k", "nid (none) → 2"),
    )


def test_what_is_in_step_or_uploaded_differs_in_nothing() -> None:
    assert entry([master_image("a")], [image("a")]).differences == ()
    assert entry([master_image("a")]).differences == ()
