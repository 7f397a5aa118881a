"""What the handbook says by hand is what the program has; Sphinx itself is run by scripts/docs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from docs.extension.command_line import PARSERS, argparse_options
from docs.extension.configuration import PARTS, keys
from docs.extension.server_settings import keys as server_keys
from fiwareglancesync.api.server_options import SECTIONS
from fiwareglancesync.api.server_settings import load_server_settings
from fiwareglancesync.commands import COMMANDS
from fiwareglancesync.config.credentials import VARIABLES
from fiwareglancesync.config.values import DURATION, RETRY_TIMEOUT, SLOWEST_RATE, TIMEOUT
from fiwareglancesync.events import Action, Event, ImageEvent
from fiwareglancesync.images.condition_language import ATTRIBUTES, FUNCTIONS, METHODS
from fiwareglancesync.images.configuration import load_settings
from fiwareglancesync.images.model import SyncStatus
from fiwareglancesync.images.options import WAYS
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.kinds import option_tables
from fiwareglancesync.vms.backup_config import read_backup_text
from tests.support.pages import CONTRIBUTING, DOCS, PAGES, blocks, document, literals, mark, marked, rows, words

TABLES = option_tables()
TIMES = (DURATION, TIMEOUT, RETRY_TIMEOUT, SLOWEST_RATE)
CONFIGURATION = DOCS / "configuration.rst"
OUTPUT = DOCS / "output.rst"
VOLUMES = {"account", "member", "administrator"}
"""What tests/integration/test_volume_page.py runs, on the page about volumes alone."""

VMS = {"slave"}
"""What tests/integration/test_vm_restore.py runs, on the page about virtual machines alone."""

WORLDS = {"embedded", "server", "api", "cloud", "healing", "checkout", "help", "tutorial", "shown", *VOLUMES, *VMS}
"""What tests/integration/test_page_commands.py runs too, and what is only shown."""

ENVIRONMENT = {
    "OS_AUTH_URL": "http://127.0.0.1:5000/v3",
    "OS_USERNAME": "user",
    "OS_PASSWORD": "secret",
    "OS_PROJECT_NAME": "project",
    "OS_REGION_NAME": "Spain",
}
KINDS = {kind.kind: kind for kind in get_args(Event)}


class TestLists:
    def test_every_part_of_the_configuration_is_listed(self) -> None:
        text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
        assert {part for part in PARTS if text.count(f".. configuration-keys:: {part}\n") != 1} == set()

    def test_every_key_of_the_configuration_is_listed(self) -> None:
        text = "".join(keys(part) for part in PARTS)
        for option in (*TABLES.main, *TABLES.credential, *TABLES.rules):
            assert f".. confval:: {option.key}\n" in text

    def test_every_key_of_the_server_is_explained(self) -> None:
        page = (DOCS / "server.rst").read_text(encoding="utf-8")
        for section, options in SECTIONS.items():
            assert f".. server-keys:: {section}\n" in page
            text = server_keys(section)
            for option in options:
                assert f".. confval:: {option.key}\n" in text
                assert option.help in text
                assert option.help.endswith(".")

    def test_every_command_has_its_options_listed(self) -> None:
        page = (DOCS / "cli.rst").read_text(encoding="utf-8")
        assert set(PARSERS) == {"glancesync", *(f"glancesync {word}" for word in COMMANDS)}
        assert all(f".. argparse-options:: {program}\n" in page for program in PARSERS)

    def test_every_option_of_a_command_is_listed(self) -> None:
        for program, make in PARSERS.items():
            text = argparse_options(program)
            assert all(name in text for action in make(program)._actions for name in action.option_strings)

    def test_every_time_limit_is_in_the_table_of_time_limits_with_its_default(self) -> None:
        reported = {row[0]: row[1] for row in rows("Time limits", CONFIGURATION)}
        options = [option for option in (*TABLES.main, *TABLES.credential, *TABLES.rules) if option.kind in TIMES]
        fields = {**Settings.__dataclass_fields__, **Target.__dataclass_fields__}
        defaults = {option.key: fields[option.key].default for option in options}
        assert {option.key: option.kind.parse(reported.get(option.key, "0")) for option in options} == defaults
        assert set(reported) == set(defaults)


class TestConcepts:
    def test_the_statuses_are_those_of_the_program(self) -> None:
        reported = [first for first, _ in rows("Statuses", DOCS / "concepts.rst")]
        assert sorted(reported) == sorted(status.value for status in SyncStatus)

    def test_the_ways_are_those_of_the_program(self) -> None:
        reported = [first for first, _ in rows("Ways to move bytes", DOCS / "transfer.rst")]
        assert sorted(reported) == sorted(WAYS)

    def test_the_language_of_conditions_is_reported(self) -> None:
        reported = words("The language of metadata_condition", DOCS / "selecting.rst")
        assert {*ATTRIBUTES, *FUNCTIONS, *METHODS} <= reported

    def test_the_variables_of_the_environment_are_named(self) -> None:
        reported = words("The credential of a target", CONFIGURATION)
        assert {name for name, _ in VARIABLES} | {"OS_CLOUD", "OS_REGION_NAME"} <= reported


class TestEvents:
    def test_the_kinds_and_actions_are_those_of_the_program(self) -> None:
        assert {*KINDS, *(action.value for action in Action)} <= words("Events", OUTPUT)

    def test_the_fields_are_those_of_the_program(self) -> None:
        table = rows("Events", OUTPUT)
        stated = {field: {kind for kind in KINDS if kind in where.split(", ")} for field, where, _ in table}
        for field, where, _ in table:
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


class TestCode:
    @pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
    def test_the_configurations_shown_are_right(self, page: Path, tmp_path: Path) -> None:
        for text in [node.astext() for node in literals("ini", page) if mark(node) is None]:
            file = tmp_path / "glancesync.conf"
            file.touch(0o600)
            file.write_text(text, encoding="utf-8")
            assert load_settings(str(file), [], ENVIRONMENT, TABLES).warnings == (), text

    def test_the_settings_of_the_server_that_are_shown_are_right(self, tmp_path: Path) -> None:
        shown = marked("ini", "settings")
        assert len(shown) > 2
        for text in shown:
            file = tmp_path / "server.cfg"
            file.touch(0o600)
            file.write_text(text, encoding="utf-8")
            assert load_server_settings({"GLANCESYNC_SETTINGS_FILE": str(file)}, embedded=True)

    def test_the_files_of_backups_that_are_shown_are_right(self) -> None:
        shown = marked("ini", "backup")
        assert shown
        for text in shown:
            assert read_backup_text(text.encode(), "backup.cfg").warnings == (), text

    @pytest.mark.parametrize("page", [page for page in PAGES if page != CONTRIBUTING], ids=lambda page: page.stem)
    def test_every_command_is_marked_for_the_test_that_runs_it(self, page: Path) -> None:
        found = blocks([page])
        assert [block.line for block in found if block.where not in WORLDS] == []
        assert all(command for block in found if block.where != "shown" for command, _ in block.steps)

    def test_the_marks_are_explained(self) -> None:
        explained = {word.removeprefix(".. run: ").partition(",")[0] for word in words("Documents", CONTRIBUTING)}
        assert explained >= WORLDS

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
    def test_no_command_hides_in_another_block(self, page: Path) -> None:
        found = re.findall(r"^ +\$ ", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert len(found) == sum(command != "" for block in blocks([page]) for command, _ in block.steps)

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
    def test_a_page_is_read_without_warnings(self, page: Path) -> None:
        assert document(page).children
