"""The line at the end of a run, and the line about a region (sync 1.4)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from fiwareglancesync.base.units import MIB
from fiwareglancesync.images.execution.outcome_counts import End, Group, RegionCounts
from fiwareglancesync.images.region_job import Mode
from fiwareglancesync.terminal.summary_line import RunSummary, region_line, summary_line

GIB = 1024 * MIB


def counts(region: str, images: Mapping[Group, int], size: int = 0, end: End = End.DONE) -> RegionCounts:
    return RegionCounts(region, end, images, size)


def line(*regions: RegionCounts, mode: Mode = Mode.SYNC, expected: int = 0, **more: Path) -> str:
    return summary_line(RunSummary(mode, expected or len(regions), regions, (), 252.0, **more))


MANY = counts(
    "Burgos",
    {
        Group.LEFT_OUT: 1,
        Group.NOT_DONE: 2,
        Group.FAILED: 3,
        Group.UNDECIDED: 4,
        Group.TIDY: 5,
        Group.UPDATE: 6,
        Group.RENAME: 7,
        Group.REPLACE: 8,
        Group.UPLOAD: 9,
        Group.OK: 10,
    },
    42189 * MIB,
    End.FAILED,
)


def test_it_counts_regions_and_images_and_names_what_failed() -> None:
    there = [counts(f"Region{number}", {Group.OK: 100}) for number in range(11)]
    failed = counts("Region11", {Group.UPLOAD: 60, Group.UNDECIDED: 4}, 42189 * MIB, End.FAILED)
    assert line(*there, failed, logs=Path("sync_1")) == (
        "12 regions: 1100 ok, 60 uploaded (41.2 GiB), 4 to decide; failed: Region11; 4 min 12 s; logs in sync_1"
    )


def test_each_group_has_its_words() -> None:
    assert line(MANY) == (
        "1 region: 10 ok, 9 uploaded, 8 replaced, 7 renamed and replaced (41.2 GiB), 6 updated, 5 tidied, 4 to decide, "
        "3 failed, 2 not done, 1 left out; failed: Burgos; 4 min 12 s"
    )


def test_a_dry_run_says_what_would_be_done() -> None:
    assert line(MANY, mode=Mode.DRY_RUN) == (
        "1 region: 10 ok, 9 would be uploaded, 8 would be replaced, 7 would be renamed and replaced (41.2 GiB), "
        "6 would be updated, 5 would be tidied, 4 to decide, 3 failed, 2 not done, 1 left out; failed: Burgos; "
        "4 min 12 s"
    )


def test_of_statuses_all_that_a_run_would_change_is_pending() -> None:
    found = counts("Burgos", {Group.OK: 1, Group.UPLOAD: 2, Group.UPDATE: 3, Group.UNDECIDED: 4}, GIB)
    assert line(found, mode=Mode.STATUS) == "1 region: 1 ok, 5 pending (1.0 GiB), 4 to decide; 4 min 12 s"


def test_without_bytes_there_is_no_size() -> None:
    assert line(counts("Burgos", {Group.UPDATE: 3})) == "1 region: 3 updated; 4 min 12 s"


def test_regions_that_were_not_done_are_not_counted_as_such() -> None:
    found = [
        counts("Burgos", {Group.UPLOAD: 1}, MIB),
        counts("Caceres", {}, end=End.HELD),
        counts("Madrid", {Group.UPLOAD: 2}, 2 * MIB, End.INTERRUPTED),
    ]
    assert line(*found, expected=12) == (
        "2 of 12 regions: 3 uploaded (3.0 MiB); held by another run: Caceres; interrupted: Madrid; not begun: 9; "
        "4 min 12 s"
    )


def test_a_master_that_cannot_be_asked_and_a_target_are_named() -> None:
    summary = RunSummary(Mode.SYNC, 2, (), ("master region Spain", "target other"), 1.0)
    assert summary_line(summary) == (
        "0 of 2 regions: nothing done; failed: master region Spain, target other; not begun: 2; 1 s"
    )


@pytest.mark.parametrize(("end", "words"), [(End.DONE, "no images"), (End.FAILED, "nothing done; failed: Burgos")])
def test_without_images_it_says_whether_there_were_none(end: End, words: str) -> None:
    assert line(counts("Burgos", {}, end=end)) == f"1 region: {words}; 4 min 12 s"


@pytest.mark.parametrize(
    ("images", "size", "cause", "text"),
    [
        ({Group.OK: 9, Group.UPLOAD: 5, Group.UNDECIDED: 1}, 13 * MIB, None, "5 uploaded (13 MB), 1 to decide, 2 s"),
        ({Group.OK: 9}, 0, None, "9 ok, 2 s"),
        ({}, 0, None, "no images, 2 s"),
        ({}, 0, "Timeout while retrieving image list", "nothing done, 2 s; Timeout while retrieving image list"),
        ({Group.UPLOAD: 1}, MIB, "the token is refused", "1 uploaded (1 MB), 2 s; the token is refused"),
    ],
)
def test_the_line_of_a_region(images: Mapping[Group, int], size: int, cause: str | None, text: str) -> None:
    assert region_line(Mode.SYNC, counts("Burgos", images, size), 2.0, cause) == f"Burgos: {text}"
