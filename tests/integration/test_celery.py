"""Tasks through Celery: a real Redis, workers as processes, everything that may end or come twice."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from fiwareglancesync.jobs.tasks import TaskStatus
from tests.support.conditions import wait_for
from tests.support.free_ports import free_port
from tests.support.queueing import SLOTS, Workshop, parent_of, workshop
from tests.support.redis import running_redis
from tests.support.server import gunicorn

REGION, OTHER = "Region00", "Region01"
SYNCED, FAILED = TaskStatus.SYNCED, TaskStatus.FAILED


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Redis of this module's own."""
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def broker(redis: str, request: pytest.FixtureRequest) -> str:
    """A database of that Redis that no other test uses."""
    number = request.session.items.index(request.node) % 16
    return redis.replace("/0", f"/{number}")


@pytest.fixture
def shop(broker: str, tmp_path: Path) -> Iterator[Workshop]:
    """Three regions, and the way to workers."""
    with workshop(tmp_path, broker, regions=3) as made:
        yield made


def test_the_tasks_of_twenty_regions_are_spread_over_two_workers(broker: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        shop = stack.enter_context(workshop(tmp_path, broker, regions=20))
        workers = [shop.employ(), shop.employ()]
        address = stack.enter_context(gunicorn(shop.environ, tmp_path, free_port()))
        shop.ready(*workers)
        shop.hold.touch()
        answers = [requests.post(f"{address}/regions/{region}", timeout=180).json() for region in shop.regions]
        wait_for(lambda: len(shop.held()) == 2 * SLOTS, "tasks that are under way")
        for worker in workers:
            assert sum(worker.is_ancestor_of(write.process) for write in shop.held()) == SLOTS
        shop.hold.unlink()
        assert {shop.ended(answer["taskId"]).status for answer in answers} == {SYNCED}
        master = shop.content("Spain")
        assert all(shop.content(region) == master for region in shop.regions)
        assert shop.twice() == []


def test_a_task_whose_process_is_killed_fails_and_the_next_one_puts_it_right(shop: Workshop) -> None:
    worker = shop.employ()
    shop.hold.touch()
    task = shop.ask(REGION)
    (held,) = wait_for(shop.held, "a task that is under way")
    os.kill(held.process, signal.SIGKILL)
    found = shop.ended(task)
    assert (found.status, found.reason) == (FAILED, "the process of the task was killed by SIGKILL")
    shop.hold.unlink()
    assert shop.ended(shop.ask(REGION)).status is SYNCED
    assert shop.content(REGION) == shop.content("Spain")
    assert worker.process.poll() is None


def test_a_message_that_comes_again_is_recognised(shop: Workshop) -> None:
    shop.hold.touch()
    task, other = shop.ask(REGION), shop.ask(OTHER)
    worker, second = shop.employ(), shop.employ()
    wait_for(lambda: len(shop.held()) == 2, "tasks that are under way")
    for _ in range(3):
        shop.executor.start(task)
    shop.ready(worker, second)
    wait_for(lambda: (worker.said() + second.said()).count(f"Task {task} was begun already") == 3, "the messages")
    shop.hold.unlink()
    assert [shop.ended(found).status for found in (task, other)] == [SYNCED, SYNCED]
    shop.executor.start(task)
    wait_for(lambda: f"Task {task} has ended already" in worker.said() + second.said(), "the message")
    assert shop.content(REGION) == shop.content("Spain")
    assert shop.twice() == []


def test_a_task_outlives_its_worker(shop: Workshop) -> None:
    worker, second = shop.employ(), shop.employ()
    shop.hold.touch()
    task = shop.ask(REGION)
    (held,) = wait_for(shop.held, "a task that is under way")
    doomed = worker if worker.is_ancestor_of(held.process) else second
    doomed.dismiss()
    shop.hold.unlink()
    assert shop.ended(task).status is SYNCED
    assert shop.content(REGION) == shop.content("Spain")
    assert shop.twice() == []


@pytest.mark.slow
def test_a_slot_that_is_killed_has_nothing_done_twice(shop: Workshop) -> None:
    worker = shop.employ()
    shop.hold.touch()
    task = shop.ask(REGION)
    (held,) = wait_for(shop.held, "a task that is under way")
    os.kill(parent_of(held.process), signal.SIGKILL)
    wait_for(lambda: f"Task {task} was begun already" in worker.said(), "the message, which came again")
    shop.hold.unlink()
    assert shop.ended(task).status is SYNCED
    assert shop.twice() == []


@pytest.mark.slow
def test_a_task_whose_machine_is_gone_fails_within_a_minute(shop: Workshop, tmp_path: Path) -> None:
    with gunicorn(shop.environ, tmp_path, free_port()) as address:
        worker = shop.employ()
        shop.hold.touch()
        task = requests.post(f"{address}/regions/{REGION}", timeout=180).json()["taskId"]
        (held,) = wait_for(shop.held, "a task that is under way")
        worker.dismiss()
        os.kill(held.process, signal.SIGKILL)
        found = shop.ended(task)
        assert found.status is FAILED
        assert "died" in (found.reason or "")
        shop.hold.unlink()
        shop.ready(shop.employ())
        assert shop.ended(shop.ask(REGION)).status is SYNCED
        assert shop.content(REGION) == shop.content("Spain")


def test_a_task_is_cancelled_wherever_it_is(shop: Workshop) -> None:
    shop.hold.touch()
    waiting = shop.ask(OTHER)
    shop.store.cancel(waiting)
    worker = shop.employ()
    running = shop.ask(REGION)
    wait_for(lambda: shop.held(REGION), "a task that is under way")
    shop.store.cancel(running)
    found = shop.ended(running)
    assert (found.status, found.reason) == (FAILED, "cancelled")
    assert (shop.task(waiting).status, shop.task(waiting).reason) == (FAILED, "cancelled")
    assert shop.content(REGION) == []
    wait_for(lambda: f"Task {waiting} has ended already" in worker.said(), "the message")
    assert shop.held(OTHER) == []


@pytest.mark.slow
def test_a_worker_that_is_stopped_ends_what_it_has_begun_and_leaves_the_rest(shop: Workshop) -> None:
    worker = shop.employ()
    shop.hold.touch()
    tasks = [shop.ask(region) for region in shop.regions]
    wait_for(lambda: len(shop.held()) == SLOTS, "tasks that are under way")
    worker.send(signal.SIGTERM)
    wait_for(lambda: "Warm shutdown" in worker.said(), "the worker to notice")
    shop.hold.unlink()
    assert worker.end() == 0
    begun = [task for task in tasks if shop.task(task).started is not None]
    assert [shop.task(task).status for task in begun] == [SYNCED] * SLOTS
    shop.employ()
    assert {shop.ended(task).status for task in tasks} == {SYNCED}
    assert shop.twice() == []


@pytest.mark.slow
def test_a_worker_that_is_reported_to_end_at_once_leaves_everything_tidy(shop: Workshop) -> None:
    worker = shop.employ()
    shop.hold.touch()
    task = shop.ask(REGION)
    wait_for(shop.held, "a task that is under way")
    worker.send(signal.SIGQUIT)
    found = shop.ended(task)
    assert (found.status, found.reason) == (FAILED, "stopped by a signal")
    worker.end()
    assert shop.content(REGION) == []
