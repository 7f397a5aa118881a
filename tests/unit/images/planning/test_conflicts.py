"""A decision settles the conflict of one image and checksum in one run (sync 5.3)."""

from __future__ import annotations

from typing import Any

import pytest

from fiwareglancesync.images.model import Image
from fiwareglancesync.images.planning import decisions_without_effect
from fiwareglancesync.images.settings import Decision, DecisionAction
from tests.support.builders import entry, image, master_image, plan, target

A = master_image("a")
REPLACE, RENAME, KEEP = DecisionAction.REPLACE, DecisionAction.RENAME, DecisionAction.DONTUPDATE


def decided(action: DecisionAction, *checksums: str, name: str = "a") -> dict[str, tuple[Decision, ...]]:
    """Decisions about one image."""
    return {name: tuple(Decision(checksum, action) for checksum in checksums)}


def status(region_image: Image, **rules: Any) -> str:
    """The status of ``a``, whose content in the master is A."""
    return entry([A], [region_image], **rules).status.value


def reported(*images: Image, **rules: Any) -> list[str]:
    """What is reported about decisions without effect."""
    made = plan([A], images, **rules)
    return [message.text for message in decisions_without_effect(made, target(**rules))]


@pytest.mark.parametrize(
    ("action", "expected"),
    [(REPLACE, "pending_replace"), (RENAME, "pending_rename"), (KEEP, "ok_stalled_checksum")],
)
@pytest.mark.parametrize("rules", [{}, {"replace": ["X"], "rename": ["any"]}, {"rename": ["X"], "replace": ["any"]}])
def test_a_decision_wins_over_replace_and_rename(action: DecisionAction, expected: str, rules: dict[str, Any]) -> None:
    decisions = decided(action, "X")
    assert status(image("a", "X"), decisions=decisions, **rules) == expected
    assert reported(image("a", "X"), decisions=decisions, **rules) == []


@pytest.mark.parametrize("action", [REPLACE, RENAME])
def test_a_decision_never_undoes_a_protection(action: DecisionAction) -> None:
    rules = {"decisions": decided(action, "X"), "dontupdate": ["X"], "replace": ["any"]}
    assert status(image("a", "X"), **rules) == "ok_stalled_checksum"
    assert reported(image("a", "X"), **rules) == [
        "Burgos: The decision about image a has no effect: dontupdate lists checksum X, and a decision does not"
        " override that list."
    ]


def test_a_protection_by_the_multihash_holds_against_a_decision_by_the_md5() -> None:
    both = image("a", "X", hash_algo="sha512", hash_value="Y")
    rules = {"decisions": decided(REPLACE, "X"), "dontupdate": ["Y"]}
    assert status(both, **rules) == "ok_stalled_checksum"
    assert "dontupdate lists" in reported(both, **rules)[0]


def test_a_decision_may_name_either_digest_in_any_case() -> None:
    both = image("a", "abc", hash_algo="sha512", hash_value="def")
    for checksum in ("ABC", "def"):
        assert status(both, decisions=decided(REPLACE, checksum)) == "pending_replace"


def test_of_several_decisions_about_an_image_the_one_that_fits_counts() -> None:
    decisions = {"a": (Decision("X", RENAME), Decision("Y", REPLACE))}
    assert status(image("a", "Y"), decisions=decisions) == "pending_replace"
    assert reported(image("a", "Y"), decisions=decisions) == []
    assert "it is about checksum X or Y, the image has Z." in reported(image("a", "Z"), decisions=decisions)[0]


@pytest.mark.parametrize(
    ("images", "name", "why", "found"),
    [
        ([image("a", "Z")], "a", "it is about checksum X, the image has Z.", "error_checksum"),
        ([image("a", None)], "a", "it is about checksum X, the image has none.", "error_checksum"),
        ([image("a")], "a", "the image has the master's content.", "ok"),
        ([], "a", "the region has no image of that name.", "pending_upload"),
        ([image("a", "X")], "b", "no image of that name is synchronised in this run.", "error_checksum"),
        ([image("a", "X", status="deactivated")], "a", "the image is deactivated in the region.", "error_checksum"),
    ],
)
def test_a_decision_that_does_not_fit_does_nothing_and_says_so(
    images: list[Image], name: str, why: str, found: str
) -> None:
    decisions = decided(REPLACE, "X", name=name)
    assert entry([A], images, decisions=decisions).status.value == found
    assert reported(*images, decisions=decisions) == [f"Burgos: The decision about image {name} has no effect: {why}"]
