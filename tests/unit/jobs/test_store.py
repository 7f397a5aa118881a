"""The store of tasks, on SQLite and, where they are installed, on a real PostgreSQL and a real MariaDB."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, update

from fiwareglancesync.base.database import database_url
from fiwareglancesync.base.errors import GlanceSyncError
from fiwareglancesync.jobs.job import Job
from fiwareglancesync.jobs.store import CANCELLED, CLAIM_SECONDS, STALE_SECONDS, TaskStore
from fiwareglancesync.jobs.tables import tasks
from fiwareglancesync.jobs.tasks import Item, TaskMessage, TaskProgress, TaskStatus

KIND = "sync"
ODD = "odd \ud800 \x00 'name'; DROP TABLE tasks; --"


@pytest.fixture
def store(engine: Engine) -> TaskStore:
    """An empty store."""
    return TaskStore(engine)


def test_one_task_works_on_a_subject(store: TaskStore) -> None:
    first, made = store.create(Job(KIND, "Burgos"))
    assert made
    again, made = store.create(Job(KIND, "Burgos", '{"dry_run": true}'))
    assert (again.id, made) == (first.id, False)
    assert store.create(Job(KIND, "burgos"))[1]
    assert set(store.running(KIND)) == {"Burgos", "burgos"}


def test_one_task_works_on_what_has_two_names(store: TaskStore) -> None:
    first, made = store.create(Job(KIND, "Burgos", lock_key="the place"))
    assert made
    other, made = store.create(Job(KIND, "inside:Burgos", lock_key="the place"))
    assert (other.id, other.subject, made) == (first.id, "Burgos", False)
    assert store.create(Job(KIND, "Avila", lock_key="another place"))[1]
    assert store.of_subject(KIND, "inside:Burgos") == []
    store.finish(first.id, TaskStatus.SYNCED)
    second, made = store.create(Job(KIND, "inside:Burgos", lock_key="the place"))
    assert made
    assert [task.id for task in store.of_subject(KIND, "inside:Burgos")] == [second.id]


def test_jobs_of_different_kinds_with_one_lock_key_exclude_each_other(store: TaskStore) -> None:
    first, _ = store.create(Job(KIND, "Burgos", lock_key="a volume"))
    other, made = store.create(Job("another", "volume 7", lock_key="a volume"))
    assert (other.id, other.kind, made) == (first.id, KIND, False)
    store.finish(first.id, TaskStatus.SYNCED)
    second, made = store.create(Job("another", "Burgos", lock_key="a volume"))
    assert (second.kind, made) == ("another", True)
    assert (set(store.running(KIND)), set(store.running("another"))) == (set(), {"Burgos"})
    assert [task.id for task in store.of_subject("another", "Burgos")] == [second.id]
    assert store.get(KIND, "Burgos", second.id) is None
    assert store.get("another", "Burgos", second.id) == second


def test_of_many_at_once_one_makes_the_task(store: TaskStore) -> None:
    with ThreadPoolExecutor(20) as threads:
        made = list(threads.map(lambda _: store.create(Job(KIND, "Burgos")), range(50)))
    assert len({task.id for task, _ in made}) == 1
    assert sum(new for _, new in made) == 1


def test_a_task_that_ended_makes_room(store: TaskStore) -> None:
    first, _ = store.create(Job(KIND, "Burgos"))
    assert store.finish(first.id, TaskStatus.SYNCED)
    assert not store.finish(first.id, TaskStatus.FAILED, "too late")
    second, made = store.create(Job(KIND, "Burgos"))
    assert made
    assert [task.id for task in store.of_subject(KIND, "Burgos")] == [second.id, first.id]
    assert store.of_subject(KIND, "Burgos")[1].status is TaskStatus.SYNCED


def test_a_worker_that_shows_no_life_is_dead(store: TaskStore, engine: Engine) -> None:
    task, _ = store.create(Job(KIND, "Burgos"))
    assert store.begin(task.id, "here 1") is not None
    assert store.fail_stale() == 0
    with engine.begin() as connection:
        connection.execute(update(tasks).values(heartbeat=time.time() - STALE_SECONDS - 1))
    other, _ = store.create(Job(KIND, "Caceres"))
    found = store.by_id(task.id)
    assert found is not None
    assert (found.status, found.reason) == (
        TaskStatus.FAILED,
        "the worker of the task died: no sign of life for 30 seconds",
    )
    assert store.live(task.id) is None
    assert store.begin(task.id, "here 1") is None
    assert store.live(other.id) is False


def test_a_request_to_cancel_reaches_the_worker(store: TaskStore) -> None:
    task, _ = store.create(Job(KIND, "Burgos"))
    store.begin(task.id, "here 1")
    store.cancel(task.id)
    assert store.live(task.id) is True


def test_a_task_that_waits_is_cancelled_at_once(store: TaskStore) -> None:
    task, _ = store.create(Job(KIND, "Burgos"))
    store.cancel(task.id)
    found = store.by_id(task.id)
    assert found is not None
    assert (found.status, found.reason, found.cancel) == (TaskStatus.FAILED, CANCELLED, True)
    assert store.begin(task.id, "here 1") is None


def test_a_task_is_taken_by_one_worker(store: TaskStore) -> None:
    task, _ = store.create(Job(KIND, "Burgos"))
    with ThreadPoolExecutor(20) as threads:
        taken = list(threads.map(lambda number: store.begin(task.id, f"here {number}"), range(50)))
    (winner,) = [found for found in taken if found is not None]
    kept = store.by_id(task.id)
    assert kept is not None
    assert kept.worker == winner.worker


def test_a_task_that_waits_dies_of_waiting_alone(engine: Engine) -> None:
    patient, hasty = TaskStore(engine, waits=1000), TaskStore(engine)
    task, _ = patient.create(Job(KIND, "Burgos"))
    with engine.begin() as connection:
        connection.execute(update(tasks).values(heartbeat=time.time() - 900, created=time.time() - 900))
    assert patient.fail_stale() == 0
    assert hasty.fail_stale() == 1
    found = patient.by_id(task.id)
    assert found is not None
    assert found.reason == "no worker took the task within 30 seconds"


def test_a_task_that_waits_for_long_is_handed_over_again_once(engine: Engine) -> None:
    store = TaskStore(engine, waits=1000)
    waiting, _ = store.create(Job(KIND, "Burgos"))
    begun, _ = store.create(Job(KIND, "Caceres"))
    store.begin(begun.id, "here 1")
    assert store.requeue_stale(50) == []
    with engine.begin() as connection:
        connection.execute(update(tasks).values(heartbeat=time.time() - 100))
    assert store.requeue_stale(50) == [waiting.id]
    assert store.requeue_stale(50) == []


def test_the_oldest_task_that_waits_is_claimed_once(store: TaskStore) -> None:
    first, _ = store.create(Job(KIND, "Burgos"))
    second, _ = store.create(Job(KIND, "Avila"))
    begun, _ = store.create(Job(KIND, "Caceres"))
    store.begin(begun.id, "here 1")
    assert store.waits()
    assert [store.claim("here 2"), store.claim("here 3")] == [first.id, second.id]
    assert not store.waits()
    assert store.claim("here 4") is None
    task = store.begin(first.id, "here 5")
    assert task is not None
    assert task.worker == "here 5"


def test_of_many_that_claim_at_once_each_gets_a_task_of_its_own(store: TaskStore) -> None:
    made = {store.create(Job(KIND, f"region {number}"))[0].id for number in range(10)}
    with ThreadPoolExecutor(20) as threads:
        claimed = list(threads.map(lambda number: store.claim(f"here {number}"), range(20)))
    assert sorted(task for task in claimed if task is not None) == sorted(made)


def test_a_claim_that_came_to_nothing_ends(store: TaskStore, engine: Engine) -> None:
    task, _ = store.create(Job(KIND, "Burgos"))
    assert store.claim("here 1") == task.id
    with engine.begin() as connection:
        connection.execute(update(tasks).values(heartbeat=time.time() - CLAIM_SECONDS - 1))
    assert store.claim("here 2") == task.id


def test_a_task_that_is_cancelled_while_it_waits_is_not_begun(store: TaskStore) -> None:
    waiting, _ = store.create(Job(KIND, "Burgos"))
    claimed, _ = store.create(Job(KIND, "Caceres"))
    store.cancel(waiting.id)
    assert store.claim("here 1") == claimed.id
    store.cancel(claimed.id)
    assert store.begin(claimed.id, "here 2") is None
    assert {task.reason for task in (store.by_id(waiting.id), store.by_id(claimed.id)) if task} == {"cancelled"}


def test_a_task_is_abandoned_for_its_own_worker_only(store: TaskStore) -> None:
    task, _ = store.create(Job(KIND, "Burgos"))
    store.begin(task.id, "here 1")
    assert not store.abandon(task.id, "here 2", "it died")
    assert store.abandon(task.id, "here 1", "it died")
    found = store.by_id(task.id)
    assert found is not None
    assert (found.status, found.reason) == (TaskStatus.FAILED, "it died")
    nobodys, _ = store.create(Job(KIND, "Caceres"))
    assert store.abandon(nobodys.id, "here 2", "it died before it began")


def test_what_a_task_does_comes_back_exactly(store: TaskStore) -> None:
    request = json.dumps({"images": [ODD]})
    task, _ = store.create(Job(KIND, ODD, request), "somebody")
    row = store.add_item(task.id, Item(ODD, "upload", "running", size=2**40))
    result = Item(ODD, "upload", "failed", "pending_upload", "stream", 2**40, 7, 1.5, ODD)
    store.change_item(row, result)
    store.add_messages(task.id, [TaskMessage("ERROR", ODD, ODD), TaskMessage("WARNING", "text")])
    store.record(task.id, TaskProgress(1, 0, 1, 2, 2**40, 7))
    found = store.get(KIND, ODD, task.id)
    assert found is not None
    assert (found.kind, found.subject, found.request, found.asked_by) == (KIND, ODD, request, "somebody")
    assert found.progress == TaskProgress(1, 0, 1, 2, 2**40, 7)
    assert store.items(task.id) == [result]
    assert store.messages(task.id) == [TaskMessage("ERROR", ODD, ODD), TaskMessage("WARNING", "text")]


def test_a_running_task_is_kept_and_an_old_one_dropped_with_all_it_did(store: TaskStore, engine: Engine) -> None:
    running, _ = store.create(Job(KIND, "Burgos"))
    old, _ = store.create(Job(KIND, "Caceres"))
    store.add_item(old.id, Item("image", "upload", "done"))
    store.finish(old.id, TaskStatus.SYNCED)
    with engine.begin() as connection:
        connection.execute(update(tasks).where(tasks.c.id == old.id).values(finished=time.time() - 100))
    assert not store.delete(running.id)
    assert store.drop_old(200) == 0
    assert store.drop_old(50) == 1
    assert store.items(old.id) == []
    assert store.by_id(old.id) is None
    assert store.by_id(running.id) is not None


def test_totals_are_counted_by_status(store: TaskStore) -> None:
    task, _ = store.create(Job(KIND, "Burgos"))
    store.begin(task.id, "here 1")
    store.record(task.id, TaskProgress(bytes_done=2**40))
    store.finish(task.id, TaskStatus.SYNCED)
    ((status, count, size, seconds),) = store.totals()
    assert (status, count, size) == ("synced", 1, 2**40)
    assert seconds >= 0


def test_a_url_that_is_none_is_not_shown() -> None:
    for text in ("secret", "nothing://user:secret@host/name"):
        with pytest.raises(GlanceSyncError) as caught:
            database_url(text)
        assert "secret" not in str(caught.value)
    assert database_url("postgresql://host/name").drivername == "postgresql+psycopg"
    assert database_url("mysql://host/name").drivername == "mysql+pymysql"


@pytest.mark.parametrize("ahead", [300.0, -300.0])
def test_a_worker_that_lives_is_not_taken_for_dead_though_its_clock_is_wrong(
    store: TaskStore, monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    right = time.time
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(time, "time", lambda: right() + ahead)
        task, _ = store.create(Job(KIND, "Burgos"))
        assert store.begin(task.id, "worker") is not None
        assert store.live(task.id) is False
    assert store.fail_stale() == 0
    running = store.get(KIND, "Burgos", task.id)
    assert running is not None
    assert running.started is not None
    assert (abs(running.started - right()) < 60.0, abs(running.heartbeat - right()) < 60.0) == (True, True)


@pytest.mark.parametrize("ahead", [300.0, -300.0])
def test_a_worker_that_died_is_found_dead_though_its_clock_was_wrong(
    engine: Engine, store: TaskStore, monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    right = time.time
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(time, "time", lambda: right() + ahead)
        task, _ = store.create(Job(KIND, "Burgos"))
        store.begin(task.id, "worker")
    with engine.begin() as connection:
        connection.execute(update(tasks).values(heartbeat=tasks.c.heartbeat - STALE_SECONDS - 1))
    assert store.fail_stale() == 1
