"""The server as it is served: several workers, processes that are killed, restarts; on the embedded federation."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import update

from fiwareglancesync.base.database import open_engine
from fiwareglancesync.jobs.store import STALE_SECONDS, TaskStore
from fiwareglancesync.jobs.tables import tasks
from tests.support.builders import master_image
from tests.support.conditions import wait_for
from tests.support.free_ports import free_port
from tests.support.jobs import sync_of
from tests.support.server import ROOT, database_in, embedded_environment, gunicorn

POSTS = 50


def store_of(folder: Path) -> TaskStore:
    return TaskStore(open_engine(database_in(folder)))


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A federation of the test's own."""
    return embedded_environment(tmp_path)


@pytest.fixture
def server(environ: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """A server with three workers."""
    with gunicorn(environ, tmp_path, free_port(), workers=3) as address:
        yield address


def ended(address: str, region: str, task: str) -> dict[str, Any]:
    """A task, once it has ended."""

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = requests.get(f"{address}/regions/{region}/tasks/{task}", timeout=180).json()
        return found if found["status"] != "syncing" else None

    found: dict[str, Any] = wait_for(look, f"the end of task {task}")
    return found


def test_many_posts_at_once_run_one_task_at_a_time(server: str) -> None:
    regions = ["Burgos", "Caceres"]
    with ThreadPoolExecutor(POSTS) as threads:
        posts = [threads.submit(requests.post, f"{server}/regions/{regions[n % 2]}", timeout=300) for n in range(POSTS)]
    answers = [post.result() for post in posts]
    assert {answer.status_code for answer in answers} == {200}
    given = {answer.json()["taskId"] for answer in answers}
    kept = set()
    for region in regions:
        listed = requests.get(f"{server}/regions/{region}/tasks", timeout=180).json()["tasks"]
        done = [ended(server, region, task["taskId"]) for task in reversed(listed)]
        assert {task["status"] for task in done} == {"synced"}
        # Where there was more than one, each began after the end of the one before.
        assert all(before["finished"] <= after["created"] for before, after in pairwise(done))
        kept |= {task["taskId"] for task in done}
    assert kept == given


def test_a_task_goes_on_while_the_server_is_restarted(environ: dict[str, str], tmp_path: Path) -> None:
    with gunicorn(environ, tmp_path, free_port()) as address:
        task = requests.post(f"{address}/regions/Burgos", timeout=180).json()["taskId"]
    with gunicorn(environ, tmp_path, free_port()) as address:
        assert ended(address, "Burgos", task)["status"] == "synced"


def test_a_task_whose_worker_is_gone_fails_and_blocks_nothing(
    server: str, environ: dict[str, str], tmp_path: Path
) -> None:
    store = store_of(tmp_path)
    task, _ = store.create(sync_of("Burgos"))
    store.begin(task.id, "elsewhere 1")
    engine = open_engine(database_in(tmp_path))
    with engine.begin() as connection:
        connection.execute(update(tasks).values(heartbeat=tasks.c.heartbeat - STALE_SECONDS - 1))
    found = ended(server, "Burgos", task.id)
    assert found["status"] == "failed"
    assert "died" in found["reason"]
    following = requests.post(f"{server}/regions/Burgos", timeout=180).json()["taskId"]
    assert following != task.id
    assert ended(server, "Burgos", following)["status"] == "synced"


def test_tasks_beyond_the_bound_wait_their_turn(tmp_path: Path) -> None:
    regions = [f"Region{number}" for number in range(8)]
    images = [master_image(f"image {number}", owner="oursid") for number in range(5)]
    environ = embedded_environment(tmp_path, {"Spain": images, **{region: [] for region in regions}})
    (tmp_path / "server.cfg").write_text("[settings]\nMAX_TASKS = 2\n")
    environ["GLANCESYNC_SETTINGS_FILE"] = str(tmp_path / "server.cfg")
    with gunicorn(environ, tmp_path, free_port(), workers=3) as address:
        with ThreadPoolExecutor(len(regions)) as threads:
            posts = list(threads.map(lambda region: requests.post(f"{address}/regions/{region}", timeout=300), regions))
        assert {(post.status_code, post.json()["status"]) for post in posts} == {(200, "syncing")}
        tasks = [ended(address, region, post.json()["taskId"]) for region, post in zip(regions, posts, strict=True)]
    assert {task["status"] for task in tasks} == {"synced"}
    # Whenever one began, at most one other was under way.
    for task in tasks:
        under_way = [other for other in tasks if other["started"] <= task["started"] < other["finished"]]
        assert len(under_way) <= 2, under_way
    assert len({task["started"] for task in tasks}) == len(tasks)


def test_a_foreign_page_starts_nothing_whatever_is_forwarded(server: str) -> None:
    secure = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    for origin, headers in [
        ("http://evil.example", {}),
        ("http://evil.example", secure),
        (server.replace("http:", "https:"), secure),
        ("null", {"Sec-Fetch-Site": "same-origin"}),
    ]:
        answer = requests.post(
            f"{server}/regions/Burgos",
            data='{"dryRun": true}',
            headers={"Content-Type": "text/plain", "Origin": origin, **headers},
            timeout=180,
        )
        assert answer.status_code == 403, answer.text
    assert requests.get(server, headers=secure, timeout=180).json()["href"] == f"{server}/"
    assert requests.get(f"{server}/regions/Burgos/tasks", timeout=180).json() == {"tasks": []}
    assert requests.post(f"{server}/regions/Burgos", headers={"Origin": server}, timeout=180).status_code == 200


def test_the_command_and_the_server_respect_one_lock(server: str, environ: dict[str, str], tmp_path: Path) -> None:
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from fiwareglancesync.api.server_settings import configuration\n"
        "from fiwareglancesync.images.places.factory import open_federation\n"
        "from fiwareglancesync.locks.region_lock import lock\n"
        "settings = configuration(os.environ)[1]\n"
        "place = open_federation(settings, os.environ).place(settings.master, 'Burgos')\n"
        "with lock(place.identity.lock_keys, 'another'):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script],
        env={**environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    with holder:
        assert holder.stdout.readline() == b"held\n"
        task = requests.post(f"{server}/regions/Burgos", timeout=180).json()["taskId"]
        found = ended(server, "Burgos", task)
        assert found["status"] == "failed"
        assert "another run holds the region" in found["reason"]
        holder.stdin.close()


def test_the_counters_of_all_workers_are_reported(server: str) -> None:
    for _ in range(30):
        assert requests.get(f"{server}/regions", timeout=180).ok
    text = requests.get(f"{server}/metrics", timeout=180).text
    assert 'glancesync_requests_total{code="200",method="GET",route="/regions"} 30.0' in text


def test_another_address_than_loopback_is_refused(environ: dict[str, str], tmp_path: Path) -> None:
    for words in (["gunicornserver", "-H", "0.0.0.0"], ["runserver", "-t", "0.0.0.0"]):  # noqa: S104 - refused
        done = subprocess.run(
            [sys.executable, str(ROOT / "fiwareglancesync" / "run.py"), *words],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 1
        assert done.stderr.startswith("ERROR: ")
        assert "loopback" in done.stderr


def test_the_log_rotates_into_one_file_of_all_workers(server: str, tmp_path: Path) -> None:
    requests.get(
        f"{server}/regions", headers={"X-Request-Id": "look-for-me", "X-Auth-Token": "gAAAAAsecret"}, timeout=180
    )
    log = tmp_path / "glancesync-api.log"
    wait_for(lambda: "look-for-me" in log.read_text(), "the line of the request")
    assert "gAAAAAsecret" not in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


def test_a_worker_that_is_killed_is_replaced(server: str, tmp_path: Path) -> None:
    reported = (tmp_path / "server.out").read_text()
    youngest = max(map(int, re.findall(r"Booting worker with pid: (\d+)", reported)))
    os.kill(youngest, signal.SIGKILL)

    def answers() -> bool:
        try:
            return requests.get(f"{server}/regions", timeout=180).ok
        except requests.ConnectionError:
            return False

    assert all(wait_for(answers, "an answer") for _ in range(10))
