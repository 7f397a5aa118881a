"""The policy server's question to the database (volumes 5)."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from fiwareglancesync.base.database import open_engine
from fiwareglancesync.base.errors import GlanceSyncError
from fiwareglancesync.volumes.policy_records import recorded_in
from tests.support.policy import RECORDED, record_backup

ID = "6f1b7c1e-94d5-4b0c-8f6e-0c3b7d2a9e15"


def test_a_recorded_backup_is_found(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/with space, a ? and a #.db"
    record_backup(url, RECORDED)
    is_recorded = recorded_in(url)
    assert (is_recorded(RECORDED), is_recorded(ID)) == (True, False)
    record_backup(url, ID)
    assert is_recorded(ID)


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    is_recorded = recorded_in(f"sqlite:///{tmp_path}/none.db")
    with pytest.raises(OperationalError):
        is_recorded(ID)
    assert list(tmp_path.iterdir()) == []
    record_backup(f"sqlite:///{tmp_path}/none.db", ID)
    assert is_recorded(ID)


def test_a_writer_blocks_no_question(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    record_backup(url, RECORDED)
    with open_engine(url).connect() as writer:
        writer.execute(text("BEGIN EXCLUSIVE"))
        assert recorded_in(url)(RECORDED)


def test_a_url_that_cannot_be_used_is_refused() -> None:
    with pytest.raises(GlanceSyncError, match="the database URL cannot be used"):
        recorded_in("nosuch://host/name")
