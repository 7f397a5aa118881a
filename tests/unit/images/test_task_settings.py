"""The configuration as one task has it: what its lists may drop, and what it decides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.base.errors import ConfigError
from fiwareglancesync.images.places.factory import EMBEDDED
from fiwareglancesync.images.region_names import RegionRef
from fiwareglancesync.images.settings import Decision, DecisionAction, Target
from fiwareglancesync.images.sync_request import SyncRequest
from fiwareglancesync.images.task_settings import LISTS, ListsShortened, task_settings
from fiwareglancesync.kinds import option_tables

BURGOS, MADRID = RegionRef("master", "Burgos"), RegionRef("other", "Madrid")
CONFIGURATION = """
[main]
master_region = Spain
[DEFAULT]
dontupdate = c1, c3
[master]
replace = r1, both
rename = n1, both
metadata_set = nid, type
forcesyncs = f1
obsolete_syncprops = p1
[other]
dontupdate = other1
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment with that configuration."""
    (tmp_path / "glancesync.conf").write_text(CONFIGURATION)
    return {"GLANCESYNC_CONFIG": str(tmp_path / "glancesync.conf"), EMBEDDED: str(tmp_path)}


def target(environ: dict[str, str], ref: RegionRef = BURGOS, *, on_purpose: bool = False, **config: Any) -> Target:
    """The target of a task's region."""
    request = SyncRequest(config=config, replace_lists=on_purpose)
    return task_settings(request, ref, environ, option_tables()).targets[ref.target]


def refusal(environ: dict[str, str], ref: RegionRef = BURGOS, **config: Any) -> str:
    """Why the options of a task are refused; not when it says that the lists are to be replaced."""
    with pytest.raises(ListsShortened) as refused:
        target(environ, ref, **config)
    target(environ, ref, on_purpose=True, **config)
    return str(refused.value)


def test_every_list_is_known() -> None:
    assert {"replace", "rename", "dontupdate", "forcesyncs", "metadata_set", "obsolete_syncprops"} <= set(LISTS)


@pytest.mark.parametrize("value", ["c2", "", "c1,c2", "any"])
def test_a_protection_is_not_dropped(environ: dict[str, str], value: str) -> None:
    reported = refusal(environ, dontupdate=value)
    lost = "c3" if "c1" in value else "c1, c3"
    assert reported == (
        f"config.dontupdate drops configured entries: {lost}; list these entries too, or send"
        ' "replaceLists": true (--replace-lists) to replace the configured list'
    )


def test_a_list_that_is_replaced_on_purpose_holds(environ: dict[str, str]) -> None:
    assert target(environ, dontupdate="c2", on_purpose=True).dontupdate == {"c2"}


@pytest.mark.parametrize(
    ("key", "value", "lost"),
    [
        ("metadata_set", "nid", "type"),
        ("forcesyncs", "f2", "f1"),
        ("obsolete_syncprops", "p2", "p1"),
        ("replace", "r1", "both"),
        ("rename", "n1", "both"),
    ],
)
def test_every_list_is_checked(environ: dict[str, str], key: str, value: str, lost: str) -> None:
    config: dict[str, Any] = {key: value}
    assert refusal(environ, **config).startswith(f"config.{key} drops configured entries: {lost};")


def test_all_lists_that_drop_something_are_reported_at_once(environ: dict[str, str]) -> None:
    reported = refusal(environ, dontupdate="c1", forcesyncs="f2")
    assert "config.forcesyncs drops configured entries: f1; config.dontupdate drops configured entries: c3;" in reported


def test_a_longer_list_is_taken(environ: dict[str, str]) -> None:
    assert target(environ, dontupdate="c3,c1,c2").dontupdate == {"c1", "c2", "c3"}
    assert target(environ, metadata_condition="image.is_public").dontupdate == {"c1", "c3"}


def test_any_drops_nothing_of_what_is_replaced(environ: dict[str, str]) -> None:
    assert target(environ, replace="any").replace == {"any"}


def test_any_may_turn_a_renaming_into_a_replacement(environ: dict[str, str]) -> None:
    assert refusal(environ, rename="any").startswith("config.rename drops configured entries: both;")
    assert target(environ, rename="any,both").rename == {"any", "both"}


def test_each_target_has_lists_of_its_own(environ: dict[str, str]) -> None:
    assert "other1" in refusal(environ, MADRID, dontupdate="c1,c3")
    assert target(environ, MADRID, dontupdate="other1").dontupdate == {"other1"}


def test_many_dropped_entries_are_one_line(environ: dict[str, str], tmp_path: Path) -> None:
    many = ", ".join(f"e{number}" for number in range(9))
    (tmp_path / "glancesync.conf").write_text(f"[main]\nmaster_region = Spain\n[master]\ndontupdate = {many}\n")
    assert "drops configured entries: e0, e1, e2, e3, e4 and 4 more;" in refusal(environ, dontupdate="x")


def test_a_protection_that_is_configured_while_a_task_waits_holds(environ: dict[str, str], tmp_path: Path) -> None:
    assert target(environ, dontupdate="c1,c3,c2").dontupdate == {"c1", "c2", "c3"}
    (tmp_path / "glancesync.conf").write_text(CONFIGURATION.replace("c1, c3", "c1, c3, c4"))
    assert "c4" in refusal(environ, dontupdate="c1,c3,c2")


def test_a_wrong_option_is_an_error_of_the_configuration(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="metadata_condition"):
        target(environ, metadata_condition="f(")


def test_decisions_are_there_for_every_target(environ: dict[str, str]) -> None:
    decision = Decision("x", DecisionAction.REPLACE)
    settings = task_settings(SyncRequest(decisions={"a": decision}), BURGOS, environ, option_tables())
    assert {name: dict(found.decisions) for name, found in settings.targets.items()} == {
        "master": {"a": (decision,)},
        "other": {"a": (decision,)},
    }
    assert settings.targets["master"].dontupdate == {"c1", "c3"}
