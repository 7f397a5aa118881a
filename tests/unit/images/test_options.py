"""The generated configuration file and the table behind it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.config import credentials
from fiwareglancesync.config.credential_options import CREDENTIAL_KEYS
from fiwareglancesync.config.values import DURATION, RETRY_TIMEOUT, SLOWEST_RATE, TIMEOUT
from fiwareglancesync.images.configuration import configuration_text
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.kinds import option_tables
from fiwareglancesync.openstack.credential import Credential

TABLES = option_tables()
ALL = (*TABLES.main, *TABLES.credential, *TABLES.rules)


def uncommented() -> str:
    return re.sub(r"^#(?! )", "", configuration_text(TABLES), flags=re.MULTILINE)


def test_it_is_right_as_it_is(reading: Any) -> None:
    settings = reading.settings(configuration_text(TABLES))
    assert settings.warnings == ()
    assert settings.master.max_replacements == 10
    plain = reading.settings()
    assert settings.master_region == plain.master_region
    assert settings.master.credential == plain.master.credential


def test_with_every_line_uncommented_it_is_right_too(reading: Any, tmp_path: Path) -> None:
    clouds = tmp_path / "clouds.yaml"
    clouds.write_text(
        "clouds: {federation: {auth: {auth_url: 'http://keystone.example.org:5000/v3', username: admin, password: p}}}"
    )
    settings = reading.settings(uncommented(), environ={"OS_CLIENT_CONFIG_FILE": str(clouds)})
    assert settings.warnings == ()
    assert list(settings.targets) == ["master", "federation2"]
    assert settings.master.credential.application_credential_id


@pytest.mark.parametrize("option", ALL, ids=lambda option: option.key)
def test_every_option_is_there_with_comment_and_default(option: Any) -> None:
    text = configuration_text(TABLES)
    assert re.search(rf"^#?{option.key} = \S", text, re.MULTILINE)
    words = " ".join(text.replace("\n# ", " ").split())
    assert " ".join(option.help.split()) in words
    assert f"Default: {TABLES.default_text(option)}" in words
    assert "object at" not in text


@pytest.mark.parametrize("option", ALL, ids=lambda option: option.key)
def test_a_default_that_is_written_as_value_is_the_default(option: Any, reading: Any) -> None:
    if option.sample or option.recommended or option.obsolete:
        assert option.sample != TABLES.default_text(option) or option.default
        return
    section = "main" if option.key in TABLES.main_keys else "DEFAULT"
    assert reading.settings(f"[{section}]\n{option.key} = {TABLES.default_text(option)}\n") == (
        reading.settings("# nothing\n")
    )


def test_the_table_names_every_field_once() -> None:
    assert len({option.key for option in ALL}) == len(ALL)
    computed = {"targets", "source", "master_region_source", "warnings", "entries", "vaults"}
    assert set(Settings.__dataclass_fields__) - computed == set(TABLES.main_keys)
    rules = {option.key for option in TABLES.rules}
    assert set(Target.__dataclass_fields__) - {"name", "credential", "problem", "decisions", "own_lists"} == rules
    assert set(TABLES.target_keys) > rules
    assert set(credentials.KEYS) | {"credential", "cloud"} == CREDENTIAL_KEYS
    assert set(credentials.KEYS.values()) < set(Credential.__dataclass_fields__)


@pytest.mark.parametrize("option", ALL, ids=lambda option: option.key)
def test_a_default_in_words_is_the_default(option: Any) -> None:
    fields = {**Settings.__dataclass_fields__, **Target.__dataclass_fields__}
    if option.default and option.kind in (DURATION, TIMEOUT, RETRY_TIMEOUT, SLOWEST_RATE):
        assert option.kind.parse(option.default) == fields[option.key].default
