"""The order in which images are made: whatever is linked first, otherwise as wanted."""

from __future__ import annotations

from itertools import permutations

import pytest

from fiwareglancesync.images.planning.links import linked_first

LINKED = ("kernel", "ramdisk", "initial", "modules")


@pytest.mark.parametrize("reported", list(permutations(LINKED)))
def test_linked_images_keep_their_order_however_the_links_are_reported(reported: tuple[str, ...]) -> None:
    assert linked_first(["ami", *LINKED], {"ami": reported}) == [*LINKED, "ami"]


def test_an_image_that_two_others_need_is_made_once_before_both() -> None:
    links = {"one": ["kernel"], "other": ["ramdisk", "kernel"]}
    assert linked_first(["one", "other", "kernel", "ramdisk"], links) == ["kernel", "one", "ramdisk", "other"]
