"""Statuses as CSV, as a table, as JSON (sync 1.4)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.base.units import MIB
from fiwareglancesync.images.execution.outcome import RegionOutcome
from fiwareglancesync.images.model import SyncStatus
from fiwareglancesync.images.region_job import LeftOutRow, RegionResult, StatusRow
from fiwareglancesync.images.region_names import RegionRef
from fiwareglancesync.terminal.status_writer import StatusWriter
from tests.strategies import LAW

HOSTILE = 'a,"b"\r\n\x1b[31m=1+1 [red]x[/]'


def row(image: str = "N", **more: object) -> StatusRow:
    fields = {"uuid": None, "size": 3 * MIB, "message": None, "way": None, "notes": (), **more}
    return StatusRow(SyncStatus.ERROR_CHECKSUM, "other:R", image, **fields)  # type: ignore[arg-type]


LEFT = LeftOutRow("other:R", HOSTILE, "M", None, "it has no size", deliberate=False)


def result(*rows: StatusRow, left_out: Sequence[LeftOutRow] = ()) -> RegionResult:
    return RegionResult(RegionRef("other", "R"), RegionOutcome("other:R"), list(rows), list(left_out))


def written(
    form: str, *rows: StatusRow, left_out: Sequence[LeftOutRow] = (), only_pending: bool = False
) -> str:
    stream = io.StringIO(newline="")
    writer = StatusWriter(form, stream, only_pending=only_pending)
    writer.write(result(left_out=left_out))
    for each in rows:
        writer.write(result(each))
    writer.close()
    return stream.getvalue()


def test_csv_has_three_fields_no_header_and_crlf() -> None:
    assert written("csv", row("a"), row("b")) == "error_checksum,other:R,a\r\nerror_checksum,other:R,b\r\n"


def test_csv_quotes_as_rfc_4180_does() -> None:
    assert written("csv", row('a,"b"\r\n')) == 'error_checksum,other:R,"a,""b""\r\n"\r\n'


@LAW
@given(st.text(st.characters(exclude_characters="\0")))
def test_csv_carries_every_name_exactly(name: str) -> None:
    ((_, _, read),) = csv.reader(io.StringIO(written("csv", row(name)), newline=""), strict=True)
    assert read == name


def test_csv_goes_out_at_once() -> None:
    stream = io.StringIO()
    StatusWriter("csv", stream).write(result(row()))
    assert stream.getvalue()


def test_json_reports_all_exactly() -> None:
    found = row(HOSTILE, uuid="U", message="do this", way="stream", notes=("differs",), differences=("a 1 → 2", "b"))
    assert json.loads(written("json", found)) == {
        "images": [
            {
                "status": "error_checksum",
                "region": "other:R",
                "image": HOSTILE,
                "id": "U",
                "size": 3 * MIB,
                "message": "do this",
                "way": "stream",
                "notes": ["differs"],
                "differences": ["a 1 → 2", "b"],
            }
        ],
        "left_out": [],
    }


def test_what_is_left_out_has_a_list_of_its_own_in_json() -> None:
    document = json.loads(written("json", row("a"), left_out=[LEFT]))
    assert [found["image"] for found in document["images"]] == ["a"]
    assert document["left_out"] == [
        {
            "region": "other:R",
            "image": HOSTILE,
            "master_id": "M",
            "size": None,
            "reason": "it has no size",
            "deliberate": False,
        }
    ]


def test_what_is_left_out_has_rows_after_the_others_in_a_table_and_none_in_csv() -> None:
    assert written("csv", row("a"), left_out=[LEFT]) == written("csv", row("a"))
    left = replace(LEFT, image="left", size=2 * MIB)
    *_, first, last = [line for line in written("table", row("a"), left_out=[left]).splitlines() if line.strip()]
    assert first.split()[:3] == ["error_checksum", "other:R", "a"]
    assert last.split() == ["left_out", "other:R", "left", "2", "it", "has", "no", "size"]


@pytest.mark.parametrize(("form", "empty"), [("csv", ""), ("json", {"images": [], "left_out": []})])
def test_nothing_is_written_as_nothing(form: str, empty: object) -> None:
    text = written(form)
    assert (json.loads(text) if form == "json" else text) == empty


def test_the_table_shows_remarks_and_no_colours_outside_a_terminal() -> None:
    text = written("table", row("image", message="do this", way="file", notes=("noted",), differences=("a 1 → 2", "b")))
    head, _, line = [found for found in text.splitlines() if found.strip()]
    assert head.split() == ["Status", "Region", "Image", "MB", "Way", "Remarks"]
    remarks = "do this; a 1 → 2; b; noted"
    assert line.split() == ["error_checksum", "other:R", "image", "3", "file", *remarks.split()]


def test_the_table_ends_no_line_with_spaces_outside_a_terminal() -> None:
    text = written("table", row("image", message="do this"), row("another"))
    assert [line for line in text.splitlines() if line.endswith(" ")] == []


def test_the_table_takes_no_orders_from_names() -> None:
    text = written("table", row(HOSTILE))
    assert 'a,"b"\\x0d\\x0a\\x1b[31m=1+1 [red]x[/]' in text
    assert "\x1b" not in text


SETTLED = [replace(row(status), status=SyncStatus(status)) for status in ("ok", "ok_stalled_checksum")]
PENDING = [
    replace(row(status.value), status=status) for status in SyncStatus if status.pending or status.error
]


def test_of_what_is_pending_all_is_shown_and_nothing_else() -> None:
    text = written("csv", *SETTLED, *PENDING, only_pending=True)
    assert [line.split(",")[0] for line in text.splitlines()] == [status.status.value for status in PENDING]
    images = json.loads(written("json", *SETTLED, *PENDING, only_pending=True))["images"]
    assert [found["image"] for found in images] == [found.image for found in PENDING]


def test_what_the_configuration_leaves_out_is_not_pending() -> None:
    left = [LEFT, replace(LEFT, image="by skip_unhashed", deliberate=True)]
    assert len(json.loads(written("json", left_out=left))["left_out"]) == 2
    (found,) = json.loads(written("json", left_out=left, only_pending=True))["left_out"]
    assert found["image"] == HOSTILE


@pytest.mark.parametrize("form", ["csv", "table", "matrix"])
def test_when_nothing_is_pending_nothing_is_written(form: str) -> None:
    assert written(form, *SETTLED, only_pending=True) == ""
    assert written("json", *SETTLED, only_pending=True) != ""
