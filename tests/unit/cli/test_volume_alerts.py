"""The alerts of Prometheus in the examples use the metrics that there are, in expressions that can be read."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from fiwareglancesync.cli.volumes_state import DRILL_RESULTS, DRILLS, GAUGES, VOLUMES
from fiwareglancesync.volumes.planning.volume_status import Protection
from tests.support.pages import DOCS
from tests.support.references import ROOT

FILE = ROOT / "examples" / "volumes" / "alerts.yml"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(FILE.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]
]
METRIC = re.compile(r"\b(glancesync_\w+)(?:\{(\w+)=~?\"([^\"]*)\"\})?")
VALUES = {VOLUMES: {verdict.value for verdict in Protection}, DRILLS: set(DRILL_RESULTS)}
KEYS = {"alert", "expr", "for", "labels", "annotations"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
class TestRule:
    def test_it_uses_metrics_and_labels_that_are_written(self, rule: dict[str, Any]) -> None:
        found = METRIC.findall(rule["expr"])
        assert found
        for name, label, values in found:
            assert name in GAUGES
            assert label in ("", *GAUGES[name].labels)
            if label:
                assert set(values.split("|")) <= VALUES[name]

    def test_its_expression_can_be_read(self, rule: dict[str, Any]) -> None:
        parser = pytest.importorskip("promql_parser", reason="needs promql-parser; see test-requirements.txt")
        parser.parse(rule["expr"])

    def test_it_has_what_an_alert_has(self, rule: dict[str, Any]) -> None:
        assert rule.keys() <= KEYS
        assert rule["labels"].keys() == {"severity"}
        assert rule["annotations"].keys() == {"summary", "description"}
        assert re.fullmatch(r"\d+[mh]", rule.get("for", "0m"))


def test_each_metric_but_the_informative_ones_has_an_alert() -> None:
    used = {name for rule in RULES for name, *_ in METRIC.findall(rule["expr"])}
    assert {name.removeprefix("glancesync_volumes_") for name in GAUGES.keys() - used} == {
        "oldest_good_backup_seconds", "unprotected_servers", "last_drill_at"
    }  # fmt: skip


def test_the_page_shows_the_alerts_and_names_each_metric() -> None:
    page = (DOCS / "volumes.rst").read_text(encoding="utf-8")
    assert ".. literalinclude:: ../examples/volumes/alerts.yml\n" in page
    assert all(f"``{name}``" in page for name in GAUGES)
