"""The tables of options: which kind of section has which keys."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import ConfigError
from fiwareglancesync.config.credential_options import CREDENTIAL_OPTIONS
from fiwareglancesync.config.option_tables import Option, OptionTables, SectionTable
from fiwareglancesync.config.reader import Configuration
from fiwareglancesync.config.resolving import Resolver
from fiwareglancesync.config.sections import Findings, Values
from fiwareglancesync.config.template import configuration_text
from fiwareglancesync.config.values import POSITIVE, TEXT

REGION = Option("region", TEXT, "The region.")
LIMIT = Option("limit", POSITIVE, "A limit.")
KEEP = Option("keep", POSITIVE, "How many to keep.", sample="7")
BACKUPS = SectionTable("What is kept.", [KEEP], {"keep": 1})
TABLES = OptionTables(
    main=[REGION],
    credential=CREDENTIAL_OPTIONS,
    rules=[LIMIT],
    others={"volumes": lambda: BACKUPS, "vault:": lambda: BACKUPS, "notify": SectionTable},
    defaults={"region": "", "limit": 5},
)


def no_check(_: Values, __: Findings) -> None:
    """Nothing is odd."""


def read(tmp_path: Path, text: str, tables: OptionTables = TABLES) -> Configuration:
    file = tmp_path / "test.conf"
    file.write_text(text)
    return Configuration(str(file), [], {}, tables, no_check)


@pytest.mark.parametrize(
    ("section", "keys"),
    [("main", {"region"}), ("volumes", {"keep"}), ("vault:a", {"keep"}), ("vault:a:b", {"keep"}), ("notify", set())],
)
def test_each_kind_of_section_has_its_keys(section: str, keys: set[str]) -> None:
    assert set(TABLES.options_of(section)) == keys


@pytest.mark.parametrize("section", ["DEFAULT", "master", "other", "vault", "volumes:a"])
def test_any_other_section_is_a_targets(section: str) -> None:
    assert TABLES.other_options(section) is None
    assert {"limit", "user", "credential"} <= set(TABLES.options_of(section))


def test_a_section_of_another_kind_is_read_by_its_own_table_and_is_no_target(tmp_path: Path) -> None:
    configuration = read(tmp_path, "[volumes]\nkeep = 3\nlimt = 4\n[vault:a]\nkeep = 2\n[notify]\nx = 1\n")
    assert configuration.section("volumes").rules == {"keep": 3}
    assert configuration.section("vault:a").rules == {"keep": 2}
    assert list(configuration.other_targets(Resolver({}, None, anonymous=True, has_region=True))) == []
    unknown, reserved = configuration.findings.warnings
    assert unknown.endswith("test.conf:3: [volumes] limt: unknown key, ignored")
    assert "[notify] is reserved, and this version reads nothing in it; ignored" in reserved


def test_a_section_whose_name_was_forgotten_is_reported_with_one(tmp_path: Path) -> None:
    tables = replace(TABLES, others={"vault": SectionTable, "vault:": lambda: BACKUPS})
    (warning,) = read(tmp_path, "[vault]\nkeep = 2\n", tables).findings.warnings
    assert warning.endswith(
        "test.conf:1: [vault] is reserved, and this version reads nothing in it; ignored; did you mean [vault:NAME]?"
    )


def test_a_wrong_value_there_is_a_problem(tmp_path: Path) -> None:
    configuration = read(tmp_path, "[volumes]\nkeep = none\n")
    with pytest.raises(ConfigError, match=r"\[volumes\] keep: found 'none', expected a positive whole number"):
        configuration.raise_problems()


def test_a_word_for_all_targets_is_not_overruled_there(tmp_path: Path) -> None:
    file = tmp_path / "test.conf"
    file.write_text("[volumes]\nkeep = 3\n")
    assert Configuration(str(file), ["DEFAULT.keep=4"], {}, TABLES, no_check).findings.warnings == []


@pytest.mark.parametrize(
    ("option", "text"),
    [
        (LIMIT, "5"),
        (REGION, "none"),
        (Option("region", TEXT, "The region.", default="the first"), "the first"),
        (Option("user", TEXT, "The user.", credential=True), "none"),
    ],
)
def test_a_default_is_given_in_words(option: Option, text: str) -> None:
    assert TABLES.default_text(option) == text


def test_the_check_of_targets_leaves_other_sections_out(tmp_path: Path) -> None:
    file = tmp_path / "test.conf"
    file.write_text("[volumes]\nkeep = 3\n[vault:a]\nkeep = 3\n[main]\nregion = x\n[other]\nlimit = 4\n")
    checked: list[str] = []
    Configuration(str(file), [], {}, TABLES, lambda values, _: checked.append(values.section.name))
    assert checked == ["main", "other"]


def test_the_generated_file_has_the_sections_with_options() -> None:
    text = configuration_text(TABLES, [])
    comment = "# What is kept.\n\n# How many to keep.\n# Default: 1\n#keep = 7\n"
    assert text.endswith(f"\n\n#[volumes]\n\n{comment}\n#[vault:NAME]\n\n{comment}")
    assert "notify" not in text


def test_the_options_of_a_section_are_loaded_when_a_configuration_has_it(tmp_path: Path) -> None:
    loaded: list[str] = []

    def load() -> SectionTable:
        loaded.append("volumes")
        return BACKUPS

    tables = replace(TABLES, others={"volumes": load})
    file = tmp_path / "test.conf"
    for text, expected in (("[main]\n[other]\n", False), ("[volumes]\nkeep = 3\n", True)):
        file.write_text(text)
        Configuration(str(file), [], {}, tables, no_check)
        assert bool(loaded) is expected
