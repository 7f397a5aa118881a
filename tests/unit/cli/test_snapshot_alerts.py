"""The alerts about snapshots in the examples use the metrics that there are, in expressions that can be read."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from fiwareglancesync.cli.snapshots_state import GAUGES, SETS
from fiwareglancesync.snapshots.planning.snapshot_status import Protection
from tests.support.pages import DOCS
from tests.support.references import ROOT

FILE = ROOT / "examples" / "snapshots" / "alerts.yml"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(FILE.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]
]
METRIC = re.compile(r"\b(glancesync_\w+)(?:\{(\w+)=~?\"([^\"]*)\"\})?")
VALUES = {SETS: {state.value for state in Protection}}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_uses_metrics_and_labels_that_are_written(rule: dict[str, Any]) -> None:
    found = METRIC.findall(rule["expr"])
    assert found
    for name, label, values in found:
        assert label in ("", *GAUGES[name].labels)
        if label:
            assert set(values.split("|")) <= VALUES[name]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_expression_can_be_read(rule: dict[str, Any]) -> None:
    parser = pytest.importorskip("promql_parser", reason="needs promql-parser; see test-requirements.txt")
    parser.parse(rule["expr"])
    assert rule["annotations"].keys() == {"summary", "description"}


def test_the_page_shows_the_alerts_and_names_each_metric() -> None:
    page = (DOCS / "snapshots.rst").read_text(encoding="utf-8")
    assert ".. literalinclude:: ../examples/snapshots/alerts.yml\n" in page
    assert all(f"``{name}``" in page for name in GAUGES)
