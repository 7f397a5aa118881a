"""Commands for volumes make the database that they need, or say how it is upgraded."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event

from fiwareglancesync.base import database
from fiwareglancesync.base.database import open_engine
from fiwareglancesync.base.errors import DatabaseUnavailable
from fiwareglancesync.jobs.database_upgrade import WrongRevision, newest_revision, revision_of
from fiwareglancesync.volumes.state.volume_database import open_existing_database, open_volume_database
from fiwareglancesync.volumes.state.volume_store import VolumeStore
from fiwareglancesync.volumes.volume_model import RecordState
from tests.support.databases import at_revision, differences, remove_tables
from tests.support.postgresql import running_postgresql
from tests.support.volume_records import REGION, changes_of, planned, run_to

FEDERATION = "Spain@https://keystone.example.org"


def revision(url: str) -> str | None:
    """Open a database in a process of its own; its revision."""
    return revision_of(open_volume_database(url))


def test_a_database_of_sqlite_is_made_with_its_folder_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "100%.db"
    engine = open_volume_database(f"sqlite:///{path}")
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
    assert differences(f"sqlite:///{path}") == []
    run_to(changes_of(engine), planned(), RecordState.GOOD)
    again = open_volume_database(f"sqlite:///{path}")
    assert len(list(VolumeStore(again, REGION).records())) == 1


def test_an_older_one_of_the_server_is_upgraded(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/tasks.db"
    at_revision(url, "0003", FEDERATION)
    open_volume_database(url)
    assert differences(url) == []


def test_several_processes_make_it_at_once(tmp_path: Path) -> None:
    urls = [f"sqlite:///{tmp_path}/new.db"] * 4
    with ProcessPoolExecutor(4) as processes:
        assert list(processes.map(revision, urls)) == [newest_revision()] * 4


@pytest.mark.outside
def test_another_kind_of_database_has_to_be_upgraded_by_its_command(postgresql: str) -> None:
    remove_tables(postgresql)
    with pytest.raises(WrongRevision, match=r"^The tables of the database are at revision none, .*: glancesync db"):
        open_volume_database(postgresql)
    at_revision(postgresql, "head", FEDERATION)
    open_volume_database(postgresql)
    remove_tables(postgresql)


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    engine = open_volume_database(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(WrongRevision, match=r"^The tables of the database are at revision 9999, which .* version\.$"):
        open_volume_database(url)


@pytest.mark.parametrize("statement", ["DROP TABLE alembic_version", "DELETE FROM alembic_version"])
@pytest.mark.parametrize("open_it", [open_volume_database, open_existing_database])
def test_a_database_that_has_lost_its_revision_is_refused_with_a_way_out(
    tmp_path: Path, statement: str, open_it: Callable[[str], object]
) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    engine = open_volume_database(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    with pytest.raises(WrongRevision, match=r"/new\.db have no revision: .* a copy of the database that is whole, or"):
        open_it(url)


def test_the_tables_of_another_program_are_no_hindrance(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/other.db"
    with open_engine(url).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE others (id INTEGER)")
    assert revision(url) == newest_revision()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseUnavailable, match=f"^the database {tmp_path}/file/new.db cannot be used: .*; see"):
        open_volume_database(f"sqlite:///{tmp_path}/file/new.db")


def test_a_file_that_is_no_database_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "new.db").write_text("no database" * 1000)
    with pytest.raises(DatabaseUnavailable, match=r"^the database cannot be used: file is not a database; see"):
        open_volume_database(f"sqlite:///{tmp_path}/new.db")


def test_a_database_that_is_locked_for_too_long_is_reported_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0)
    engine = open_volume_database(f"sqlite:///{tmp_path}/new.db")
    changes = changes_of(engine)
    with engine.connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")
        assert list(VolumeStore(engine, REGION).records()) == []
        with pytest.raises(DatabaseUnavailable, match=r"^the database cannot be used: database is locked; see"):
            changes.plan(planned())
    assert changes.plan(planned())


def test_connections_are_kept(tmp_path: Path) -> None:
    engine = open_volume_database(f"sqlite:///{tmp_path}/new.db")
    opened: list[object] = []
    event.listen(engine, "connect", lambda *words: opened.append(words))
    for _ in range(3):
        VolumeStore(engine, REGION).now()
    assert len(opened) <= 1


@pytest.mark.outside
def test_a_server_that_is_away_is_reported_in_one_line(tmp_path: Path) -> None:
    with running_postgresql(tmp_path) as url:
        at_revision(url, "head", FEDERATION)
        engine = open_volume_database(url)
        changes = changes_of(engine)
        run_to(changes, planned(), RecordState.RUNNING)
    with pytest.raises(DatabaseUnavailable, match=r"^the database cannot be used: connection [^\n]*\[main\]$"):
        changes.plan(planned("w"))
