"""What progress bars know of the moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.base.messages import Message
from fiwareglancesync.base.units import MIB
from fiwareglancesync.events import (
    Action,
    Done,
    Event,
    Failed,
    Pending,
    Progress,
    RegionFinished,
    RegionPlanned,
    Started,
)
from fiwareglancesync.terminal.region_progress import RATE_SECONDS, RegionProgress, RunProgress


def progress_after(events: Sequence[Event], regions: int = 2) -> RunProgress:
    """What is known after events, one a second."""
    progress = RunProgress(regions)
    for second, event in enumerate(events):
        progress.take(event, float(second))
    return progress


def planned(region: str = "R", size: int = 10 * MIB, images: int = 2) -> RegionPlanned:
    return RegionPlanned(region, size, images)


def upload(kind: Any, image: str = "N", region: str = "R", **more: Any) -> Any:
    """An event about the upload of 4 MiB."""
    return kind(region, image, Action.UPLOAD, **{"size": 4 * MIB, **more})


def only_region(progress: RunProgress) -> RegionProgress:
    (region,) = progress.moving
    return region


def test_bytes_of_images_that_are_moved_at_the_same_time_add_up() -> None:
    progress = progress_after([planned(), upload(Started), upload(Started, "M"), upload(Progress, done=MIB)])
    progress.take(upload(Progress, "M", done=2 * MIB), 4.0)
    region = only_region(progress)
    assert (region.done, region.finished_images, list(region.moving)) == (3 * MIB, 0, ["N", "M"])
    assert (progress.done, progress.size) == (3 * MIB, 10 * MIB)


def test_an_image_that_is_done_counts_in_full() -> None:
    region = only_region(progress_after([planned(), upload(Started), upload(Progress, done=1), upload(Done)]))
    assert (region.done, region.finished_images, region.moving) == (4 * MIB, 1, {})


def test_the_bytes_of_an_image_that_fails_are_not_to_be_moved_any_more() -> None:
    failure = upload(Failed, message=Message.error("C"))
    region = only_region(progress_after([planned(), upload(Started), upload(Progress, done=MIB), failure]))
    assert (region.done, region.size, region.finished_images) == (0, 6 * MIB, 1)


def test_a_move_that_begins_again_begins_with_nothing() -> None:
    region = only_region(progress_after([planned(), upload(Progress, done=3 * MIB), upload(Progress, done=MIB)]))
    assert region.done == MIB


@pytest.mark.parametrize("action", [Action.METADATA, Action.RELINK, Action.OBSOLETE, Action.TIDY, Action.SETTLE])
def test_what_moves_no_bytes_is_not_shown(action: Action) -> None:
    progress = progress_after([planned(), Started("R", "N", action), Done("R", "N", action)])
    assert (only_region(progress).finished_images, only_region(progress).moving) == (0, {})


def test_a_region_without_bytes_has_no_bar_and_counts_when_it_is_finished() -> None:
    progress = progress_after([planned(size=0), upload(Pending), RegionFinished("R")])
    assert (progress.moving, progress.finished_regions, progress.is_all_planned) == ([], 1, False)


def test_the_bytes_of_a_finished_region_stay_in_the_sum() -> None:
    progress = progress_after([planned(size=4 * MIB), upload(Done), RegionFinished("R"), planned("S")])
    assert (progress.done, progress.size, progress.is_all_planned) == (4 * MIB, 14 * MIB, True)


def test_of_a_region_that_failed_only_what_was_moved_stays_in_the_sum() -> None:
    progress = progress_after([planned(), upload(Done), RegionFinished("R", error=True)])
    assert (progress.done, progress.size) == (4 * MIB, 4 * MIB)


def test_the_rate_is_that_of_the_last_seconds() -> None:
    progress = RunProgress(1)
    progress.take(planned(size=1000 * MIB), 0.0)
    for second in range(1, 101):
        progress.take(upload(Progress, size=1000 * MIB, done=min(second, 50) * MIB), float(second))
    region = only_region(progress)
    assert region.rate(100.0) == 0.0
    assert region.seconds_left(100.0) is None
    progress.take(upload(Progress, size=1000 * MIB, done=100 * MIB), 101.0)
    assert region.rate(101.0) == pytest.approx(50 * MIB / RATE_SECONDS, rel=0.1)
    assert region.seconds_left(101.0) == pytest.approx(900 / (50 / RATE_SECONDS), rel=0.1)
    assert progress.rate(101.0) == pytest.approx(100 * MIB / 101)


def test_all_is_not_moved_before_the_slowest_region() -> None:
    progress = progress_after([planned(), planned("S", 100 * MIB), upload(Progress, done=4 * MIB)])
    progress.take(upload(Progress, region="S", done=MIB), 3.0)
    slowest = max(region.seconds_left(3.0) or 0 for region in progress.moving)
    assert progress.seconds_left(3.0) == slowest


def test_a_region_fetches_images_itself_while_all_of_them_come_so() -> None:
    events = [planned(), upload(Started), upload(Progress, way="server")]
    region = only_region(progress_after(events))
    assert region.fetched_since == 1.0
    assert only_region(progress_after([*events, upload(Started, "M")])).fetched_since is None
    assert only_region(progress_after(events[:2])).fetched_since is None


EVENTS = st.one_of(
    st.builds(RegionPlanned, st.sampled_from("RS"), st.integers(0, 10), st.integers(0, 3)),
    st.builds(RegionFinished, st.sampled_from("RS")),
    *(
        st.builds(kind, st.sampled_from("RS"), st.sampled_from("NM"), st.just(Action.UPLOAD), size=st.integers(0, 10))
        for kind in (Started, Done)
    ),
    st.builds(
        Progress,
        st.sampled_from("RS"),
        st.sampled_from("NM"),
        st.just(Action.UPLOAD),
        size=st.integers(0, 10),
        done=st.integers(0, 10),
    ),
)


@given(st.lists(EVENTS))
def test_whatever_comes_no_more_is_done_than_there_is(events: list[Event]) -> None:
    progress = progress_after(events)
    assert 0 <= progress.done <= progress.size
    assert progress.rate(1000.0) >= 0
