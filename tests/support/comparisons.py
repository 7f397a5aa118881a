"""Comparisons in which everything collides with everything: few names, few UUIDs, few links."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from fiwareglancesync.images.heat.image_comparison import Comparison, compare
from fiwareglancesync.images.model import Image, Listing

from .builders import OURS, REGION, THEIRS, image
from .comparing import SHELF, templates

UUIDS = tuple(f"{digit * 8}-0000-4000-8000-000000000000" for digit in "abcdef")
NAMES = ("a", "A", "ab", "b", "")
WORDS = st.lists(st.sampled_from([*NAMES, *UUIDS]), max_size=4)


@st.composite
def listings(draw: st.DrawFn) -> tuple[Image, ...]:
    """Images of which no two have the same UUID."""
    found = []
    for uuid in draw(st.lists(st.sampled_from(UUIDS), unique=True, max_size=5)):
        link = draw(st.sampled_from(("", "", "", *UUIDS)))
        found.append(
            image(
                draw(st.sampled_from(NAMES)),
                draw(st.sampled_from(("A", "B", None))),
                id=uuid,
                owner=draw(st.sampled_from((OURS, OURS, THEIRS))),
                status=draw(st.sampled_from(("active", "active", "active", "queued", "deactivated"))),
                properties={"kernel_id": link} if link else {},
            )
        )
    return tuple(found)


@st.composite
def comparisons(draw: st.DrawFn, tags: tuple[str, ...] = ("",)) -> Comparison:
    """Comparisons."""
    shelf = tuple(replace(each, owner=OURS, status="active", region=SHELF) for each in draw(listings()))
    lost = draw(st.sets(st.sampled_from(UUIDS), max_size=2))
    return compare(
        templates(draw(WORDS), draw(WORDS)),
        Listing(REGION, OURS, draw(listings())),
        Listing(SHELF, OURS, shelf, missing=dict.fromkeys(lost, "lost")),
        draw(st.sampled_from(tags)),
    )
