"""What ``--from`` and its options ask for (vault 4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import UsageError
from fiwareglancesync.images.model import SYNC_FIELDS
from fiwareglancesync.images.restore.restore_request import RestoreRequest, backup_at, restore_settings
from fiwareglancesync.images.settings import Settings
from fiwareglancesync.images.vault.vault_errors import UnreadableDocument
from fiwareglancesync.images.vault.vault_folder import Shelf, init_vault
from tests.support.builders import target
from tests.support.vaults import LISTED, back_up, run_of, uuid_of


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    found = init_vault(tmp_path / "vault").shelf("Burgos")
    back_up(found.vault, found, {1: b"one"})
    return found


def test_the_prefix_says_whether_it_is_a_shelf_or_a_region() -> None:
    assert RestoreRequest("vault:west:RegionOne").shelf == "west:RegionOne"
    assert RestoreRequest("west:RegionOne").shelf is None


def test_uuids_may_have_any_form() -> None:
    assert RestoreRequest("vault:S", (uuid_of(1).replace("-", "").upper(),)).chosen == {uuid_of(1)}


def test_the_newest_complete_backup_is_taken(shelf: Shelf) -> None:
    newer = back_up(shelf.vault, shelf, {1: b"one"}, number=2)
    assert backup_at(shelf, None).listed == newer.listed
    assert backup_at(shelf, newer.listed - timedelta(minutes=1)).listed == LISTED


def test_a_backup_of_exactly_this_time_may_be_incomplete(shelf: Shelf) -> None:
    run = replace(run_of((), 3), complete=False)
    shelf.paths.run(run.listed).write_bytes(run.as_document())
    assert backup_at(shelf, None).listed == LISTED
    assert backup_at(shelf, run.listed) == run
    assert backup_at(shelf, run.listed + timedelta(seconds=1)).listed == LISTED


def test_no_backup_is_an_error_with_a_way_out(shelf: Shelf) -> None:
    with pytest.raises(UsageError, match=r"has no complete backup at .*; glancesync vault runs lists the backups"):
        backup_at(shelf, LISTED - timedelta(seconds=1))


def test_a_backup_that_cannot_be_read_is_an_error_with_a_way_out(shelf: Shelf) -> None:
    newer = back_up(shelf.vault, shelf, {1: b"one"}, number=2)
    shelf.paths.run(newer.listed).write_text("{")
    with pytest.raises(UnreadableDocument, match=r"cannot be read: .*; --at TIME takes an older backup"):
        backup_at(shelf, None)
    assert backup_at(shelf, newer.listed - timedelta(seconds=1)).listed == LISTED


def test_what_selects_does_not_apply_and_all_fields_are_kept_in_step() -> None:
    configured = target(
        metadata_set=["nid"], forcesyncs=["x"], replace=["any"], max_replacements=3, store="fast", skip_unhashed=True
    )
    settings = Settings("Spain", {"master": configured}, metrics_file=Path("/metrics"))
    made = restore_settings(settings, RestoreRequest("vault:Burgos", members=True))
    rules = made.targets["master"]
    assert (rules.metadata_set, rules.forcesyncs, rules.skip_unhashed) == (frozenset(), frozenset(), False)
    assert (rules.replace, rules.max_replacements, rules.store) == (frozenset({"any"}), 3, "fast")
    assert (rules.sync_fields, rules.sync_members) == (frozenset(SYNC_FIELDS), True)
    assert (made.master_region, made.metrics_file) == ("", None)
