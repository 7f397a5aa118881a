"""``benchmarks/run`` provides what it measures with by itself."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from bench_lib import cli, results
from bench_lib.figures import Result
from bench_lib.rows import api, rebuild
from bench_lib.rows.table import ROWS
from bench_lib.setting import Setting
from workbench import debian
from workbench.debian import Part
from workbench.venv import SetupError

PYTHON = Path("/somewhere/.venv/bin/python")


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Part]:
    """The parts whose packages were asked for; nothing is installed, and results go elsewhere."""
    for name, place in (("DATA", "results.json"), ("PAGE", "RESULTS.md"), ("NOTES", "notes")):
        monkeypatch.setattr(results, name, tmp_path / place)
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    parts: list[Part] = []

    def provide(*wanted: Part, say: Callable[[str], None]) -> list[debian.Package]:
        parts.extend(wanted)
        return []

    monkeypatch.setattr(debian, "provide", provide)
    monkeypatch.setattr(cli, "prepare_checkout", lambda say: PYTHON)
    return parts


def test_the_program_is_measured_with_the_checkouts_own_interpreter(
    asked: list[Part], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def measure(setting: Setting) -> Result:
        seen.append(setting.python)
        return Result("—", skipped="no need")

    monkeypatch.setitem(ROWS, "start", measure)
    assert cli.main(["--only", "start"]) == 0
    assert seen == [str(PYTHON)]
    assert asked == [Part.SETUP, Part.BENCHMARKS]


def test_what_cannot_be_set_up_is_reported_before_anything_is_measured(
    asked: list[Part], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(say: Callable[[str], None]) -> Path:
        raise SetupError("is the package index reachable?")

    monkeypatch.setattr(cli, "prepare_checkout", fail)
    assert cli.main(["--only", "start"]) == 1
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "ERROR: is the package index reachable?\n")
    assert not results.DATA.exists()


def test_programs_that_stay_missing_are_named(
    asked: list[Part], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(debian, "provide", lambda *parts, say: [debian.holder("wrk")])
    monkeypatch.setitem(ROWS, "start", lambda setting: Result("—", skipped="no need"))
    assert cli.main(["--only", "start"]) == 0
    command = "apt-get install --no-install-recommends wrk"
    assert capsys.readouterr().err == f"WARNING: not everything is measured; missing: wrk; as root: {command}\n"


def test_a_row_whose_program_is_missing_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "find", lambda name: None)
    result = api.measure(Setting(tmp_path, True, 1, 1, print))
    assert result.skipped == "missing: wrk; as root: apt-get install --no-install-recommends wrk"


def test_versions_of_programs_that_are_missing_are_not_known(
    asked: list[Part], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "find", lambda name: None)
    results.record("one", Result("—", skipped="no need"), quick=True, load=0.0, versions={})
    (row,) = results._load().values()
    assert (row["versions"]["curl"], row["commit"]) == ("not there", "unknown")


def test_a_rebuild_needs_another_checkout(tmp_path: Path) -> None:
    result = rebuild.measure(Setting(tmp_path, True, 1, 1, print))
    assert (result.figures, result.skipped) == ((), "name the other checkout: --before FOLDER")
