"""Every scenario of ``tests/resources``, end to end through the command line (sync 1, 3 and 4)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from .command import Answer, Command
from .scenario import Scenario, all_scenarios

each_scenario = pytest.mark.parametrize("scenario", all_scenarios(), ids=lambda scenario: scenario.folder.name)


@each_scenario
def test_a_synchronisation_gives_what_is_expected(scenario: Scenario, tmp_path: Path) -> None:
    """Status, dry run and run show one plan; the run carries it out; a second one has nothing left to do."""
    sync = Command(scenario, tmp_path)
    before = sync.everything()
    told_before = scenario.text(".status_pre", "messages")
    reported = scenario.text(".result", "messages") or []
    told_before = reported if told_before is None else told_before
    told_after = scenario.text(".status_post", "messages") or []

    status = sync("--show-status")
    assert_statuses(status, scenario.statuses("pre"))
    assert_messages(status, told_before)
    assert status.summary == "", "something follows the data for programs"
    assert status.exit_code == scenario.exit_code_of_modes

    dry_run = sync("--dry-run")
    assert_narrative(dry_run, scenario.text(".status_pre", "dry_run"))
    assert sync.everything() == before, "looking has changed the federation"

    run = sync()
    assert_messages(run, reported)
    assert_narrative(run, scenario.text(".result", "narrative"))
    assert (dry_run.summary != "") == (run.summary != "") == (scenario.exit_code != 2)
    assert run.exit_code == scenario.exit_code
    assert_backups(sync.backups(), scenario.result)

    status = sync("--show-status")
    assert_statuses(status, scenario.statuses("post"))
    assert_messages(status, told_after)

    after = sync.everything()
    again = sync()
    assert sync.everything() == after, "a second synchronisation has changed the federation"
    assert again.exit_code == scenario.exit_code
    for region, rows in scenario.statuses("post").items():
        if b"pending_" not in rows:
            assert f"INFO:{escaped(region)}: Region is synchronized." in again.lines


@each_scenario
def test_in_parallel_it_gives_the_same(scenario: Scenario, tmp_path: Path) -> None:
    """A process per region changes nothing but the order in which regions are done."""
    sync = Command(scenario, tmp_path)
    run = sync("--parallel", "--config=main.max_children=4")
    assert run.exit_code == scenario.exit_code, run.stderr.decode()
    assert_backups(sync.backups(), scenario.result)


def escaped(name: str) -> str:
    """A name as the narrative shows it."""
    return re.sub("[\x00-\x1f\x7f]", lambda match: f"\\x{ord(match[0]):02x}", name)


def assert_statuses(answer: Answer, expected: Mapping[str, bytes]) -> None:
    """Standard output holds the expected rows of each region, and nothing else."""
    rows = csv.reader(io.StringIO(answer.stdout.decode("utf-8", "surrogateescape"), newline=""))
    order = dict.fromkeys(region for _, region, _ in rows)
    missing = [region for region in expected if region not in order]
    found = answer.stdout.splitlines(keepends=True)
    assert found == b"".join(expected.get(r, b"") for r in [*order, *missing]).splitlines(keepends=True)


def assert_messages(answer: Answer, expected: Sequence[str]) -> None:
    """Standard error holds the expected lines, in any order; ``…`` in one stands for any text."""
    patterns = {line: re.compile(".*".join(map(re.escape, line.split("…")))) for line in expected}
    found = [next((line for line in patterns if patterns[line].fullmatch(f)), f) for f in answer.messages]
    assert sorted(found) == sorted(expected)


def assert_narrative(answer: Answer, expected: list[str] | None) -> None:
    """Standard output has the expected narrative, where the scenario states one."""
    if expected is not None:
        assert answer.lines == expected


def assert_backups(found: Mapping[str, bytes], expected: Mapping[str, bytes]) -> None:
    """Every region is what is expected, byte for byte; further formats count where the scenario has them."""
    assert sorted(name for name in found if name.endswith(".csv")) == sorted(n for n in expected if n.endswith(".csv"))
    for name, content in expected.items():
        assert found[name].splitlines(keepends=True) == content.splitlines(keepends=True), name
