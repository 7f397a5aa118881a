"""Statuses and regions as CSV, as a table, as JSON (contract 1.4)."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.cli.tables import StatusWriter, write_regions
from fiwareglancesync.execution.regions import RegionRef
from fiwareglancesync.jobs.region import StatusRow
from fiwareglancesync.model import MIB, SyncStatus
from tests.strategies import LAW

HOSTILE = 'a,"b"\r\n\x1b[31m=1+1 [red]x[/]'
REFS = [RegionRef("master", "Burgos"), RegionRef("other", "Ma drid"), RegionRef("other", "a\nb")]


def row(image: str = "N", **more: object) -> StatusRow:
    fields = {"uuid": None, "size": 3 * MIB, "message": None, "way": None, "notes": (), **more}
    return StatusRow(SyncStatus.ERROR_CHECKSUM, "other:R", image, **fields)  # type: ignore[arg-type]


def written(form: str, *rows: StatusRow) -> str:
    stream = io.StringIO(newline="")
    writer = StatusWriter(form, stream)
    for each in rows:
        writer.write([each])
    writer.close()
    return stream.getvalue()


def regions(form: str | None) -> str:
    stream = io.StringIO(newline="")
    write_regions(REFS, form, stream)
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
    StatusWriter("csv", stream).write([row()])
    assert stream.getvalue()


def test_json_tells_all_exactly() -> None:
    found = row(HOSTILE, uuid="U", message="do this", way="stream", notes=("differs",))
    assert json.loads(written("json", found)) == [
        {
            "status": "error_checksum",
            "region": "other:R",
            "image": HOSTILE,
            "id": "U",
            "size": 3 * MIB,
            "message": "do this",
            "way": "stream",
            "notes": ["differs"],
        }
    ]


@pytest.mark.parametrize(("form", "empty"), [("csv", ""), ("json", "[]\n")])
def test_nothing_is_written_as_nothing(form: str, empty: str) -> None:
    assert written(form) == empty


def test_the_table_shows_remarks_and_no_colours_outside_a_terminal() -> None:
    text = written("table", row("image", message="do this", way="file", notes=("differs",)))
    head, _, line = [found for found in text.splitlines() if found.strip()]
    assert head.split() == ["Status", "Region", "Image", "MB", "Way", "Remarks"]
    assert line.split() == ["error_checksum", "other:R", "image", "3", "file", "do", "this;", "differs"]


def test_the_table_ends_no_line_with_spaces_outside_a_terminal() -> None:
    text = written("table", row("image", message="do this"), row("another"))
    assert [line for line in text.splitlines() if line.endswith(" ")] == []


def test_the_table_takes_no_orders_from_names() -> None:
    text = written("table", row(HOSTILE))
    assert 'a,"b"\\x0d\\x0a\\x1b[31m=1+1 [red]x[/]' in text
    assert "\x1b" not in text


def test_regions_are_words_on_one_line() -> None:
    assert regions(None) == "Burgos other:Ma drid other:a\\x0ab\n"


def test_regions_have_all_formats() -> None:
    assert regions("csv") == 'Burgos\r\nother:Ma drid\r\n"other:a\nb"\r\n'
    assert json.loads(regions("json"))[2] == {"region": "other:a\nb", "target": "other", "name": "a\nb"}
    assert "other:a\\x0ab" in regions("table")
