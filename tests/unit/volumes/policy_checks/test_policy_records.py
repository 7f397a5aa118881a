"""The policy server's question to the database (volumes 5)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import text

from fiwareglancesync.base.database import open_engine
from fiwareglancesync.base.errors import DatabaseUnavailable, GlanceSyncError
from fiwareglancesync.volumes.policy_checks.policy_records import recorded_in
from tests.support.mariadb import running_mariadb
from tests.support.policy import RECORDED, record_backup
from tests.support.postgresql import running_postgresql

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
    with pytest.raises(DatabaseUnavailable, match="the database cannot be used"):
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


@pytest.mark.outside
@pytest.mark.parametrize(
    "running",
    [
        pytest.param(running_postgresql, id="PostgreSQL"),
        pytest.param(running_mariadb, id="MariaDB", marks=pytest.mark.slow),
    ],
)
def test_connections_are_kept_and_made_anew(
    tmp_path: Path, running: Callable[[Path], AbstractContextManager[str]]
) -> None:
    with running(tmp_path) as url:
        record_backup(url, RECORDED)
        is_recorded = recorded_in(url)
        assert (bool(is_recorded(RECORDED)), bool(is_recorded(ID))) == (True, False)
        end_connections(url)
        assert (bool(is_recorded(RECORDED)), bool(is_recorded(ID))) == (True, False)
    with pytest.raises(DatabaseUnavailable):
        is_recorded(ID)


def end_connections(url: str) -> None:
    """Have a database end all connections but this one, as a restart does."""
    with open_engine(url).connect() as connection:
        if url.startswith("postgresql"):
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE pid <> pg_backend_pid() AND usename IS NOT NULL"
                )
            )
            return
        own = connection.execute(text("SELECT connection_id()")).scalar_one()
        for row in connection.execute(text("SHOW PROCESSLIST")).all():
            if row[0] != own:
                connection.execute(text(f"KILL {row[0]}"))
