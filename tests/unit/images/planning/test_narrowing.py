"""``--image``: less is shown and done, nothing is computed differently (sync 1.1)."""

from __future__ import annotations

import pytest

from fiwareglancesync.images.planning import Choice, RegionPlan, choosable_names, narrow, why_unmatched
from tests.support.builders import image, master_image, plan, selection, statuses, texts


def narrowed(made: RegionPlan, *patterns: str) -> RegionPlan:
    return narrow(made, Choice(patterns))


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("a*", "abc", True),
        ("A*", "abc", False),
        ("[ab]", "b", True),
        ("?", "ab", False),
        ("a", "ab", False),
        ("*", "\n", True),
    ],
)
def test_patterns_are_those_of_a_shell_and_case_sensitive(pattern: str, name: str, matches: bool) -> None:
    assert Choice((pattern,)).matches(name) is matches


def test_no_pattern_chooses_all() -> None:
    made = plan([master_image("a")])
    assert narrowed(made) is made
    assert Choice().unmatched(["a"]) == ()


def test_patterns_that_match_nothing_are_named() -> None:
    assert Choice(("a", "b*", "c")).unmatched(["a", "x"]) == ("b*", "c")


@pytest.mark.parametrize(
    ("pattern", "advice"),
    [
        ("img [x]", "; a [ begins a set of characters: write [[] for the character, as in img [[]x]"),
        ("img [*", "; a [ begins a set of characters: write [[] for the character, as in img [[]*"),
        ("ubuntu[24]", "; a [ begins a set of characters: write [[] for the character; did you mean ubuntu-24.04?"),
        ("UBUNTU*", "; upper and lower case differ"),
        ("ubuntu-24", "; did you mean ubuntu-24.04?"),
        ("private*", ": the master has it, and the configuration does not select it"),
        ("zzz*", ""),
    ],
)
def test_a_pattern_that_matches_nothing_says_why(pattern: str, advice: str) -> None:
    names = ["img [x]", "ubuntu-24.04"]
    assert why_unmatched(pattern, names, [*names, "private-1"]) == f"matches no image to be synchronised{advice}"


def test_the_advice_about_brackets_is_right() -> None:
    assert Choice(("img [[]x]",)).matches("img [x]")


def test_names_of_obsolete_images_may_be_chosen_with_or_without_suffix() -> None:
    assert choosable_names(selection([master_image("a"), master_image("b_obsolete")])) == ["a", "b_obsolete", "b"]


def test_statuses_stay_those_of_the_whole_run() -> None:
    made = plan([master_image("a"), master_image("b")], [image("a", "X")], replace=["any"])
    assert statuses(narrowed(made, "a")) == {"a": "pending_replace"}


def test_pending_images_that_a_chosen_one_links_to_are_done_too() -> None:
    masters = [
        master_image("deep"),
        master_image("kernel", properties={"kernel_id": "m-deep"}),
        master_image("ramdisk"),
        master_image("ami", properties={"kernel_id": "m-kernel", "ramdisk_id": "m-ramdisk"}),
        master_image("x"),
    ]
    made = narrowed(plan(masters, [image("ramdisk")]), "ami")
    assert statuses(made) == dict.fromkeys(["ami", "deep", "kernel"], "pending_upload")
    assert [entry.name for entry in made.moves] == ["deep", "kernel", "ami"]


@pytest.mark.parametrize("there", [True, False])
def test_a_pending_image_that_a_chosen_one_links_to_is_done_whatever_is_pending(there: bool) -> None:
    masters = [
        master_image("deep", properties={"nid": "1"}),
        master_image("kernel", properties={"kernel_id": "m-deep", "nid": "1"}),
        master_image("ramdisk", "new", properties={"kernel_id": "m-deep"}),
        master_image("ami", properties={"kernel_id": "m-kernel", "ramdisk_id": "m-ramdisk"}),
        master_image("x", properties={"nid": "1"}),
    ]
    images = [image("deep"), image("kernel", properties={"kernel_id": "r-deep"}), image("ramdisk"), image("x")]
    ami = image("ami", properties={"kernel_id": "r-kernel", "ramdisk_id": "r-ramdisk"})
    made = narrowed(plan(masters, [*images, ami] if there else images, replace=["any"]), "ami")
    assert [entry.name for entry in made.updates] == ["deep", "kernel"]
    assert [entry.name for entry in made.moves] == (["ramdisk"] if there else ["ramdisk", "ami"])


def test_an_image_to_be_relinked_that_a_chosen_one_links_to_is_done_too() -> None:
    masters = [
        master_image("deep", "new"),
        master_image("kernel", properties={"kernel_id": "m-deep"}),
        master_image("ami", properties={"kernel_id": "m-kernel"}),
    ]
    made = narrowed(plan(masters, [image("deep"), image("kernel")], replace=["any"]), "ami")
    assert statuses(made) == {"ami": "pending_upload", "deep": "pending_replace", "kernel": "pending_ami"}


def test_images_that_need_a_chosen_kernel_are_relinked_with_it() -> None:
    masters = [master_image("kernel"), master_image("ami", properties={"kernel_id": "m-kernel"})]
    images = [image("kernel", "X"), image("ami", properties={"kernel_id": "r-kernel"})]
    made = narrowed(plan(masters, images, replace=["any"]), "kernel")
    assert statuses(made) == {"ami": "pending_ami", "kernel": "pending_replace"}


@pytest.mark.parametrize(("pattern", "chosen"), [("a", True), ("a_obsolete", True), ("b", False), ("*_obsolete", True)])
def test_obsolete_changes_are_made_for_chosen_names(pattern: str, chosen: bool) -> None:
    made = narrowed(plan([master_image("a_obsolete")], [image("a")]), pattern)
    assert bool(made.obsolete) is chosen


def test_warnings_of_other_images_are_left_out() -> None:
    made = plan([master_image("a"), master_image("b")], [image("a", status="queued"), image("b", status="queued")])
    assert texts(narrowed(made, "a")) == ["Burgos: state of image a with UUID r-a is not active: queued"]


def test_left_out_and_hidden_images_are_chosen_by_their_names_too() -> None:
    masters = [master_image("a", size=None), master_image("b", size=None), master_image("c", hidden=True)]
    made = plan(masters, [image("c")], sync_fields=["hidden"])
    chosen = narrow(made, Choice(("a", "c")))
    assert [left.image.name for left in chosen.left_out] == ["a"]
    assert [change.name for change in chosen.obsolete] == ["c"]
    assert "c" in choosable_names(selection(masters, sync_fields=["hidden"]))
    assert "c" not in choosable_names(selection(masters))
