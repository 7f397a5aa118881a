"""The mark of an image that is hidden before it is deleted (vault 5.3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest

from fiwareglancesync.images.model import Image
from fiwareglancesync.images.removal_mark import (
    REMOVAL,
    as_before_hiding,
    hiding,
    is_hidden_for_removal,
    mark_of,
    reverting,
)
from tests.support.builders import image

NOW = datetime(2026, 3, 1, tzinfo=timezone.utc)
WHOLE = image('name "with" ö', id="aaaaaaaa-0000-4000-8000-000000000000", visibility="public")


def marked() -> Image:
    """The image, hidden."""
    return hiding(WHOLE, NOW).apply(WHOLE)


def test_a_hidden_image_is_private_and_says_what_it_was() -> None:
    found = marked()
    assert (found.hidden, found.visibility, found.name) == (True, "private", WHOLE.name)
    mark = mark_of(found)
    assert mark is not None
    assert (mark.id, mark.name, mark.visibility, mark.hidden, mark.since) == (
        WHOLE.id, WHOLE.name, "public", False, NOW,
    )  # fmt: skip
    assert is_hidden_for_removal(found)


def test_reverting_makes_it_what_it_was() -> None:
    assert reverting(marked()).apply(marked()) == replace(WHOLE, user_properties={})
    assert as_before_hiding(marked()) == WHOLE
    assert as_before_hiding(WHOLE) is WHOLE


def test_a_mark_of_another_image_is_none() -> None:
    assert mark_of(replace(marked(), id="bbbbbbbb-0000-4000-8000-000000000000")) is None
    assert mark_of(replace(marked(), name="another")) is None


@pytest.mark.parametrize("changed", [{"hidden": False}, {"visibility": "shared"}, {"protected": True}])
def test_an_image_that_a_user_has_changed_since_is_not_to_be_deleted(changed: dict[str, object]) -> None:
    assert not is_hidden_for_removal(replace(marked(), **changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    ["", "{", "1", "[]", "null", '{"v":1}', '{"v":2,"self":"a"}', "[" * 5000,
     '{"v":1,"self":"aaaaaaaa-0000-4000-8000-000000000000","name":"a","visibility":"x","hidden":0,"since":"2026"}'],
)  # fmt: skip
def test_what_is_no_mark_is_none(text: str) -> None:
    assert mark_of(image("a", id=WHOLE.id, properties={REMOVAL: text})) is None


def test_an_image_without_the_property_has_no_mark() -> None:
    assert mark_of(WHOLE) is None
    with pytest.raises(ValueError, match="no mark"):
        reverting(WHOLE)
