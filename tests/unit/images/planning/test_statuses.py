"""The status of one image in one region (sync 3.3, 3.4)."""

from __future__ import annotations

from typing import Any

import pytest

from fiwareglancesync.images.model import MAX_NAME, SOURCE_HASH, Image, source_hash
from tests.support.builders import OURS, THEIRS, entry, image, master_image, plan, statuses, texts

A = master_image("a")


def status(*images: Image, **rules: Any) -> str:
    """The status of ``a``, whose content in the master is A."""
    return entry([A], images, **rules).status.value


def test_an_image_that_is_not_there_is_to_be_uploaded() -> None:
    assert status() == "pending_upload"
    assert status(image("b")) == "pending_upload"


def test_an_image_that_is_the_same_is_ok() -> None:
    assert status(image("a")) == "ok"


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({}, "error_checksum"),
        ({"dontupdate": "X", "rename": ["X", "any"], "replace": ["X", "any"]}, "ok_stalled_checksum"),
        ({"rename": "X", "replace": ["X", "any"]}, "pending_rename"),
        ({"replace": "X", "rename": ["any"]}, "pending_replace"),
        ({"rename": ["any"], "replace": ["any"]}, "pending_rename"),
        ({"replace": ["any"]}, "pending_replace"),
        ({"replace": ["Y"], "rename": ["Y"], "dontupdate": ["Y"]}, "error_checksum"),
        ({"dontupdate": ["any"]}, "error_checksum"),
        ({"replace": ["XX"]}, "error_checksum"),
    ],
)
def test_the_conflict_rules_in_their_order(rules: dict[str, Any], expected: str) -> None:
    assert status(image("a", "X"), **rules) == expected


@pytest.mark.parametrize("stated", ["x", "X"])
def test_the_case_of_a_checksum_does_not_matter(stated: str) -> None:
    assert status(image("a", stated), replace=["any"], dontupdate=["X"]) == "ok_stalled_checksum"
    multihash = image("a", "other", hash_algo="sha512", hash_value=stated)
    assert status(multihash, replace=["any"], dontupdate=["x"]) == "ok_stalled_checksum"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("dontupdate", "ok_stalled_checksum"), ("rename", "pending_rename"), ("replace", "pending_replace")],
)
def test_a_rule_may_name_the_multihash(rule: str, expected: str) -> None:
    other = image("a", "X", hash_algo="sha512", hash_value="Y")
    assert status(other, **{rule: ["Y"]}) == expected


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({}, "error_checksum"),
        ({"replace": [""], "rename": ["None"]}, "error_checksum"),
        ({"replace": ["any"]}, "pending_replace"),
        ({"rename": ["any"]}, "pending_rename"),
    ],
)
def test_an_image_without_checksum_differs_and_only_any_matches_it(rules: dict[str, Any], expected: str) -> None:
    assert status(image("a", None), **rules) == expected


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (
            "X",
            "(X) in region Burgos than in the master region. "
            'To decide, write "replace = X" in [master]; then this image is replaced, '
            "with rename it is kept as a.old, with dontupdate it stays as it is.",
        ),
        (
            None,
            "(none) in region Burgos than in the master region. "
            'To decide, delete the image in the region, or write "replace = any" in [master]; then every image with '
            "other content is replaced, with rename it is kept as a.old.",
        ),
    ],
)
def test_a_conflict_reports_what_to_fill_in(content: str | None, advice: str) -> None:
    made = plan([A], [image("a", content)])
    assert texts(made) == [f"Image a has a different checksum {advice}"]
    assert made.entries[0].reason == advice[advice.index("To decide") :]
    assert made.undecided == 1


def test_the_line_to_write_adds_to_a_list_that_is_there_in_the_section_that_has_it() -> None:
    lists: dict[str, Any] = {"replace": ["Y"], "rename": ["Z"]}
    (text,) = texts(plan([A], [image("a", "X")], **lists, own_lists=frozenset(("rename",))))
    assert text.endswith(
        'write "replace = …, X" in [DEFAULT]; then this image is replaced, '
        "with rename in [master] it is kept as a.old, with dontupdate in [master] it stays as it is."
    )


def test_a_stalled_image_is_reported_and_its_metadata_not_touched() -> None:
    made = plan([A], [image("a", "X", visibility="private")], dontupdate=["X"])
    assert texts(made) == [
        "Image a has a different checksum (X) in region Burgos than in the master region."
        " Its checksum is in dontupdate, so it stays as it is."
    ]
    assert made.in_step
    assert not made.entries[0].patch


def test_an_image_of_another_owner_is_left_out() -> None:
    made = plan([A], [image("a", owner=THEIRS)])
    assert statuses(made) == {"a": "pending_upload"}
    assert texts(made) == ["Burgos: image a (UUID r-a) is owned by other tenant: theirs"]


def test_nobody_is_warned_of_names_that_are_not_selected() -> None:
    assert texts(plan([A], [image("a"), image("b", owner=THEIRS), image("c", status="queued")])) == []


@pytest.mark.parametrize(
    ("content", "rules", "expected"),
    [
        ("A", {}, "ok"),
        ("X", {}, "error_checksum"),
        ("X", {"dontupdate": ["X"]}, "ok_stalled_checksum"),
        ("X", {"rename": ["X"]}, "pending_rename"),
        ("X", {"replace": ["any"]}, "pending_replace"),
    ],
)
def test_an_image_of_another_owner_is_compared_if_configured(
    content: str, rules: dict[str, Any], expected: str
) -> None:
    theirs = image("a", content, owner=THEIRS, visibility="community", properties={"local": "1"})
    found = entry([A], [theirs], only_tenant_images=False, **rules)
    assert (found.status.value, found.old, bool(found.patch)) == (expected, None, False)


def test_an_own_image_wins_over_one_of_another_owner() -> None:
    images = [image("a", owner=THEIRS, id="theirs"), image("a", "X", id="ours")]
    found = entry([A], images, only_tenant_images=False)
    assert (found.status.value, found.region_image and found.region_image.id) == ("error_checksum", "ours")


def test_a_deactivated_image_of_the_same_content_is_ok_and_said_to_be_so() -> None:
    found = entry([A], [image("a", status="deactivated", visibility="private")])
    assert (found.status.value, found.reason, bool(found.patch)) == ("ok", "deactivated in the region", False)


@pytest.mark.parametrize("rules", [{"replace": ["X", "any"]}, {"rename": ["X", "any"]}])
def test_a_deactivated_image_of_other_content_is_never_replaced(rules: dict[str, Any]) -> None:
    found = entry([A], [image("a", "X", status="deactivated")], **rules)
    assert (found.status.value, found.old) == ("error_checksum", None)
    assert "deactivated in the region" in (found.reason or "")


@pytest.mark.parametrize("state", ["queued", "saving", "killed", "pending_delete", "importing"])
def test_an_image_in_any_other_state_is_treated_as_absent(state: str) -> None:
    made = plan([A], [image("a", status=state)])
    assert statuses(made) == {"a": "pending_upload"}
    assert texts(made) == [f"Burgos: state of image a with UUID r-a is not active: {state}"]


def test_of_several_the_first_with_the_masters_content_is_taken() -> None:
    images = [image("a", content, id=f"r{n}", created_at=str(n)) for n, content in enumerate("XAA")]
    made = plan([A], images)
    assert made.entries[0].region_image == images[1]
    assert texts(made) == [
        "Burgos: image name a is duplicated. UUIDs: r1 r0",
        "Burgos: image name a is duplicated. UUIDs: r1 r2",
    ]


def test_of_several_without_it_the_oldest_is_taken() -> None:
    images = [image("a", "X", id="z", created_at="1"), image("a", "Y", id="a", created_at="2")]
    assert entry([A], images).region_image == images[0]
    twins = [image("a", "X", id="z", created_at="1"), image("a", "Y", id="a", created_at="1")]
    assert entry([A], twins).region_image == twins[1]


def test_the_name_of_the_old_image_is_the_first_free_one() -> None:
    taken = [image(name) for name in ("a.old", "a.old.2", "a.old.4")]
    assert entry([A], [image("a", "X"), *taken], rename=["any"]).old_name == "a.old.3"
    assert entry([A], [image("a", "X")], replace=["any"]).old_name == "a.old"


@pytest.mark.parametrize(("length", "blocked"), [(MAX_NAME - 4, False), (MAX_NAME - 3, True)])
def test_a_name_that_gets_too_long_blocks_the_change(length: int, blocked: bool) -> None:
    name = "n" * length
    found = entry([master_image(name)], [image(name, "X")], rename=["any"])
    assert (found.status.value, found.blocked is not None) == ("pending_rename", blocked)


def test_more_replacements_than_allowed_block_them_all_but_keep_the_statuses() -> None:
    masters = [master_image(name) for name in "abc"]
    made = plan(masters, [image("a", "X"), image("b", "Y")], rename=["X"], replace=["Y"], max_replacements=1)
    assert statuses(made) == {"a": "pending_rename", "b": "pending_replace", "c": "pending_upload"}
    assert [found.blocked is not None for found in made.entries] == [True, True, False]


def test_the_statuses_take_the_obsolete_changes_into_account() -> None:
    masters = [A, master_image("b_obsolete"), master_image("b_obsolete.old", "B")]
    made = plan(masters, [image("b"), image("a")])
    assert statuses(made) == {"a": "ok", "b_obsolete.old": "pending_upload"}


@pytest.mark.parametrize(("owner", "expected"), [(OURS, "ok"), (THEIRS, "error_checksum")])
def test_only_an_own_image_proves_by_our_property_that_it_was_made_of_one_without_hash(
    owner: str, expected: str
) -> None:
    master = master_image("a", None)
    there = image("a", "X", owner=owner, properties={SOURCE_HASH: source_hash(master, image("a", "X"))})
    rules = {"only_tenant_images": False, "replace": ["any"]}
    assert entry([master], [there], **rules).status.value == expected
