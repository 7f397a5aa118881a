"""Targets and masters that cannot be read are in the report, and are counted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from fiwareglancesync.base.errors import Rejected, Scope
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedFederation
from fiwareglancesync.images.settings import Target
from fiwareglancesync.images.vault.vault_folder import Vault, init_vault
from tests.support.builders import image
from tests.support.vaults import back_up

from .conftest import Shell

OTHER = "[other]\ntenant = us\n"
REASON = "target other: Keystone refused the credential (401)"


@pytest.fixture
def lost(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The targets that cannot be asked for their regions."""
    shell.load(Spain=[image("one")], Burgos=[], other__Madrid=[], configuration=OTHER)
    names = {"other"}
    regions = EmbeddedFederation.regions

    def refuse(self: EmbeddedFederation, target: Target) -> Sequence[str]:
        if target.name in names:
            raise Rejected(REASON, scope=Scope.TARGET)
        return regions(self, target)

    monkeypatch.setattr(EmbeddedFederation, "regions", refuse)
    return names


def reported(shell: Shell) -> dict[str, Any]:
    """Region → its error, of the report; and the exit code."""
    document = json.loads((shell.folder / "report").read_text())
    return {**{found["region"]: found["error"] for found in document["regions"]}, "exit_code": document["exit_code"]}


def test_a_target_that_cannot_be_read_is_in_the_report(shell: Shell, lost: set[str]) -> None:
    ended = shell("Burgos", "other:", "--report", "report", "--events", "events")
    assert (ended.code, ended.complaints) == (1, [f"ERROR:The regions of target other are unknown. Cause: {REASON}"])
    assert reported(shell) == {"other:": REASON, "Burgos": None, "exit_code": 1}
    assert [found.name for found in shell.images("Burgos")] == ["one"]
    last = json.loads((shell.folder / "events").read_text().splitlines()[-1])
    assert (last["kind"], last["count"]) == ("run-finished", 1)


def test_show_regions_reports_it_too(shell: Shell, lost: set[str]) -> None:
    assert shell("--show-regions", "--report", "report").code == 1
    assert reported(shell) == {"other:": REASON, "exit_code": 1}


def test_when_nothing_else_was_wanted_nothing_else_is_done(shell: Shell, lost: set[str]) -> None:
    ended = shell("other:", "--report", "report")
    assert (ended.code, len(ended.complaints)) == (1, 1)
    assert reported(shell) == {"other:": REASON, "exit_code": 1}


def test_a_master_that_cannot_be_read_is_in_the_report(shell: Shell, lost: set[str]) -> None:
    lost.add("master")
    ended = shell("--report", "report")
    assert (ended.code, len(ended.complaints)) == (1, 1)
    assert reported(shell) == {"Spain": REASON, "exit_code": 1}


def test_regions_that_were_named_are_counted_without_the_master_too(shell: Shell, lost: set[str]) -> None:
    lost.add("master")
    ended = shell("Burgos", "Caceres", "other:")
    assert ended.summary.startswith("0 of 2 regions: nothing done; failed: master region Spain; not begun: 2; ")


def test_a_restore_does_not_blame_the_shelf(shell: Shell, lost: set[str]) -> None:
    lost.add("master")
    back_up(init_vault(shell.folder / "v"), Vault(shell.folder / "v").shelf("Burgos"), {1: b"one"})
    ended = shell("--from", "vault:Burgos", "Burgos", "--vault", str(shell.folder / "v"), "--report", "report")
    assert (ended.code, ended.complaints) == (1, [f"ERROR:Nothing can be restored. Cause: {REASON}"])
    assert ended.summary.startswith("0 of 1 region: nothing done; failed: target master; not begun: 1; ")
    assert reported(shell) == {"master:": REASON, "exit_code": 1}


def test_a_target_that_is_lost_twice_is_reported_once(shell: Shell, lost: set[str]) -> None:
    assert shell("other:", "other:Madrid", "--report", "report").code == 1
    assert reported(shell) == {"other:Madrid": REASON, "other:": REASON, "exit_code": 1}
