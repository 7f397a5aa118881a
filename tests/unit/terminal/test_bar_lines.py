"""Progress bars fit the window: names are shortened before figures (sync 1.4)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from fiwareglancesync.base.units import MIB
from fiwareglancesync.events import Action, Progress, RegionFinished, RegionPlanned, Started
from fiwareglancesync.terminal.bar_lines import FREE_LINES, bar_lines, shortened
from fiwareglancesync.terminal.region_progress import RunProgress

LONG = "a-region-with-a-name-so-long-that-nobody-would-choose-it-in-earnest"


def moving(*regions: str, expected: int = 0, **more: Any) -> RunProgress:
    """Regions of which each has got a quarter of 1 GiB in 10 seconds."""
    progress = RunProgress(expected or len(regions))
    for region in regions:
        progress.take(RegionPlanned(region, 1024 * MIB, 4), 0.0)
        progress.take(Started(region, "ubuntu-24.04", Action.UPLOAD, size=512 * MIB), 0.0)
        event = Progress(region, "ubuntu-24.04", Action.UPLOAD, size=512 * MIB, **{"done": 256 * MIB, **more})
        progress.take(event, 10.0)
    return progress


def test_a_region_has_bytes_images_rate_time_left_and_what_is_moved() -> None:
    assert bar_lines(moving("Burgos"), 100, 24, 10.0) == [
        "Burgos  ━━━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌  0.2/1.0 GiB  0/4 images  25.6 MiB/s 0:30 left  ubuntu-24.04"
    ]


def test_several_have_a_sum() -> None:
    assert bar_lines(moving("Burgos", "Ávila"), 80, 24, 10.0) == [
        "Burgos  ━━╌╌╌╌╌╌╌  0.2/1.0 GiB   0/4 images  25.6 MiB/s 0:30 left  ubuntu-24.04",
        "Ávila   ━━╌╌╌╌╌╌╌  0.2/1.0 GiB   0/4 images  25.6 MiB/s 0:30 left  ubuntu-24.04",
        "Total   ━━╌╌╌╌╌╌╌  0.5/2.0 GiB  0/2 regions  51.2 MiB/s 0:30 left",
    ]


def test_while_plans_are_missing_more_than_the_time_shown_is_left() -> None:
    progress = moving("Burgos", expected=3)
    progress.take(RegionFinished("Zamora"), 10.0)
    *_, total = bar_lines(progress, 80, 24, 10.0)
    assert "1/3 regions  25.6 MiB/s >0:30 left" in total


def test_a_region_that_fetches_an_image_itself_shows_the_time() -> None:
    progress = moving("Burgos", way="server", done=0)
    assert "0/4 images  region fetches it, 1:15  ubuntu" in bar_lines(progress, 100, 24, 75.0)[0]
    assert "0/4  fetching 1:15" in bar_lines(progress, 50, 24, 75.0)[0]


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (80, "a-region-wit…-in-earnest  ━╌╌╌╌╌  0.2/1.0 GiB  0/4 images  25.6 MiB/s 0:30 left"),
        (60, "a-region…earnest  ━╌╌╌╌╌  0.2/1.0 GiB  0/4  25.6 MiB/s 0:30"),
        (40, "a-regi…arnest  ━╌╌╌╌╌  0.2/1.0 GiB  0/4"),
        (34, "a-regi…rnest  ━╌╌╌╌╌  0.2/1.0 GiB"),
        (24, "a-region-wi…0.2/1.0 GiB"),
    ],
)
def test_a_long_name_is_shortened_before_figures_are(width: int, line: str) -> None:
    assert bar_lines(moving(LONG), width, 24, 10.0) == [line]


def test_regions_that_do_not_fit_are_counted() -> None:
    progress = moving(*(f"Region{number:02d}" for number in range(40)))
    lines = bar_lines(progress, 80, 24, 10.0)
    assert len(lines) == 24 - FREE_LINES
    assert (lines[0].split()[0], lines[-2], lines[-1].split()[0]) == ("Region00", "and 22 more regions", "Total")


def test_without_bytes_there_is_nothing() -> None:
    assert bar_lines(RunProgress(3), 80, 24, 10.0) == []


def test_hostile_names_are_escaped() -> None:
    (line,) = bar_lines(moving("R\x1b[2J\n"), 80, 24, 10.0)
    assert line.startswith("R\\x1b[2J\\x0a")


@given(
    names=st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=8, unique=True),
    width=st.integers(1, 250),
    height=st.integers(1, 60),
)
def test_they_always_fit(names: list[str], width: int, height: int) -> None:
    lines = bar_lines(moving(*names), width, height, 10.0)
    assert 1 <= len(lines) <= max(1, height - FREE_LINES)
    assert all(cell_len(line) < max(width, 2) for line in lines)


@given(st.text(), st.integers(0, 40))
def test_what_is_shortened_fits_and_what_fits_stays(text: str, width: int) -> None:
    found = shortened(text, width)
    assert cell_len(found) <= width
    assert found == text or cell_len(text) > width
