"""What holds for every run, whatever it finds and whenever it is killed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.images.model import JOURNAL, LINKS, Image
from fiwareglancesync.images.planning import RegionPlan, Tidying
from fiwareglancesync.images.planning.matching import CONSIDERED
from tests.strategies import FEDERATIONS, LAW, PLAIN_FEDERATIONS, Federation, ShownOrHidden
from tests.support import builders
from tests.support.builders import THEIRS, RegionSetup, master_image
from tests.support.watched import Killed, WatchedPlace, dying_after


def setup(federation: Federation) -> RegionSetup:
    """The federation, in memory."""
    return RegionSetup(federation.masters, federation.images, **federation.rules)


def foreign(images: Iterable[Image]) -> list[Image]:
    """The images of others."""
    return [image for image in images if image.owner == THEIRS]


def usable(images: Iterable[Image]) -> Mapping[str, set[str]]:
    """Name → visibilities of our active images whose kernel and ramdisk are there, if only deactivated."""
    by_id = {image.id: image for image in images}
    found: dict[str, set[str]] = {}
    for image in by_id.values():
        links = [by_id.get(image.user_properties[key]) for key in LINKS if image.user_properties.get(key)]
        if image.is_active and image.owner != THEIRS and all(link and link.status in CONSIDERED for link in links):
            found.setdefault(image.name, set()).add(image.visibility)
    return found


def stuck(made: RegionPlan) -> set[str]:
    """The names that wait for somebody else: blocked ones, and those that link to one."""
    by_name = {entry.name: entry for entry in made.entries}
    names: set[str] = set()
    for name in made.building_order:
        if by_name[name].blocked or not names.isdisjoint(by_name[name].links.values()):
            names.add(name)
    return names


@LAW
@given(FEDERATIONS)
def test_after_a_run_nothing_is_pending_but_what_awaits_a_decision(federation: Federation) -> None:
    here = setup(federation)
    outcome = here.sync()
    made = here.plan()
    waits = stuck(made)
    assert {entry.name for entry in made.entries if entry.status.pending} <= waits
    assert not made.obsolete
    assert outcome.error is None
    assert all(left.tidying is Tidying.WAIT for left in made.leftovers)


@LAW
@given(FEDERATIONS)
def test_a_second_run_writes_nothing(federation: Federation) -> None:
    here = setup(federation)
    here.sync()
    place = WatchedPlace(here.place)
    here.sync(through=lambda _: place)
    assert place.writes == []


@LAW
@given(FEDERATIONS)
def test_images_of_others_stay_as_they_are(federation: Federation) -> None:
    here = setup(federation)
    before = foreign(here.images)
    here.sync()
    assert foreign(here.images) == before


@LAW
@given(PLAIN_FEDERATIONS)
def test_nothing_of_ours_is_left_behind(federation: Federation) -> None:
    here = setup(federation)
    here.sync()
    assert not [image for image in here.images if JOURNAL in image.user_properties]
    present = {image.id for image in federation.images}
    assert all(image.is_active for image in here.images if image.id not in present)


@LAW
@given(PLAIN_FEDERATIONS, st.lists(st.integers(1, 12), min_size=1, max_size=2))
def test_killed_after_any_write_every_name_stays_usable_and_the_next_run_ends_in_order(
    federation: Federation, kills: list[int]
) -> None:
    undisturbed, here = setup(federation), setup(federation)
    undisturbed.sync()
    renamed = {change.image.name for change in here.plan().obsolete}
    before, strangers = usable(here.images), foreign(here.images)
    wanted = {chosen.image.name: chosen.image.visibility for chosen in here.selection().images}
    for number in kills:
        with contextlib.suppress(Killed):
            here.sync(through=dying_after(number))
        during = usable(here.images)
        for name in before.keys() - renamed:
            assert during.get(name, set()) & {*before[name], wanted.get(name)}
    here.sync()
    assert foreign(here.images) == strangers
    assert here.plan().leftovers == ()
    assert seen(here) == seen(undisturbed)


def seen(here: RegionSetup) -> Sequence[object]:
    """All images of the region but for their UUIDs and their age."""
    names = {image.id: image.name for image in here.images}
    return sorted(
        (
            image.name,
            image.checksum or "",
            image.visibility,
            image.status,
            image.hidden,
            image.min_ram,
            image.tags,
            sorted(
                (key, names.get(value, value) if key in LINKS else value)
                for key, value in image.user_properties.items()
            ),
        )
        for image in here.images
    )


ROTATED: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {},
        {"replace": ["any"]},
        {"rename": ["any"]},
        {"sync_fields": ["hidden"]},
        {"sync_fields": ["hidden"], "replace": ["any"]},
        {"metadata_condition": ShownOrHidden(hidden=True)},
        {"metadata_condition": ShownOrHidden(hidden=True), "replace": ["any"]},
        {"metadata_condition": ShownOrHidden(hidden=True), "sync_fields": ["hidden"], "replace": ["any"]},
        {"metadata_condition": ShownOrHidden(hidden=False), "sync_fields": ["hidden"]},
    ]
)
"""Rules of targets, each of which means at most one image of a name in a master that hides what it rotates out."""


@st.composite
def _rotated(draw: st.DrawFn) -> tuple[list[Image], list[Image]]:
    """A master with at most one visible and one hidden image of a name, and a region with any of their contents."""
    masters, images = [], []
    for name in ("a", "b"):
        if draw(st.booleans()):
            masters.append(master_image(name, "A", id=f"m-{name}-old", hidden=True))
        if draw(st.booleans()):
            masters.append(master_image(name, "B", id=f"m-{name}-new"))
        for number, content in enumerate(draw(st.lists(st.sampled_from("ABC"), max_size=3))):
            images.append(builders.image(name, content, id=f"r-{name}-{number}", hidden=draw(st.booleans())))
    return masters, images


@LAW
@given(_rotated(), ROTATED, ROTATED)
def test_two_targets_on_one_region_never_undo_each_others_work(
    rotated: tuple[list[Image], list[Image]], first: dict[str, Any], second: dict[str, Any]
) -> None:
    here = RegionSetup(*rotated, **first)
    there = RegionSetup(*rotated, **second)
    there.federation = here.federation
    for _ in range(2):
        here.sync()
        there.sync()
    for either in (here, there, here):
        place = WatchedPlace(either.place)
        either.sync(through=lambda _, place=place: place)  # type: ignore[misc]
        assert place.writes == []
