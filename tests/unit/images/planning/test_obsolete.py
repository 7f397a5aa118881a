"""Images that the master calls obsolete (sync 3.8)."""

from __future__ import annotations

from typing import Any

import pytest

from fiwareglancesync.images.model import Image, Patch
from tests.support.builders import THEIRS, image, master_image, plan, statuses, texts

GONE = master_image("a_obsolete", visibility="private", properties={"nid": "9", "type": "t"})


def changes(*images: Image, masters: tuple[Image, ...] = (GONE,), **rules: Any) -> dict[str, Patch]:
    """UUID → what is changed."""
    return {change.image.id: change.patch for change in plan(masters, images, **rules).obsolete}


def test_an_image_of_that_name_and_content_is_renamed_with_its_visibility_in_one_patch() -> None:
    assert changes(image("a", properties={"nid": "1"})) == {"r-a": Patch(name="a_obsolete", visibility="private")}


def test_the_chosen_properties_that_the_master_has_go_along() -> None:
    found = changes(image("a", properties={"nid": "1", "lacks": "1"}), obsolete_syncprops=["nid", "lacks"])
    assert found == {"r-a": Patch(name="a_obsolete", visibility="private", set={"nid": "9"})}


def test_one_that_is_renamed_already_gets_the_rest() -> None:
    assert changes(image("a_obsolete"), obsolete_syncprops=["type"]) == {
        "r-a_obsolete": Patch(visibility="private", set={"type": "t"})
    }
    assert changes(image("a_obsolete", visibility="private", properties={"nid": "1"})) == {}


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(image("a", "X"), id="other content"),
        pytest.param(image("a", None), id="no checksum"),
        pytest.param(image("a", owner=THEIRS), id="other owner"),
        pytest.param(image("b"), id="other name"),
        pytest.param(image("a", status="queued"), id="not active"),
        pytest.param(image("a", status="deactivated"), id="deactivated"),
    ],
)
def test_anything_else_is_not_touched(other: Image) -> None:
    assert changes(other) == {}


def test_nothing_happens_while_the_name_is_synchronised() -> None:
    assert changes(image("a"), masters=(GONE, master_image("a"))) == {}


def test_it_happens_when_the_name_is_in_the_master_but_not_synchronised() -> None:
    assert list(changes(image("a"), masters=(GONE, master_image("a", visibility="private")))) == ["r-a"]


def test_nothing_happens_if_the_target_does_not_want_it() -> None:
    assert changes(image("a"), support_obsolete_images=False) == {}


def test_all_images_of_that_content_follow_and_the_duplicates_are_reported() -> None:
    images = (image("a", id="r1"), image("a", id="r2"), image("a_obsolete", id="r3", visibility="private"))
    assert list(changes(*images)) == ["r1", "r2"]
    assert texts(plan([GONE], images)) == [
        "Burgos: image name a_obsolete is duplicated. UUIDs: r1 r2",
        "Burgos: image name a_obsolete is duplicated. UUIDs: r1 r3",
    ]


def test_it_is_never_uploaded() -> None:
    made = plan([GONE], [])
    assert (statuses(made), made.obsolete, made.in_step) == ({}, (), True)


def test_a_pending_change_means_that_the_region_is_not_in_step() -> None:
    assert not plan([GONE], [image("a")]).in_step
