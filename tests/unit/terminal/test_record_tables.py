"""Tables with identifiers: the width of a terminal never breaks one."""

from __future__ import annotations

import io

import pytest

from fiwareglancesync.images.vault.run_diff import DiffRow
from fiwareglancesync.images.vault.vault_listing import ImageRow
from fiwareglancesync.terminal.record_tables import print_records, write_rows
from fiwareglancesync.terminal.vault_tables import write_differences, write_images

ID = "6daa8606-59d0-4ef7-a264-74146b6e3be8"
HEADS = ("Task", "Status", "Created", "Remarks")
ROWS = [(ID, "failed", "2026-11-28T09:25:58+00:00", "the region does not answer " * 10), (ID, "synced", "", "")]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def printed(stream: io.StringIO, *rows: tuple[str, ...]) -> list[str]:
    print_records(HEADS, rows, stream)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("columns", [40, 60, 80, 102, 103, 104, 105, 106, 107, 108, 109, 110, 120, 200])
def test_an_identifier_is_never_broken(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = printed(Terminal(), *ROWS)
    assert sum(line.count(ID) for line in lines) == 2
    assert sum("2026-11-28T09:25:58+00:00" in line for line in lines) == 1


@pytest.mark.parametrize("columns", [60, 80, 111, 112, 113, 114, 200])
def test_an_image_of_a_vault_can_be_copied_from_any_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    stream = Terminal()
    name = "ubuntu-24.04-minimal-cloudimg"
    write_images([ImageRow("Spain", ID, name, 1, 2**20, 2**20, "kept", None)], "table", stream)
    write_differences([DiffRow("changed", ID, name, 2**20, "tags " * 40)], "table", stream)
    assert stream.getvalue().count(ID) == stream.getvalue().count(name) == 2


def test_a_row_is_a_paragraph_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert printed(Terminal(), (ID, "failed", "", "why\x1b[2J"), ROWS[1]) == [
        f"Task:    {ID}",
        "Status:  failed",
        "Remarks: why\\x1b[2J",
        "",
        f"Task:    {ID}",
        "Status:  synced",
    ]


def test_a_wide_terminal_gets_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    (heads,) = [line for line in printed(Terminal(), *ROWS) if "Created" in line]
    assert all(head in heads for head in HEADS)


def test_nothing_is_wrapped_outside_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = [line for line in printed(io.StringIO(), *ROWS) if line.strip()]
    assert len(lines) == 4
    assert lines[2].endswith("the region does not answer")
    assert lines[2].count("answer") == 10


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("csv", "name,last_run\r\na\tb,now\r\n"),
        ("json", '[\n  {\n    "name": "a\\tb"\n  }\n]\n'),
        ("table", "\n Name     Last run\n ─────────────────\n a\\x09b   now\n\n"),
    ],
)
def test_csv_and_json_have_texts_as_they_are_and_a_table_escapes_them(form: str, text: str) -> None:
    stream = io.StringIO()
    write_rows(("Name", "Last run"), [("a\tb", "now")], [{"name": "a\tb"}], form, stream)
    assert stream.getvalue() == text
