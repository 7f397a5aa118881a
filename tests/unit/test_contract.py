"""The page of the contract names what the program has: options, statuses, ways, keys, routes."""

from __future__ import annotations

import re

from docutils import nodes

from docs.extension.http_api import document
from fiwareglancesync.api.auth import OPEN_PATHS
from fiwareglancesync.api.schemas import SyncBody, TargetConfig
from fiwareglancesync.cli.sync_arguments import build_parser
from fiwareglancesync.config.values import TIME_UNITS
from fiwareglancesync.images.condition_language import ATTRIBUTES, FUNCTIONS, METHODS
from fiwareglancesync.images.model import JOURNAL, MEMBERS, SOURCE_HASH, SYNC_FIELDS, SyncStatus
from fiwareglancesync.images.options import WAYS
from fiwareglancesync.images.planning.properties import LOCAL, NEVER
from fiwareglancesync.kinds import SECTIONS
from tests.support.pages import rows, section
from tests.support.references import pages

PAGE = pages()["sync"]


def words(title: str) -> set[str]:
    """The words that a section prints as code."""
    literals = [node.astext() for node in section(title, PAGE).findall(nodes.literal)]
    return {word for text in literals for word in text.split()}


def test_every_option_of_the_command_is_named() -> None:
    actions = build_parser("glancesync")._actions
    reported = {word for first, _ in rows("1.1 Options", PAGE) for word in re.findall(r"(?<!\S)--?[a-z-]+", first)}
    assert [
        action.dest for action in actions if action.option_strings and not reported & {*action.option_strings}
    ] == []
    assert reported - {name for action in actions for name in action.option_strings} == set()


def test_the_units_of_durations_are_named_in_their_order() -> None:
    (shown,) = {word for word in words("1 Command line") if word.startswith("[<n>y]")}
    assert re.findall(r"<n>([a-z]+)", shown) == list(TIME_UNITS)


def test_every_status_has_its_condition() -> None:
    reported = {word for _, status in rows("3.4 Status", PAGE) for word in re.findall("[a-z_]+", status)}
    assert {status.value for status in SyncStatus} <= reported


def test_the_ways_are_reported_in_their_order() -> None:
    assert [first for first, *_ in rows("3.10 Ways to move bytes", PAGE)] == ["file", "server", "spool", "stream"]
    assert {"file", "server", "spool", "stream", "auto"} == set(WAYS)


def test_the_language_of_conditions_and_the_sections_of_other_kinds_are_named() -> None:
    reported = words("2 Configuration")
    assert {*ATTRIBUTES, *FUNCTIONS, *METHODS} <= reported
    assert {f"[{name}NAME]" if name.endswith(":") else f"[{name}]" for name in SECTIONS} <= reported


def test_the_properties_that_are_not_copied_are_named() -> None:
    reported = words("3.5 Metadata")
    named = {word.replace("*", "x") for word in reported}
    assert {JOURNAL, MEMBERS, SOURCE_HASH, *SYNC_FIELDS} <= reported
    for pattern in (LOCAL, NEVER):
        for each in pattern.pattern.split("|"):
            assert any(re.fullmatch(each, word) for word in named), each


def test_every_route_is_named() -> None:
    shown = " ".join(first for first, _ in rows("5.2 Routes", PAGE))
    reported = set(re.findall(r"(GET|POST|DELETE) (\S+?),?(?= |$)", shown))
    there = {(method.upper(), path) for path, methods in document()["paths"].items() for method in methods}
    assert there <= reported
    assert {path for _, path in reported - there} <= OPEN_PATHS


def test_what_a_body_may_hold_is_named() -> None:
    reported = words("5.3 Tasks")
    assert set(SyncBody.model_fields) | set(TargetConfig.model_fields) <= reported
