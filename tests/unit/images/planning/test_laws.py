"""What holds for every plan, whatever the master, the region and the rules are."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.images.model import LINKS, MOVES, OBSOLETE, Image, SyncStatus
from fiwareglancesync.images.planning import Choice, RegionPlan, narrow
from tests.strategies import FEDERATIONS, LAW, PLAIN_FEDERATIONS, Federation
from tests.support.builders import REGION, THEIRS, image, master_image, plan, selection, statuses

PATTERNS = st.lists(st.sampled_from(["a", "b*", "[cd]", "*_obsolete", "nothing", "*"]), max_size=2).map(tuple)


def touched(made: RegionPlan) -> list[Image]:
    """All images of the region that a run would change."""
    concerned = [entry.old for entry in made.entries]
    concerned += [entry.region_image for entry in made.entries if entry.patch or entry.status is SyncStatus.PENDING_AMI]
    concerned += [change.image for change in made.obsolete]
    concerned += [left.image for left in made.leftovers]
    return [found for found in concerned if found]


@LAW
@given(FEDERATIONS)
def test_planning_twice_gives_the_same(federation: Federation) -> None:
    assert federation.plan() == federation.plan()


@LAW
@given(FEDERATIONS, st.integers(0, 1000))
def test_the_order_of_the_listings_does_not_matter(federation: Federation, seed: int) -> None:
    dice = random.Random(seed)
    masters, images = list(federation.masters), list(federation.images)
    dice.shuffle(masters)
    dice.shuffle(images)
    assert plan(masters, images, **federation.rules) == federation.plan()


@LAW
@given(FEDERATIONS)
def test_nothing_is_planned_for_images_of_others(federation: Federation) -> None:
    assert all(changed.owner != THEIRS for changed in touched(federation.plan()))


@LAW
@given(PLAIN_FEDERATIONS)
def test_images_of_others_decide_nothing_unless_configured(federation: Federation) -> None:
    rules = {**federation.rules, "only_tenant_images": True}
    ours = [found for found in federation.images if found.owner != THEIRS]
    assert statuses(plan(federation.masters, federation.images, **rules)) == statuses(
        plan(federation.masters, ours, **rules)
    )


@LAW
@given(FEDERATIONS)
def test_only_what_a_rule_names_is_touched(federation: Federation) -> None:
    made = federation.plan()
    chosen = selection(federation.masters, **federation.rules)
    names = {image.name for image in (*(selected.image for selected in chosen.images), *chosen.to_hide)}
    for obsolete in chosen.obsolete:
        names |= {obsolete.name, obsolete.name.removesuffix(OBSOLETE)}
    journals = {left.image.id for left in made.leftovers}
    assert all(changed.name in names or changed.id in journals for changed in touched(made))


@LAW
@given(FEDERATIONS)
def test_a_stalled_or_undecided_image_is_not_touched(federation: Federation) -> None:
    for entry in federation.plan().entries:
        if not entry.status.pending:
            assert not entry.patch
            assert entry.old is None


@LAW
@given(FEDERATIONS)
def test_linked_images_come_before_those_that_need_them(federation: Federation) -> None:
    made = federation.plan()
    assert sorted(made.building_order) == sorted(entry.name for entry in made.entries)
    place = {name: number for number, name in enumerate(made.building_order)}
    for entry in made.entries:
        assert all(place[linked] < place[entry.name] for linked in entry.links.values())
    turn = {entry.name: number for number, entry in enumerate(made.moves)}
    for entry in made.moves:
        assert all(turn[linked] < turn[entry.name] for linked in entry.links.values() if linked in turn)
    unlinked = [entry for entry in made.moves if not entry.links]
    needed = {linked for entry in made.moves for linked in entry.links.values()}
    free = [(entry.size, entry.name) for entry in unlinked if entry.name not in needed]
    assert free == sorted(free)
    assert {entry.name for entry in made.moves} == {e.name for e in made.entries if e.status in MOVES}


@LAW
@given(FEDERATIONS)
def test_no_image_on_a_cycle_is_moved_or_changed(federation: Federation) -> None:
    made = federation.plan()
    masters = {entry.image.id: entry.image for entry in made.entries}
    for entry in made.entries:
        if _leads_back(entry.image, masters):
            assert entry.status in (SyncStatus.ERROR_AMI, SyncStatus.OK_STALLED_CHECKSUM)


def _leads_back(start: Image, masters: dict[str, Image]) -> bool:
    seen: set[str] = set()
    waiting = [start.id]
    while waiting:
        links = masters[waiting.pop()].user_properties
        for linked in (links.get(key) for key in LINKS):
            if linked == start.id:
                return True
            if linked in masters and linked not in seen:
                seen.add(linked)
                waiting.append(linked)
    return False


@LAW
@given(FEDERATIONS, PATTERNS)
def test_narrowing_shows_less_and_changes_no_status(federation: Federation, patterns: tuple[str, ...]) -> None:
    whole = federation.plan()
    choice = Choice(patterns)
    made = narrow(whole, choice)
    by_name = {entry.name: entry for entry in whole.entries}
    assert all(by_name[entry.name] is entry for entry in made.entries)
    shown = {entry.name for entry in made.entries}
    assert {name for name in by_name if choice.matches(name)} <= shown
    assert [entry.name for entry in made.moves] == [entry.name for entry in whole.moves if entry.name in shown]
    for entry in made.moves:
        assert all(linked in shown for linked in entry.links.values() if by_name[linked].status in MOVES)
    assert made.leftovers == whole.leftovers


@LAW
@given(PLAIN_FEDERATIONS)
def test_a_region_that_is_a_copy_of_the_master_needs_nothing(federation: Federation) -> None:
    chosen = selection(federation.masters, **federation.rules)
    copy_of = {selected.image.id: f"r-{selected.image.id}" for selected in chosen.images}
    copies = []
    for original in (selected.image for selected in chosen.images):
        properties = {
            key: copy_of.get(value, "") if key in LINKS else value for key, value in original.user_properties.items()
        }
        copies.append(replace(original, id=copy_of[original.id], region=REGION, user_properties=properties))
    made = plan(federation.masters, copies, **federation.rules)
    assert set(statuses(made).values()) <= {"ok", "error_ami"}
    assert not touched(made)
    assert made.in_step


def test_planning_takes_linear_time() -> None:
    small, large = _steps(lambda: _crowd(100)), _steps(lambda: _crowd(1000))
    assert large <= 11 * small


def _crowd(count: int) -> RegionPlan:
    """Every kind of image, often: absent, equal, other content, other metadata, linked, obsolete, namesakes."""
    masters, images = [], []
    for number in range(count):
        kernel, ami = f"kernel{number}", f"ami{number}"
        masters.append(master_image(kernel, f"k{number}"))
        masters.append(master_image(ami, f"a{number}", properties={"kernel_id": f"m-{kernel}"}))
        masters.append(master_image(f"gone{number}_obsolete", f"g{number}"))
        images.append(image(kernel, f"k{number}" if number % 3 else "other", properties={"nid": str(number)}))
        images.append(image(f"gone{number}", f"g{number}"))
        images.append(image(f"local{number}"))
        if number % 2:
            images.append(image(ami, f"a{number}", properties={"kernel_id": f"r-{kernel}"}))
            images.append(image(ami, "namesake", id=f"r2-{ami}"))
    return plan(masters, images, rename=["any"])


def _steps(work: Callable[[], object]) -> int:
    """How many functions are called and left while something is done."""
    calls = 0

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        calls += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls
