"""The README says what the program's own tables say, and every command in it is marked for the test that runs it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import get_args

import pytest
from docutils import nodes

from fiwareglancesync.cli.sync_arguments import build_parser
from fiwareglancesync.config.credentials import VARIABLES
from fiwareglancesync.config.option_tables import Option
from fiwareglancesync.events import Action, Event, ImageEvent
from fiwareglancesync.images.condition_language import ATTRIBUTES, FUNCTIONS, METHODS
from fiwareglancesync.images.configuration import load_settings
from fiwareglancesync.images.model import SyncStatus
from fiwareglancesync.images.options import WAYS
from fiwareglancesync.kinds import option_tables
from tests.support.readme import KEY_TABLES, README, blocks, key_rows, key_table, literals, mark, rows, section

WORLDS = {"embedded", "server", "cloud", "checkout", "help"}
"""What tests/integration/test_readme.py knows how to run."""

ENVIRONMENT = {
    "OS_AUTH_URL": "http://127.0.0.1:5000/v3",
    "OS_USERNAME": "user",
    "OS_PASSWORD": "secret",
    "OS_PROJECT_NAME": "project",
}


def words(title: str) -> set[str]:
    """What a section of the README prints as code."""
    return {node.astext() for node in section(title).findall(nodes.literal)}


@pytest.mark.parametrize("title", KEY_TABLES)
def test_the_key_tables_are_those_of_the_program(title: str) -> None:
    options: Sequence[Option] = KEY_TABLES[title]
    assert rows(title) == key_rows(options), f"the table of {title!r} should be:\n\n{key_table(options)}"


def test_the_options_are_those_of_the_command() -> None:
    reported = {word.split()[0] for first, _ in rows("Options") for word in first.split(", ")}
    assert reported == set(_option_strings(build_parser("glancesync")._actions))


def _option_strings(actions: Iterable[argparse.Action]) -> Iterable[str]:
    for action in actions:
        yield from action.option_strings


def test_the_statuses_are_those_of_the_program() -> None:
    assert {first for first, _ in rows("Statuses")} == {status.value for status in SyncStatus}


def test_the_ways_are_those_of_the_program() -> None:
    assert sorted(first for first, _ in rows("Ways to move bytes")) == sorted(WAYS)


KINDS = {kind.kind: kind for kind in get_args(Event)}


def test_the_kinds_and_actions_of_events_are_those_of_the_program() -> None:
    assert {*KINDS, *(action.value for action in Action)} <= words("Events")


def test_the_fields_of_events_are_those_of_the_program() -> None:
    stated = {field: {kind for kind in KINDS if kind in where.split(", ")} for field, where, _ in rows("Events")}
    for field, where, _ in rows("Events"):
        if where == "every":
            stated[field] = set(KINDS)
        elif where.startswith("about an image"):
            stated[field] |= {kind.kind for kind in get_args(ImageEvent)}
    written: dict[str, set[str]] = {"time": set(KINDS)}
    for kind, event in KINDS.items():
        for field in event.json_names():
            written.setdefault(field, set()).add(kind)
    written["image"] -= {"message", "waiting"}  # these may be about an image, or not
    assert stated == written


def test_the_language_of_conditions_is_reported() -> None:
    reported = words("The language of metadata_condition")
    assert ATTRIBUTES | set(FUNCTIONS) | set(METHODS) <= reported


def test_the_variables_of_the_environment_are_named() -> None:
    reported = words("Keys of a target: the credential")
    assert {name for name, _ in VARIABLES} | {"OS_CLOUD", "OS_REGION_NAME"} <= reported


def test_the_configurations_shown_are_right(tmp_path: Path) -> None:
    shown = [node.astext() for node in literals("ini") if mark(node) is None]
    assert shown
    for text in shown:
        file = tmp_path / "glancesync.conf"
        file.touch(0o600)
        file.write_text(text, encoding="utf-8")
        assert load_settings(str(file), [], ENVIRONMENT, option_tables()).warnings == (), text


def test_every_command_is_marked_for_the_test_that_runs_it() -> None:
    found = blocks()
    assert {block.where for block in found} == WORLDS
    assert all(command for block in found for command, _ in block.steps)


def test_no_command_hides_in_another_block() -> None:
    others = [node for node in literals("text") if mark(node) is None]
    assert others == []
    assert len(re.findall(r"^ +\$ ", README.read_text(encoding="utf-8"), re.MULTILINE)) == sum(
        len(block.steps) for block in blocks()
    )
