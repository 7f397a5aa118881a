"""Backups, and the embedded federation that is made of one."""

from __future__ import annotations

import csv
import io
import json
import shlex
from pathlib import Path

from behave import then, use_step_matcher, when
from behave.runner import Context

from tests.acceptance.helpers.scenario_state import ScenarioState

use_step_matcher("re")


@when(r"I load the backup's (?P<form>CSV|JSON) files into an embedded federation")
def step_load(context: Context, form: str) -> None:
    """Load it, and set the variable that the loader prints, for all further runs."""
    scenario: ScenarioState = context.state
    if form == "CSV":
        for file in _folder(scenario).glob("*.jsonl"):
            file.unlink()
    path = shlex.quote(str(scenario.program.folder / "federation"))
    scenario.run(f"glancesync_serverfacade_mock.py --path {path} {shlex.quote(str(_folder(scenario)))}")
    assert scenario.outcome.exit_code == 0, scenario.outcome
    export, assignment = shlex.split(scenario.outcome.stdout)
    assert export == "export", scenario.outcome
    name, _, value = assignment.partition("=")
    scenario.program.environment[name] = value


@then(r"the backup of (?P<region>\S+) holds")
def step_holds(context: Context, region: str) -> None:
    """Compare both files of a region with what the region holds, and with a table of names and statuses."""
    scenario: ScenarioState = context.state
    text = (_folder(scenario) / f"backup_{region}.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    lines = (_folder(scenario) / f"backup_{region}.jsonl").read_text(encoding="utf-8").splitlines()
    documents = [json.loads(line) for line in lines]
    wanted = [(row["name"], row["status"]) for row in context.table]
    assert [(row[1], row[3]) for row in rows] == wanted, rows
    images = scenario.store(region).listing()
    in_region = {
        (i["id"], str(i["size"] if i["size"] is not None else ""), i["checksum"] or "", i["owner"]) for i in images
    }
    assert {(row[2], row[4], row[5], row[6]) for row in rows} <= in_region, rows
    assert [document["id"] for document in documents] == [row[2] for row in rows]


def _folder(scenario: ScenarioState) -> Path:
    folders = list(scenario.program.folder.glob("backup_glance_*"))
    assert len(folders) == 1, folders
    return folders[0]
