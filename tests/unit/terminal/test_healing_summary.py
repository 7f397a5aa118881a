"""The last line of healing tells how the images stand, and whether it could do everything (vault 5.3)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fiwareglancesync.terminal.healing_tables import summary
from tests.support.builders import image
from tests.support.comparing import compared, kept


def inventory(*there: str, tag: str = "") -> Any:
    """Two images that templates need, and one that they do not need; the shelf has them all.

    :param there: the names of the images of the region
    """
    comparison = compared(("a", "b"), map(image, there), map(kept, ("a", "b", "other")), tag=tag)
    ref, shelf = SimpleNamespace(full="Burgos"), SimpleNamespace(name="north")
    return SimpleNamespace(ref=ref, shelf=shelf, comparison=comparison)


OTHER, FAILED = "; no template needs 1 other", "; not everything could be done"


@pytest.mark.parametrize(
    ("there", "done", "text"),
    [
        ("ab", True, f"All is well: 2 images that templates need are there{OTHER}"),
        ("ab", False, f"2 images that templates need are there{OTHER}{FAILED}"),
        ("a", True, f"1 imageMissing, 1 ALLGOOD{OTHER}"),
        ("a", False, f"1 imageMissing, 1 ALLGOOD{OTHER}{FAILED}"),
    ],
)
def test_all_is_well_only_if_everything_could_be_done(there: str, done: bool, text: str) -> None:
    assert summary(inventory(*there), done=done) == f"Burgos and shelf north: {text}"


def test_nothing_is_well_if_no_image_has_the_tag() -> None:
    text = "nothing is compared: no image has the tag lab in its name"
    assert summary(inventory("a", "b", tag="lab"), done=True) == f"Burgos and shelf north: {text}"
