"""The server's other commands, as somebody types them: the development server, and the shell."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.conditions import wait_for
from tests.support.free_ports import free_port
from tests.support.server import LOOPBACK, ROOT, answers, embedded_environment, serving

RUN = [sys.executable, str(ROOT / "fiwareglancesync" / "run.py")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the federation of these tests is."""
    return tmp_path_factory.mktemp("command")


@pytest.fixture(scope="module")
def environ(folder: Path) -> dict[str, str]:
    """Its environment."""
    return embedded_environment(folder)


@pytest.fixture
def developed(environ: dict[str, str], folder: Path) -> Iterator[str]:
    """The address of a development server; a signal ends it."""
    port = free_port()
    words = ["runserver", "-p", str(port), "--no-reload", "--threaded"]
    output, address = folder / "development.out", f"http://{LOOPBACK}:{port}"
    with serving([*RUN, *words], environ, output, lambda: answers(address)):
        yield address
    assert "Traceback" not in output.read_text()


def test_the_development_server_does_tasks_and_has_no_remote_debugger(developed: str) -> None:
    task = requests.post(f"{developed}/regions/Burgos", timeout=180).json()["taskId"]
    path = f"{developed}/regions/Burgos/tasks/{task}"
    wait_for(lambda: requests.get(path, timeout=180).json()["status"] == "synced", "the end of the task")
    for debugger in ("/console", "/?__debugger__=yes&cmd=resource&f=debugger.js"):
        answer = requests.get(developed + debugger, timeout=180)
        assert answer.headers["Content-Type"] == "application/json"
        assert "EVALEX" not in answer.text


def test_the_shell_has_the_database_and_the_service(environ: dict[str, str], folder: Path) -> None:
    typed = "print(TaskModel.query.count() >= 0, service.store.running('sync'), db.engine.dialect.name)\n"
    done = subprocess.run(
        [*RUN, "shell"], cwd=folder, env=environ, input=typed, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "True {} sqlite" in done.stdout
    assert "Traceback" not in done.stderr


def test_ways_to_serve_that_exclude_each_other(environ: dict[str, str], folder: Path) -> None:
    words = ["runserver", "--threaded", "--processes", "2"]
    done = subprocess.run(
        [*RUN, *words], cwd=folder, env=environ, capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.returncode, "exclude each other" in done.stderr) == (2, True)


def test_a_federation_that_is_not_there_is_reported_before_anything_is_served(
    environ: dict[str, str], folder: Path
) -> None:
    nowhere = environ | {"GLANCESYNC_MOCKPERSISTENT_PATH": str(folder / "nowhere")}
    words = ["gunicornserver", "-p", str(free_port())]
    done = subprocess.run(
        [*RUN, *words], cwd=folder, env=nowhere, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 1
    assert "holds no embedded federation" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
