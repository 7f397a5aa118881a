"""Commands without a server open a database; those that only read make none, and name one that they cannot read."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from fiwareglancesync.base.errors import DatabaseUnavailable
from fiwareglancesync.jobs.command_database import open_command_database, open_existing_database

TABLE = "snapshot_jobs"

OTHER_PROCESS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT count(*) FROM alembic_version").fetchall()
connection.close()
"""


def test_a_database_that_is_not_there_is_not_made_for_reading(tmp_path: Path) -> None:
    assert open_existing_database(f"sqlite:///{tmp_path}/new/state.db", TABLE) is None
    assert list(tmp_path.iterdir()) == []


def test_one_that_a_command_has_made_is_opened(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new/state.db"
    open_command_database(url).dispose()
    found = open_existing_database(url, TABLE)
    assert found is not None
    found.dispose()
    assert (tmp_path / "new" / "state.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("opened", [open_command_database, partial(open_existing_database, table=TABLE)])
def test_one_that_cannot_be_read_is_named(tmp_path: Path, opened: Callable[[str], object]) -> None:
    (tmp_path / "state.db").mkdir()
    with pytest.raises(DatabaseUnavailable) as refused:
        opened(f"sqlite:///{tmp_path}/state.db")
    assert str(refused.value) == (
        f"the database {tmp_path}/state.db cannot be used: Is a directory; see database in [main]"
    )


def test_a_database_that_is_open_keeps_its_locks_when_it_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    first = open_command_database(f"sqlite:///{path}")
    with first.connect() as connection:
        connection.execute(text("SELECT count(*) FROM alembic_version")).all()
        open_command_database(f"sqlite:///{path}").dispose()
        subprocess.run([sys.executable, "-c", OTHER_PROCESS, str(path)], check=True)
        assert Path(f"{path}-wal").exists()  # whoever closes the database as the last one removes it
    first.dispose()
