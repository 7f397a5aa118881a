"""Regions as words, as CSV, as a table, as JSON (sync 1.4)."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence

import pytest
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fiwareglancesync.images.region_names import KnownRegion, RegionRef
from fiwareglancesync.terminal.text_tables import print_table, write_regions

HEADS = ("Region", "MB", "Remarks")
ROWS = [("a", "1", "long [b] text :smile:"), ("日本", "1234", ""), ("", "", ""), ("e\u0301", "12", "x" * 30)]

REGIONS = [
    KnownRegion(RegionRef("master", "Burgos")),
    KnownRegion(RegionRef("master", "Spain"), is_master=True),
    KnownRegion(RegionRef("other", "Ma drid")),
    KnownRegion(RegionRef("other", "a\nb")),
    KnownRegion(RegionRef("other", "Trento"), is_ignored=True),
]


def written(form: str | None, regions: Sequence[KnownRegion] = REGIONS) -> str:
    stream = io.StringIO(newline="")
    write_regions(regions, form, stream)
    return stream.getvalue()


def test_those_that_a_run_does_are_words_on_one_line() -> None:
    assert written(None) == "Burgos other:Ma drid other:a\\x0ab\n"


def test_without_any_there_is_no_line() -> None:
    assert written(None, REGIONS[1:2]) == ""


def test_csv_has_a_line_for_each_of_them() -> None:
    assert written("csv") == 'Burgos\r\nother:Ma drid\r\n"other:a\nb"\r\n'


def test_json_has_all_with_what_they_are() -> None:
    found = json.loads(written("json"))
    assert [(region["region"], region["master"], region["ignored"]) for region in found] == [
        ("Burgos", False, False),
        ("Spain", True, False),
        ("other:Ma drid", False, False),
        ("other:a\nb", False, False),
        ("other:Trento", False, True),
    ]
    assert (found[3]["target"], found[3]["name"]) == ("other", "a\nb")


def test_a_table_has_all_with_what_they_are() -> None:
    lines = [line.split() for line in written("table").splitlines() if line.strip()]
    assert lines[0] == ["Region", "Target", "Remarks"]
    assert ["Spain", "master", "master"] in lines
    assert ["other:Trento", "other", "ignored"] in lines
    assert ["other:a\\x0ab", "other"] in lines


def test_a_region_that_the_command_line_names_is_done_although_it_is_ignored() -> None:
    assert KnownRegion(RegionRef("other", "Trento"), is_ignored=True, is_named=True).is_done


class Terminal(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def without_styles(text: str) -> str:
    """A text without escape sequences, and without spaces at the ends of its lines."""
    return "\n".join(line.rstrip(" ") for line in re.sub("\x1b\\[[0-9;]*m", "", text).split("\n"))


def drawn_by_rich(width: int) -> str:
    """The same table as rich draws it."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in HEADS:
        table.add_column(head, justify="right" if head == "MB" else "left", overflow="fold")
    for row in ROWS:
        table.add_row(*map(Text, row))
    stream = io.StringIO()
    Console(file=stream, width=width, highlight=False).print(table)
    return without_styles(stream.getvalue())


def test_a_table_in_a_file_is_drawn_without_wrapping() -> None:
    stream = io.StringIO()
    print_table(HEADS, ROWS, stream)
    assert stream.getvalue() == drawn_by_rich(1000)


@pytest.mark.parametrize("width", [100, 30])
def test_a_table_on_a_terminal_is_wrapped_where_it_is_wider(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    print_table(HEADS, ROWS, stream)
    assert without_styles(stream.getvalue()) == drawn_by_rich(width)
    assert "\x1b[1m" in stream.getvalue()
