"""Each kind of database comes to the newest revision with all that it holds, from any older one, and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from fiwareglancesync.api.server_database import db
from fiwareglancesync.base.database import key_of, open_engine
from fiwareglancesync.images.model import SyncStatus
from fiwareglancesync.images.summaries import Summary, SummaryStore
from fiwareglancesync.images.sync_request import SyncRequest
from fiwareglancesync.jobs.database_owner import recorded
from fiwareglancesync.jobs.job import Job
from fiwareglancesync.jobs.store import TaskStore
from fiwareglancesync.jobs.tasks import Item, TaskMessage, TaskProgress, TaskStatus
from fiwareglancesync.locks.lease import Lease
from fiwareglancesync.migrations.versions.r0003_jobs import RENAMED
from tests.support.databases import (
    Rows,
    at_revision,
    broken_off,
    differences,
    read_rows,
    remove_tables,
    write_rows,
)

FEDERATION = "Spain@https://keystone.example.org"
ODD = "odd \ud800 \x00 'name'; DROP TABLE tasks; --"
NOW = 1790000000.125
LATER = 4e9
"""No task whose heartbeat is then has been without one for long."""

WAITING, RUNNING, SYNCED, FAILED = (f"{number:08}-0000-4000-8000-000000000000" for number in range(4))
OLDEST_REQUEST = '{"config": {"replace": "any"}, "dry_run": true, "images": ["a*"]}'


def task(task_id: str, region: str, **values: Any) -> dict[str, Any]:
    """A row of ``tasks`` before revision 0003."""
    return {
        "id": task_id, "region": json.dumps(region), "region_key": key_of(region), "running": None,
        "status": "syncing", "request": SyncRequest().text(), "asked_by": None, "created": NOW, "started": None,
        "finished": None, "heartbeat": LATER, "worker": None, "cancel": False, "reason": None, "images_total": 0,
        "images_done": 0, "images_failed": 0, "undecided": 0, "bytes_total": 0, "bytes_done": 0, **values,
    }  # fmt: skip


OLD_ROWS: Rows = {
    "tasks": [
        task(WAITING, "Burgos", running=key_of("the place")),
        task(
            RUNNING, "inside:Avila", running=key_of("inside:Avila"), started=NOW + 1, worker="host pid:[1] 7",
            cancel=True, asked_by=json.dumps("carla"), images_total=3, images_done=1, images_failed=1, undecided=2,
            bytes_total=2**41, bytes_done=2**40,
        ),
        task(SYNCED, "Burgos", status="synced", started=NOW, finished=NOW + 2, heartbeat=NOW, request=OLDEST_REQUEST),
        task(FAILED, ODD, status="failed", finished=NOW + 3, heartbeat=NOW, reason=json.dumps(ODD), cancel=True),
    ],
    "image_results": [
        {
            "task_id": RUNNING, "image": json.dumps(ODD), "action": "upload", "state": "failed",
            "status": "pending_upload", "way": "stream", "size": 2**40, "done": 7, "seconds": 1.5,
            "error": json.dumps(ODD),
        },
        {
            "task_id": SYNCED, "image": json.dumps("b"), "action": "tidy", "state": "done", "status": None,
            "way": None, "size": 0, "done": 0, "seconds": 0.0, "error": None,
        },
    ],
    "messages": [
        {"task_id": RUNNING, "level": "ERROR", "text": json.dumps(ODD), "image": json.dumps(ODD)},
        {"task_id": RUNNING, "level": "WARNING", "text": json.dumps("text"), "image": None},
    ],
    "leases": [
        {
            "identity": key_of("place"), "run": "run-1", "token": "a-token", "host": "elsewhere pid:[1]", "pid": 7,
            "started": NOW, "expires": 0.0,
        },
    ],
}  # fmt: skip
"""What revision 0001 can hold besides summaries, which 0002 forgets."""

ROWS_OF_0002: Rows = {
    "summaries": [
        {
            "region_key": key_of(region), "region": json.dumps(region), "checked": NOW,
            "counts": counts, "error": error,
        }
        for region, counts, error in (("Burgos", '{"ok": 3}', None), (ODD, "{}", json.dumps(ODD)))
    ],
    "federation": [{"id": 1, "name": json.dumps(FEDERATION), "recorded": NOW}],
}  # fmt: skip

NEW_NAMES = {
    "region": "subject", "region_key": "subject_key", "images_total": "items_total", "images_done": "items_done",
    "images_failed": "items_failed",
}  # fmt: skip

NEW_TABLES = (
    "volume_backups", "volume_projects", "volume_listings", "volume_listing_parts", "volume_regions", "mails",
    "volume_drills", "snapshot_jobs", "snapshot_copies", "snapshot_instances", "snapshot_images",
    "snapshot_inventories", "problems",
)  # fmt: skip


def as_new(old: Rows) -> Rows:
    """The rows of an older revision as they should be in the newest one."""
    new = dict(old)
    new["alembic_version"] = [{"version_num": "0008"}]
    new |= {name: [] for name in NEW_TABLES}
    new["tasks"] = [{NEW_NAMES.get(k, k): v for k, v in row.items()} | {"kind": "sync"} for row in old["tasks"]]
    new["items"] = [{"name" if k == "image" else k: v for k, v in row.items()} for row in new.pop("image_results")]
    new["messages"] = [{"item" if k == "image" else k: v for k, v in row.items()} for row in old["messages"]]
    return new


@pytest.fixture
def old(empty: str) -> str:
    """A database of revision 0002 with everything that it can hold."""
    at_revision(empty, "0002", FEDERATION)
    write_rows(empty, OLD_ROWS | ROWS_OF_0002)
    return empty


def test_a_new_database_has_the_tables_of_the_program(empty: str) -> None:
    at_revision(empty, "head", FEDERATION)
    assert differences(empty) == []


def test_every_value_of_a_database_of_revision_0002_stays(old: str) -> None:
    before = read_rows(old)
    assert {name: len(rows) for name, rows in before.items()} == {
        "alembic_version": 1, "tasks": 4, "image_results": 2, "messages": 2, "leases": 1, "summaries": 2,
        "federation": 1,
    }  # fmt: skip
    at_revision(old, "head", FEDERATION)
    assert read_rows(old) == as_new(before)
    assert differences(old) == []


def test_a_database_of_revision_0001_keeps_all_but_its_summaries(empty: str) -> None:
    at_revision(empty, "0001", FEDERATION)
    write_rows(empty, OLD_ROWS | {"summaries": ROWS_OF_0002["summaries"]})
    before = read_rows(empty)
    at_revision(empty, "head", FEDERATION)
    assert read_rows(empty) == as_new(before | {"summaries": [], "federation": []})
    assert differences(empty) == []


def test_the_program_goes_on_with_an_older_database(old: str) -> None:
    at_revision(old, "head", FEDERATION)
    engine = open_engine(old)
    store = TaskStore(engine, 1e10)
    assert recorded(engine) == FEDERATION
    assert {subject: found.id for subject, found in store.running("sync").items()} == {
        "Burgos": WAITING,
        "inside:Avila": RUNNING,
    }
    assert [found.id for found in store.of_subject("sync", "Burgos")] == [WAITING, SYNCED]
    running, synced, failed = (store.by_id(task_id) for task_id in (RUNNING, SYNCED, FAILED))
    assert running is not None
    assert synced is not None
    assert failed is not None
    assert (running.asked_by, running.worker, running.cancel) == ("carla", "host pid:[1] 7", True)
    assert running.progress == TaskProgress(3, 1, 1, 2, 2**41, 2**40)
    assert SyncRequest.parse(synced.request) == SyncRequest(True, ("a*",), {"replace": "any"})
    assert (failed.subject, failed.status, failed.reason) == (ODD, TaskStatus.FAILED, ODD)
    status = SyncStatus.PENDING_UPLOAD.value
    assert store.items(RUNNING) == [Item(ODD, "upload", "failed", status, "stream", 2**40, 7, 1.5, ODD)]
    assert store.items(SYNCED) == [Item("b", "tidy", "done")]
    assert store.messages(RUNNING) == [TaskMessage("ERROR", ODD, ODD), TaskMessage("WARNING", "text")]
    assert SummaryStore(engine).by_region() == {
        "Burgos": Summary("Burgos", NOW, {"ok": 3}),
        ODD: Summary(ODD, NOW, {}, ODD),
    }
    assert Lease(engine, "place", "run-2").take() == "run-1"
    engine.dispose()


def test_what_an_older_database_says_of_tasks_holds_for_new_ones(old: str) -> None:
    at_revision(old, "head", FEDERATION)
    engine = open_engine(old)
    store = TaskStore(engine, 1e10)
    same_place = Job("another", "other:Burgos", lock_key="the place")
    assert store.create(same_place)[0].id == WAITING
    assert store.begin(WAITING, "here 1") is not None
    assert store.finish(WAITING, TaskStatus.SYNCED)
    made, new = store.create(same_place)
    assert new
    store.add_item(made.id, Item("c", "upload", "running"))
    assert store.items(made.id) == [Item("c", "upload", "running")]
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE tasks SET running = '{key_of('the place')}' WHERE id = '{RUNNING}'"  # noqa: S608 - a constant
        )
    assert store.delete(SYNCED)
    assert store.items(SYNCED) == []
    engine.dispose()


def test_the_names_of_indexes_and_keys_are_those_of_the_new_tables(old: str) -> None:
    at_revision(old, "head", FEDERATION)
    engine = open_engine(old)
    found = inspect(engine)
    indexes = {
        table: {str(index["name"]) for index in found.get_indexes(table) if not index["unique"]}
        for table in ("tasks", "items", "messages")
    }
    assert indexes == {
        "tasks": {"ix_tasks_subject_key", "ix_tasks_finished"},
        "items": {"items_of_task"},
        "messages": {"messages_of_task"},
    }
    assert [key["column_names"] for key in found.get_unique_constraints("tasks")] == [["running"]]
    expected = {"sqlite": None, "postgresql": "tasks_running_key", "mysql": "running", "mariadb": "running"}
    assert found.get_unique_constraints("tasks")[0]["name"] == expected[engine.dialect.name]
    (reference,) = found.get_foreign_keys("items")
    assert (reference["referred_table"], reference["options"]) == ("tasks", {"ondelete": "CASCADE"})
    if engine.dialect.name == "postgresql":
        assert (reference["name"], found.get_pk_constraint("items")["name"]) == ("items_task_id_fkey", "items_pkey")
    engine.dispose()


def test_the_way_back_keeps_every_value_too(old: str) -> None:
    before = read_rows(old)
    at_revision(old, "head", FEDERATION)
    store = TaskStore(open_engine(old), 1e10)
    other, _ = store.create(Job("another", "a volume"))
    store.add_item(other.id, Item("c", "backup", "running"))
    at_revision(old, "0002", FEDERATION, down=True)
    assert read_rows(old) == before
    at_revision(old, "head", FEDERATION)
    assert read_rows(old) == as_new(before)


def test_the_first_start_can_be_broken_off_at_any_statement(empty: str) -> None:
    for number in broken_off(lambda: remove_tables(empty), lambda: at_revision(empty, "head", FEDERATION)):
        is_undone = not empty.startswith("mysql")
        assert not is_undone or set(read_rows(empty)) in (set(), set(db.metadata.tables) | {"alembic_version"})
        at_revision(empty, "head", FEDERATION)
        assert differences(empty) == [], f"after a kill before statement {number}"


def test_an_upgrade_that_was_broken_off_at_any_statement_can_be_repeated(empty: str) -> None:
    def prepare() -> None:
        remove_tables(empty)
        at_revision(empty, "0001", FEDERATION)
        write_rows(empty, OLD_ROWS | {"summaries": ROWS_OF_0002["summaries"]})

    prepare()
    expected = as_new(read_rows(empty) | {"summaries": [], "federation": []})
    for number in broken_off(prepare, lambda: at_revision(empty, "head", FEDERATION)):
        at_revision(empty, "head", FEDERATION)
        assert read_rows(empty) == expected, f"after a kill before statement {number}"
        assert differences(empty) == []
    assert number > len(RENAMED)


def test_the_way_back_can_be_broken_off_at_any_statement(empty: str) -> None:
    def prepare() -> None:
        remove_tables(empty)
        at_revision(empty, "0002", FEDERATION)
        write_rows(empty, OLD_ROWS | ROWS_OF_0002)
        at_revision(empty, "head", FEDERATION)

    prepare()
    at_revision(empty, "0002", FEDERATION, down=True)
    expected = read_rows(empty)
    for number in broken_off(prepare, lambda: at_revision(empty, "0002", FEDERATION, down=True)):
        at_revision(empty, "0002", FEDERATION, down=True)
        assert read_rows(empty) == expected, f"after a kill before statement {number}"
    assert number > len(RENAMED)


def test_a_table_of_another_program_is_no_table_of_ours(empty: str) -> None:
    engine = open_engine(empty)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE tasks (id INTEGER PRIMARY KEY, title VARCHAR(80))")
    engine.dispose()
    with pytest.raises(DatabaseError, match="already exists"):
        at_revision(empty, "head", FEDERATION)
    assert read_rows(empty)["tasks"] == []


def test_an_upgrade_of_sqlite_that_breaks_off_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/tasks.db"
    at_revision(url, "0002", FEDERATION)
    write_rows(url, OLD_ROWS | ROWS_OF_0002)
    before = read_rows(url)
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE INDEX items_of_task ON leases (run)")
    with pytest.raises(OperationalError, match="items_of_task already exists"):
        at_revision(url, "head", FEDERATION)
    assert read_rows(url) == before
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX items_of_task")
    at_revision(url, "head", FEDERATION)
    assert read_rows(url) == as_new(before)
