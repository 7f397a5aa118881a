"""What came of images, counted: each is in one group (sync 1.4)."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.base.units import MIB
from fiwareglancesync.events import Action
from fiwareglancesync.images.execution.outcome import ImageOutcome, RegionOutcome
from fiwareglancesync.images.execution.outcome_counts import (
    End,
    Group,
    count_done,
    count_pending,
    total,
)
from fiwareglancesync.images.model import SyncStatus

NAMES = st.sampled_from(["a", "b", "c", "d", "e", "f"])
STATUSES = st.dictionaries(NAMES, st.sampled_from(SyncStatus))
ACTS = st.lists(
    st.builds(
        ImageOutcome, NAMES, st.sampled_from(Action), size=st.integers(0, 9), error=st.sampled_from([None, "cause"])
    )
)


@st.composite
def outcomes(draw: st.DrawFn) -> RegionOutcome:
    """What may come of a region; images that are left out have no status."""
    statuses = draw(STATUSES)
    left_out = draw(st.sets(st.sampled_from(["x", "y"])))
    return RegionOutcome(
        "R",
        draw(ACTS),
        statuses=tuple(statuses.items()),
        left_out=tuple((name, "reason") for name in sorted(left_out)),
        leftovers=draw(st.integers(0, 3)),
        obsolete_changes=draw(st.integers(0, 3)),
        pending_bytes=7,
    )


def names(outcome: RegionOutcome) -> set[str]:
    return {
        *(name for name, _ in outcome.statuses),
        *(name for name, _ in outcome.left_out),
        *(image.image for image in outcome.images),
    }


@given(outcomes())
def test_the_counts_add_up_to_the_images(outcome: RegionOutcome) -> None:
    assert sum(count_done(outcome, End.DONE).images.values()) == len(names(outcome))
    pending = count_pending(outcome, End.DONE)
    assert sum(pending.images.values()) == len(names(outcome)) + outcome.leftovers + outcome.obsolete_changes


@given(outcomes())
def test_as_many_fail_as_the_outcome_says(outcome: RegionOutcome) -> None:
    assert count_done(outcome, End.DONE).images.get(Group.FAILED, 0) == outcome.failures


@given(outcomes())
def test_a_group_that_is_there_is_not_empty(outcome: RegionOutcome) -> None:
    for count in (count_done, count_pending):
        assert 0 not in count(outcome, End.DONE).images.values()


@given(outcomes(), outcomes())
def test_the_images_of_several_regions_add_up(one: RegionOutcome, other: RegionOutcome) -> None:
    both = [count_done(one, End.DONE), count_done(other, End.FAILED)]
    assert total(both) == Counter(both[0].images) + Counter(both[1].images)


@given(STATUSES)
def test_what_a_run_would_do_is_what_it_does_if_nothing_fails(statuses: dict[str, SyncStatus]) -> None:
    actions = {
        SyncStatus.PENDING_METADATA: Action.METADATA,
        SyncStatus.PENDING_AMI: Action.RELINK,
        SyncStatus.PENDING_UPLOAD: Action.UPLOAD,
        SyncStatus.PENDING_REPLACE: Action.REPLACE,
        SyncStatus.PENDING_RENAME: Action.RENAME,
    }
    before = RegionOutcome("R", statuses=tuple(statuses.items()))
    acts = [ImageOutcome(name, actions[status]) for name, status in statuses.items() if status in actions]
    after = RegionOutcome("R", acts, statuses=before.statuses)
    assert count_done(after, End.DONE).images == count_pending(before, End.DONE).images


@pytest.mark.parametrize(
    ("acts", "status", "group"),
    [
        ([], SyncStatus.OK, Group.OK),
        ([], SyncStatus.OK_STALLED_CHECKSUM, Group.OK),
        ([], SyncStatus.ERROR_CHECKSUM, Group.UNDECIDED),
        ([], SyncStatus.ERROR_AMI, Group.UNDECIDED),
        ([], SyncStatus.PENDING_UPLOAD, Group.NOT_DONE),
        ([(Action.UPLOAD, None)], SyncStatus.PENDING_UPLOAD, Group.UPLOAD),
        ([(Action.UPLOAD, "refused")], SyncStatus.PENDING_UPLOAD, Group.FAILED),
        ([(Action.REPLACE, None), (Action.METADATA, None), (Action.SETTLE, None)], None, Group.REPLACE),
        ([(Action.REPLACE, None), (Action.SETTLE, "refused")], SyncStatus.PENDING_REPLACE, Group.FAILED),
        ([(Action.TIDY, None)], SyncStatus.OK, Group.OK),
        ([(Action.TIDY, None)], SyncStatus.PENDING_UPLOAD, Group.NOT_DONE),
        ([(Action.TIDY, None)], None, Group.TIDY),
        ([(Action.OBSOLETE, None)], None, Group.UPDATE),
    ],
)
def test_each_image_is_in_one_group(
    acts: list[tuple[Action, str | None]], status: SyncStatus | None, group: Group
) -> None:
    images = [ImageOutcome("a", action, size=MIB, error=error) for action, error in acts]
    statuses = (("a", status),) if status is not None else ()
    assert count_done(RegionOutcome("R", images, statuses=statuses), End.DONE).images == {group: 1}


def test_namesakes_that_are_left_out_count_each() -> None:
    outcome = RegionOutcome("R", statuses=(("a", SyncStatus.OK),), left_out=(("two", "why"), ("two", "why")))
    for count in (count_done, count_pending):
        assert count(outcome, End.DONE).images == {Group.OK: 1, Group.LEFT_OUT: 2}


def test_bytes_are_those_moved_or_to_be_moved() -> None:
    images = [ImageOutcome("a", Action.UPLOAD, size=MIB), ImageOutcome("b", Action.UPLOAD, size=9, error="refused")]
    outcome = RegionOutcome("R", images, pending_bytes=5)
    sizes = [count(outcome, End.DONE).size for count in (count_done, count_pending)]
    assert sizes == [MIB, 5]
