"""Which master images a target gets (sync 3.1, 3.2)."""

from __future__ import annotations

import pytest

from fiwareglancesync.images.model import Image
from fiwareglancesync.images.settings import ConditionError
from tests.support.builders import OURS, THEIRS, carrying, master_image, selection, texts


def chosen(*masters: Image, **rules: object) -> list[str]:
    """Names of the selected images, in their order."""
    return [selected.image.name for selected in selection(masters, **rules).images]


def yes(image: Image, metadata_set: frozenset[str]) -> bool:
    return True


def no(image: Image, metadata_set: frozenset[str]) -> bool:
    return False


def fails(image: Image, metadata_set: frozenset[str]) -> bool:
    raise ConditionError("there is no key nid")


@pytest.mark.parametrize(
    ("image", "rules", "selected"),
    [
        pytest.param(
            master_image("a_obsolete"), {"forcesyncs": ["m-a_obsolete"]}, False, id="1 obsolete, even if forced"
        ),
        pytest.param(master_image("a_obsolete"), {"metadata_condition": yes}, False, id="1 obsolete beats condition"),
        pytest.param(master_image("_obsolete"), {}, False, id="1 nothing but the suffix"),
        pytest.param(master_image("a", visibility="private"), {"forcesyncs": ["m-a"]}, True, id="2 forced, if private"),
        pytest.param(
            master_image("a"), {"forcesyncs": ["m-a"], "metadata_condition": no}, True, id="2 forced beats condition"
        ),
        pytest.param(
            master_image("a", visibility="private"), {"metadata_condition": yes}, True, id="3 true, if private"
        ),
        pytest.param(
            master_image("a", properties={"nid": "1"}),
            {"metadata_condition": no, "metadata_set": ["nid"]},
            False,
            id="3 false beats metadata_set",
        ),
        pytest.param(master_image("a", visibility="private"), {}, False, id="4 private"),
        pytest.param(master_image("a", visibility="shared"), {}, False, id="4 shared"),
        pytest.param(master_image("a", visibility="community"), {}, False, id="4 community"),
        pytest.param(master_image("a"), {}, True, id="5 public"),
        pytest.param(
            master_image("a", properties={"type": ""}), {"metadata_set": ["nid", "type"]}, True, id="6 has one"
        ),
        pytest.param(master_image("a", properties={"x": "1"}), {"metadata_set": ["nid"]}, False, id="7 has none"),
    ],
)
def test_the_first_rule_that_applies_decides(image: Image, rules: dict[str, object], selected: bool) -> None:
    assert chosen(image, **rules) == ([image.name] if selected else [])


def test_the_condition_sees_the_image_and_the_metadata_set() -> None:
    seen = []

    def condition(image: Image, metadata_set: frozenset[str]) -> bool:
        seen.append((image.name, metadata_set))
        return True

    chosen(master_image("a"), metadata_condition=condition, metadata_set=["nid"])
    assert seen == [("a", frozenset({"nid"}))]


def test_an_image_that_the_condition_fails_on_is_left_out_with_a_warning() -> None:
    made = selection([master_image("a")], metadata_condition=fails)
    assert made.images == ()
    assert texts(made) == [
        "metadata_condition of target master cannot be evaluated for image a, so the image is not selected:"
        " there is no key nid"
    ]


@pytest.mark.parametrize("status", ["queued", "saving", "deactivated", "killed", "importing"])
def test_only_active_images_of_the_master_count(status: str) -> None:
    assert chosen(master_image("a", status=status)) == []
    assert chosen(master_image("a"), master_image("a", id="m2", status=status)) == ["a"]


def test_images_of_others_and_without_name_do_not_count() -> None:
    assert chosen(master_image("a", owner=THEIRS), master_image("", id="m"), master_image("b", owner="")) == ["b"]


def test_owners_are_compared_with_leading_zeros() -> None:
    assert chosen(master_image("a", owner=OURS.rjust(32, "0"))) == ["a"]


def test_all_namesakes_are_dropped_with_one_warning() -> None:
    made = selection([*(master_image("a", id=f"m{n}") for n in range(3)), master_image("b")])
    assert [selected.image.name for selected in made.images] == ["b"]
    assert texts(made) == ["Duplicated images with name a will be ignored"]
    assert [(left.image.id, left.reason, left.deliberate) for left in made.left_out] == [
        (f"m{n}", "several selected images of the master have this name", False) for n in range(3)
    ]


@pytest.mark.parametrize(("step", "chosen_id"), [("new", "m-a"), ("published", "new")])
def test_what_another_run_has_not_finished_in_the_master_does_not_count(step: str, chosen_id: str) -> None:
    pending = carrying(master_image("a", "B", id="new"), step=step, action="replace", old="m-a")
    made = selection([master_image("a"), pending, carrying(master_image("b"))])
    assert [selected.image.id for selected in made.images] == [chosen_id]
    assert texts(made) == []


def test_an_image_of_the_master_with_a_copied_journal_counts() -> None:
    snapshot = master_image("b", properties=dict(carrying(master_image("a")).user_properties))
    assert chosen(snapshot) == ["b"]


def test_a_namesake_of_another_owner_is_no_namesake() -> None:
    assert chosen(master_image("a"), master_image("a", id="m2", owner=THEIRS)) == ["a"]


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (master_image("a", size=None), "it has no size, so a copy could not be verified"),
        (
            master_image("a", properties={"cinder_encryption_key_id": "k"}),
            "it is encrypted with a key (cinder_encryption_key_id) that other regions do not have",
        ),
        (
            master_image("a", size=0, properties={"block_device_mapping": "[]"}),
            "it is a snapshot of a volume and holds no bytes",
        ),
    ],
)
def test_what_cannot_be_copied_is_left_out_with_a_warning(image: Image, why: str) -> None:
    made = selection([image])
    assert (made.images, texts(made)) == ((), [f"Image a will be ignored: {why}"])
    assert [(left.image.name, left.reason, left.deliberate) for left in made.left_out] == [("a", why, False)]


def test_nobody_is_warned_of_an_image_that_is_not_selected_anyway() -> None:
    assert texts(selection([master_image("a", size=None, visibility="private")])) == []


def test_a_multihash_alone_is_enough_to_verify_a_copy() -> None:
    assert chosen(master_image("a", None, hash_algo="sha512", hash_value="x")) == ["a"]


def test_an_empty_image_that_is_no_snapshot_is_selected() -> None:
    assert chosen(master_image("a", size=0)) == ["a"]


def test_the_order_is_by_size_then_by_name() -> None:
    assert chosen(master_image("b", size=2), master_image("c", size=1), master_image("a", size=2)) == ["c", "a", "b"]


def test_an_obsolete_image_whose_name_is_synchronised_is_ignored_with_a_warning() -> None:
    made = selection([master_image("a"), master_image("a_obsolete")])
    assert made.obsolete == ()
    assert texts(made) == ["Ignore obsolete master image a_obsolete because a exists and it is synchronisable."]


def test_an_obsolete_image_counts_if_its_name_is_not_synchronised_or_not_there() -> None:
    made = selection([master_image("a", visibility="private"), master_image("a_obsolete"), master_image("b_obsolete")])
    assert [image.name for image in made.obsolete] == ["a_obsolete", "b_obsolete"]


def test_no_obsolete_image_counts_when_the_target_does_not_want_them() -> None:
    assert selection([master_image("a_obsolete")], support_obsolete_images=False).obsolete == ()
