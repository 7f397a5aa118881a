"""How a database is connected to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from fiwareglancesync.base.database import CONNECT_SECONDS, connect_args, database_errors, database_url, open_engine
from fiwareglancesync.base.errors import DatabaseUnavailable


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_postgresql_that_does_not_answer_is_waited_for_some_seconds(scheme: str) -> None:
    assert connect_args(database_url(f"{scheme}://db.example.org/locks")) == {"connect_timeout": CONNECT_SECONDS}


def test_who_says_how_long_to_wait_is_believed() -> None:
    assert connect_args(database_url("postgresql://db.example.org/locks?connect_timeout=3")) == {}


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_file_that_was_removed_or_replaced_is_used_no_more_and_not_made_anew(
    tmp_path: Path, is_replaced: bool
) -> None:
    path = tmp_path / "used.db"
    engine = open_engine(f"sqlite:///{path}", keep_connections=True)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (n INTEGER)"))
    path.unlink()
    if is_replaced:
        path.write_bytes(b"")
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable, match=r"used\.db was removed or replaced"), database_errors():
            engine.connect()
    assert path.exists() is is_replaced


def test_a_connection_that_is_lost_prints_no_traceback_of_its_own() -> None:
    lost = "import logging, fiwareglancesync.base.database; logging.getLogger('sqlalchemy.pool').error('lost')"
    done = subprocess.run([sys.executable, "-c", lost], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
