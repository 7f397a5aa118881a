"""What the handbook says by hand covers what the program has; Sphinx itself is run by scripts/docs."""

from __future__ import annotations

import re
from pathlib import Path

from docs.extension.command_line import PARSERS, argparse_options
from docs.extension.configuration import PARTS, keys
from docs.extension.server_settings import keys as server_keys
from fiwareglancesync.api.server_options import SECTIONS
from fiwareglancesync.commands import COMMANDS
from fiwareglancesync.config.values import DURATION, RETRY_TIMEOUT, SLOWEST_RATE, TIMEOUT
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.kinds import option_tables

TABLES = option_tables()
TIMES = (DURATION, TIMEOUT, RETRY_TIMEOUT, SLOWEST_RATE)
ROOT = Path(__file__).resolve().parents[2]


def test_every_key_of_the_server_is_explained() -> None:
    for section, options in SECTIONS.items():
        text = server_keys(section)
        for option in options:
            assert f".. confval:: {option.key}\n" in text
            assert option.help in text
            assert option.help.endswith(".")


def test_every_command_has_its_options_listed() -> None:
    page = (ROOT / "docs" / "cli.rst").read_text(encoding="utf-8")
    assert set(PARSERS) == {"glancesync", *(f"glancesync {word}" for word in COMMANDS)}
    assert all(f".. argparse-options:: {program}\n" in page for program in PARSERS)


def test_every_option_of_a_command_is_listed() -> None:
    for program, make in PARSERS.items():
        text = argparse_options(program)
        assert all(name in text for action in make(program)._actions for name in action.option_strings)


def test_every_key_of_the_configuration_is_listed() -> None:
    text = "".join(keys(part) for part in PARTS)
    for option in (*TABLES.main, *TABLES.credential, *TABLES.rules):
        assert f".. confval:: {option.key}\n" in text


def test_every_part_of_the_configuration_is_on_a_page() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.rst"))
    assert [part for part in PARTS if f".. configuration-keys:: {part}\n" not in text] == []


def test_every_time_limit_is_in_the_table_of_time_limits_with_its_default() -> None:
    page = (ROOT / "docs" / "configuration.rst").read_text(encoding="utf-8")
    table = page.partition("\nTime limits\n")[2].partition("\nThe credential of a target\n")[0]
    reported = dict(re.findall(r"^   \* - :confval:`(\w+)`\n     - (\w+)$", table, re.MULTILINE))
    options = [option for option in (*TABLES.main, *TABLES.credential, *TABLES.rules) if option.kind in TIMES]
    fields = {**Settings.__dataclass_fields__, **Target.__dataclass_fields__}
    defaults = {option.key: fields[option.key].default for option in options}
    assert {option.key: option.kind.parse(reported.get(option.key, "0")) for option in options} == defaults
    assert set(reported) == set(defaults)
