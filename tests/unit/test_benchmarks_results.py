"""The page of the benchmarks: rows are kept until they are measured again, misses are shown as misses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from bench_lib import results
from bench_lib.figures import Result, at_most, plain
from bench_lib.measure import Failed
from bench_lib.moves import Move, expect_moves, expect_way, moves, synchronise
from bench_lib.rows.table import ROWS
from bench_lib.setting import Setting


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the results are kept."""
    monkeypatch.setattr(results, "DATA", tmp_path / "results.json")
    monkeypatch.setattr(results, "PAGE", tmp_path / "RESULTS.md")
    monkeypatch.setattr(results, "NOTES", tmp_path)
    return tmp_path


def measured(name: str, result: Result, *, quick: bool = False, versions: dict[str, str] | None = None) -> str:
    """Record a result; the page with two rows as it is then."""
    results.record(name, result, quick=quick, load=1.234, versions=versions or {})
    results.write_page(["one", "two"])
    return results.PAGE.read_text()


def table(page: str) -> list[str]:
    """The lines of the table below its head."""
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    return lines[1:]


class TestPage:
    def test_a_row_stays_until_it_is_measured_again(self) -> None:
        measured("two", Result("2 MiB", [plain("b", [2.0])]))
        measured("one", Result("1 MiB", [plain("a", [1.0])]))
        page = measured("two", Result("3 MiB", [plain("b", [3.0])]))
        assert table(page) == [
            "| one | 1 MiB | a |  | 1.00 |  | 1.00 … 1.00 (1) |",
            "| two | 3 MiB | b |  | 3.00 |  | 3.00 … 3.00 (1) |",
        ]

    def test_a_miss_is_shown_as_one(self) -> None:
        page = measured("one", Result("1 MiB", [at_most("a", 1, [1.0]), at_most("b", 1, [2.0])]))
        assert table(page) == [
            "| one | 1 MiB | a | ≤ 1.00 | 1.00 | yes | 1.00 … 1.00 (1) |",
            "| one | 1 MiB | b | ≤ 1.00 | 2.00 | **no** | 2.00 … 2.00 (1) |",
        ]
        assert results.line_of(at_most("b", 1, [2.0])) == "  b: 2.00  (target ≤ 1.00) MISSED  2.00 … 2.00 (1)"

    def test_what_could_not_be_measured_says_why(self) -> None:
        page = measured("one", Result("—", skipped="no luck"))
        assert table(page) == ["| one | — | | | not measured: no luck | | |"]

    def test_details_and_notes_follow_below_their_row(self, folder: Path) -> None:
        (folder / "two.md").write_text("Why it is missed.\n")
        measured("one", Result("1", details=["First.", "| a | table |", "| of | two |", "Last."]))
        page = measured("two", Result("2"), quick=True)
        first, second = page.split("## Details\n\n### one\n\n")[1].split("\n### two\n\n")
        assert first.endswith("load of the machine before: 1.2.\n\nFirst.\n\n| a | table |\n| of | two |\nLast.\n")
        assert ", `--quick`; load" in second
        assert second.endswith("\n\nWhy it is missed.\n")

    def test_every_version_that_was_used_is_named(self) -> None:
        measured("one", Result("1"), versions={"Glance": "33.0"})
        page = measured("two", Result("2"), versions={"Glance": "34.0"})
        assert "Glance 33.0 / 34.0" in page

    def test_the_rows_of_the_repository_can_be_written_again(self, folder: Path) -> None:
        (folder / "results.json").write_text((results.FOLDER / "results.json").read_text())
        results.write_page(ROWS)
        known = set(json.loads((folder / "results.json").read_text())) & set(ROWS)
        assert {line.split(" | ")[0].removeprefix("| ") for line in table(results.PAGE.read_text())} >= known


class TestMoves:
    def events(self, setting: Setting, *events: dict[str, object]) -> None:
        """What a run text."""
        lines = (json.dumps({"region": "Burgos", "image": "a", "action": "upload", **event}) for event in events)
        (setting.work / "events-0.jsonl").write_text("\n".join(lines))

    @pytest.fixture
    def setting(self, tmp_path: Path) -> Setting:
        """A setting without a cloud."""
        return Setting(tmp_path, True, 1, 1, lambda line: None)

    def test_a_move_lasts_from_its_beginning_to_its_end(self, setting: Setting) -> None:
        self.events(
            setting,
            {"kind": "started", "time": 10.0},
            {"kind": "started", "image": "b", "action": "replace", "time": 11.0},
            {"kind": "started", "action": "metadata", "time": 11.5},
            {"kind": "done", "way": "file", "time": 12.5},
            {"kind": "done", "image": "b", "action": "replace", "way": "spool", "time": 15.0},
        )
        assert moves(setting) == (Move("a", "Burgos", "file", 2.5), Move("b", "Burgos", "spool", 4.0))

    def test_one_that_failed_gives_no_figure(self, setting: Setting) -> None:
        self.events(setting, {"kind": "started", "time": 1.0}, {"kind": "failed", "message": "no room", "time": 2.0})
        with pytest.raises(Failed, match=r"^Burgos: a: no room$"):
            moves(setting)

    def test_another_way_or_number_is_not_what_was_meant(self, setting: Setting, tmp_path: Path) -> None:
        self.events(setting, {"kind": "started", "time": 1.0}, {"kind": "done", "way": "stream", "time": 2.0})
        (tmp_path / "program.py").write_text("")
        done = synchronise(replace(setting, program=tmp_path / "program.py"), {}, "Burgos")
        expect_way(done, "stream", 1)
        with pytest.raises(Failed, match=r"2 images were to be moved, 1 were"):
            expect_moves(done, 2)
        with pytest.raises(Failed, match=r"by the way file; moved: \['stream'\]"):
            expect_way(done, "file", 1)
