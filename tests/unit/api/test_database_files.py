"""One SQLite file a federation in a folder, and what becomes of the file that all shared before."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Engine

from fiwareglancesync.api import database_files
from fiwareglancesync.api.database_files import FILE, file_of, owners, rebind_file, url_of
from fiwareglancesync.base.database import metadata, open_engine
from fiwareglancesync.base.errors import GlanceSyncError
from fiwareglancesync.jobs.database_owner import claim, file_name, rebind, recorded
from fiwareglancesync.jobs.job import Job
from fiwareglancesync.jobs.store import TaskStore
from fiwareglancesync.jobs.tables import federation

OLD, NEW = "Spain@http://old:5000", "Spain@https://new:5000"
PRODUCTION, REHEARSAL = OLD, "embedded:/var/lib/rehearsal"


def database(path: Path, owner: str | None, *tasks: str | None) -> Path:
    """A database as a server leaves it.

    :param owner: the federation that is recorded, None when an older version wrote it
    :param tasks: who asked for each of its tasks
    """
    engine = open_engine(url_of(path))
    metadata.create_all(engine)
    if owner is None:
        federation.drop(engine)
    else:
        claim(engine, owner)
    for number, asked_by in enumerate(tasks):
        TaskStore(engine).create(Job("sync", f"Region{number}"), asked_by)
    engine.dispose()
    return path


def owner_of(path: Path) -> str | None:
    """The federation that a file belongs to."""
    return recorded(open_engine(url_of(path)))


def tasks_of(path: Path) -> int:
    """How many tasks a file holds."""
    return len(TaskStore(open_engine(url_of(path))).running("sync"))


def test_each_federation_gets_a_file_of_its_own(tmp_path: Path) -> None:
    files = {file_of(tmp_path, name) for name in (PRODUCTION, REHEARSAL, NEW, "embedded:/elsewhere")}
    assert len(files) == 4
    assert all(path.parent == tmp_path for path in files)


def test_a_file_is_found_again(tmp_path: Path) -> None:
    path = database(file_of(tmp_path, PRODUCTION), PRODUCTION)
    assert file_of(tmp_path, PRODUCTION) == path
    assert file_of(tmp_path, REHEARSAL) != path


def test_a_file_of_another_name_is_known_by_what_is_recorded(tmp_path: Path) -> None:
    path = database(tmp_path / "glancesync-moved.db", PRODUCTION)
    assert file_of(tmp_path, PRODUCTION) == path
    assert file_of(tmp_path, REHEARSAL) == tmp_path / file_name(REHEARSAL)


@pytest.mark.parametrize(
    ("asked_by", "adopted_by"),
    [
        ([], {PRODUCTION, REHEARSAL}),
        (["carla"], {PRODUCTION}),
        ([None], {REHEARSAL}),
        (["carla", None], {PRODUCTION}),
    ],
)
def test_the_file_of_an_older_version_goes_on_where_its_tasks_come_from(
    tmp_path: Path, asked_by: list[str | None], adopted_by: set[str]
) -> None:
    old = database(tmp_path / FILE, None, *asked_by)
    for name in (PRODUCTION, REHEARSAL):
        assert (file_of(tmp_path, name) == old) is (name in adopted_by)


def test_an_adopted_file_stays_with_whoever_adopted_it(tmp_path: Path) -> None:
    old = database(tmp_path / FILE, PRODUCTION)
    assert file_of(tmp_path, PRODUCTION) == old
    assert file_of(tmp_path, REHEARSAL) == tmp_path / file_name(REHEARSAL)


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0 and then nothing"])
def test_a_file_that_is_no_database_of_ours_is_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    for name in (PRODUCTION, REHEARSAL):
        assert file_of(tmp_path, name) == tmp_path / file_name(name)
    assert [owner for owner in owners(tmp_path).values() if owner is not None] == []


@pytest.mark.parametrize("name", [FILE, file_name(OLD)])
def test_a_rebound_file_is_the_new_federations(tmp_path: Path, name: str) -> None:
    path = database(tmp_path / name, OLD, "carla")
    moved = rebind_file(path, OLD, NEW)
    assert (moved, file_of(tmp_path, NEW)) == (tmp_path / file_name(NEW), moved)
    assert (owner_of(moved), tasks_of(moved)) == (NEW, 1)
    assert not path.exists()
    assert file_of(tmp_path, OLD) == tmp_path / file_name(OLD)


def test_an_empty_database_that_was_made_after_the_change_makes_way(tmp_path: Path) -> None:
    path = database(tmp_path / file_name(OLD), OLD, "carla", "carla")
    database(tmp_path / file_name(NEW), NEW)
    assert tasks_of(rebind_file(path, OLD, NEW)) == 2
    assert len(owners(tmp_path)) == 1


def test_a_database_with_tasks_does_not_make_way(tmp_path: Path) -> None:
    path = database(tmp_path / file_name(OLD), OLD, "carla")
    other = database(tmp_path / file_name(NEW), NEW, "carla")
    with pytest.raises(GlanceSyncError, match=f"{other}; move away the one"):
        rebind_file(path, OLD, NEW)
    assert (owner_of(path), owner_of(other)) == (OLD, NEW)


@pytest.mark.parametrize("used", [OLD, NEW])
def test_a_database_in_use_is_not_rebound(tmp_path: Path, used: str) -> None:
    path = database(tmp_path / file_name(OLD), OLD, "carla")
    database(tmp_path / file_name(NEW), NEW)
    server = sqlite3.connect(tmp_path / file_name(used))
    server.execute("SELECT count(*) FROM tasks").fetchone()
    with pytest.raises(GlanceSyncError, match="is in use; stop the server and its workers first"):
        rebind_file(path, OLD, NEW)
    server.close()
    assert (owner_of(path), owner_of(tmp_path / file_name(NEW))) == (OLD, NEW)
    assert owner_of(rebind_file(path, OLD, NEW)) == NEW


def test_a_database_that_somebody_opens_meanwhile_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = database(tmp_path / file_name(OLD), OLD, "carla")
    others: list[sqlite3.Connection] = []

    def watched(engine: Engine, old: str, new: str) -> bool:
        others.append(sqlite3.connect(path))
        others[0].execute("SELECT count(*) FROM tasks").fetchone()
        return rebind(engine, old, new)

    monkeypatch.setattr(database_files, "rebind", watched)
    moved = rebind_file(path, OLD, NEW)
    others[0].close()
    assert (owner_of(moved), tasks_of(moved)) == (NEW, 1)
    assert file_of(tmp_path, NEW) == moved
