"""Statuses as a matrix (sync 1.4)."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping

import pytest
from rich.cells import cell_len

from fiwareglancesync.base.units import MIB
from fiwareglancesync.images.execution.outcome import RegionOutcome
from fiwareglancesync.images.model import SyncStatus
from fiwareglancesync.images.region_job import LeftOutRow, RegionResult, StatusRow
from fiwareglancesync.images.region_names import RegionRef
from fiwareglancesync.terminal.status_matrix import SIGNS, StatusMatrix

OK, UPLOAD, CHECKSUM = SyncStatus.OK, SyncStatus.PENDING_UPLOAD, SyncStatus.ERROR_CHECKSUM
HOSTILE = "a\x1b[31m\nb"


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def region(name: str, statuses: Mapping[str, SyncStatus], error: str | None = None) -> RegionResult:
    ref = RegionRef.parse(name)
    rows = [
        StatusRow(status, name, image, None, number * MIB, None, None, ())
        for number, (image, status) in enumerate(statuses.items())
    ]
    return RegionResult(ref, RegionOutcome(name, error=error), rows)


def written(*regions: RegionResult, only_pending: bool = False, stream: io.StringIO | None = None) -> list[str]:
    stream = stream or io.StringIO()
    matrix = StatusMatrix(stream, only_pending=only_pending)
    for each in regions:
        matrix.add(each)
    matrix.write()
    return stream.getvalue().splitlines()


@pytest.fixture(autouse=True)
def width(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")


def test_has_a_row_for_each_image_and_a_column_for_each_region() -> None:
    assert written(
        region("Burgos", {"small": OK, "large": UPLOAD}), region("other:Madrid", {"small": CHECKSUM, "large": OK})
    ) == [
        "       Burgos  other:Madrid",
        "small  .       C",
        "large  u       .",
        "",
        ". ok   u pending_upload   C error_checksum",
    ]


def test_every_status_has_a_sign_of_its_own() -> None:
    assert set(SyncStatus) <= set(SIGNS)
    assert len(set(SIGNS.values())) == len(SIGNS)


def test_an_image_that_a_region_does_not_get_and_a_region_that_failed_have_signs() -> None:
    lines = written(region("A", {"a": OK}), region("B", {"b": OK}), region("C", {}, error="no answer"))
    assert lines[1:3] == ["a  .  -  !", "b  -  .  !"]
    assert lines[4] == ". ok   ! region failed   - not selected for this region"


def test_an_image_that_is_left_out_has_a_sign() -> None:
    burgos = region("Burgos", {"a": OK})
    burgos.left_out = [LeftOutRow("Burgos", "b", "M", None, "it has no size", deliberate=False)]
    assert written(burgos)[1:3] == ["a  .", "b  x"]


def test_what_is_settled_is_not_shown_when_only_what_is_pending_is_asked_for() -> None:
    lines = written(
        region("Avila", {"small": OK, "large": OK}),
        region("Burgos", {"small": SyncStatus.OK_STALLED_CHECKSUM, "large": UPLOAD}),
        only_pending=True,
    )
    assert lines == [
        "       Burgos",
        "large  u",
        "",
        "u pending_upload",
        "Not shown, because nothing is pending: 1 image and 1 region",
    ]


def test_when_nothing_is_pending_nothing_is_written() -> None:
    assert written(region("Avila", {"small": OK}), only_pending=True) == []


def test_names_are_escaped() -> None:
    lines = written(region("B\x1b[2Jurgos", {HOSTILE: OK}))
    assert lines[:2] == ["                B\\x1b[2Jurgos", "a\\x1b[31m\\x0ab  ."]


FEW = [region(f"Region{number}", {"an_image": OK}) for number in range(12)]
MANY = [region(f"other:Region{number:02}", {"an_image": OK, "i" * 60: UPLOAD}) for number in range(40)]


def test_names_that_do_not_fit_side_by_side_are_written_from_top_to_bottom() -> None:
    lines = written(*FEW)
    assert lines[-3] == "an_image" + " ." * 12
    columns = ["".join(line.ljust(40)[9 + 2 * number] for line in lines[:8]).strip() for number in range(12)]
    assert columns == [f"Region{number}" for number in range(12)]


def test_forty_regions_fit_a_terminal_of_eighty_columns() -> None:
    lines = written(*MANY, stream=Terminal())
    text = [line for line in lines if "an_image" in line]
    assert len(text) == 1
    assert max(map(cell_len, map(plain, lines))) <= 80
    assert plain(text[0]).replace(" ", "") == "an_image" + 40 * "."


def test_more_regions_than_fit_are_written_in_parts() -> None:
    lines = list(map(plain, written(*MANY, *MANY, stream=Terminal())))
    parts = [line.split(None, 1)[1].replace(" ", "") for line in lines if line.startswith("an_image")]
    assert len(parts) == 2
    assert "".join(parts) == 80 * "."
    assert max(map(cell_len, lines)) <= 80


def test_outside_a_terminal_names_are_whole_and_an_image_has_one_line() -> None:
    lines = written(*MANY, *MANY)
    assert len([line for line in lines if line.startswith("i" * 60)]) == 1


def test_names_of_two_columns_a_character_keep_the_columns_straight() -> None:
    lines = written(*FEW, region("\u56fe\u66f8\u9928", {"\u56fe\u50cf": OK}))
    assert len({cell_len(line) for line in lines if line.endswith((".", "-"))}) == 1


def plain(line: str) -> str:
    """A line of a terminal without colours."""
    return re.sub("\x1b\\[[0-9;]*m", "", line)
