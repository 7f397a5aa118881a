"""What the server answers when whoever carries its tasks out cannot be reached."""

from __future__ import annotations

import dataclasses
import threading

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fiwareglancesync.api import app as application
from fiwareglancesync.api import health
from fiwareglancesync.api.api_service import NAME, ApiService
from fiwareglancesync.api.health import Health
from fiwareglancesync.api.server_options import ExecutorKind
from fiwareglancesync.jobs.runner import Executor, ExecutorFailed
from fiwareglancesync.jobs.store import TaskStore


class _EndOfTest(BaseException):
    """Ends what goes on for ever."""


class Faulty:
    """An executor that fails as nobody expects, and is asked again."""

    def __init__(self) -> None:
        self.asked = 0

    def start(self, task_id: str) -> None:
        """Do nothing."""

    def check(self) -> None:
        """Nothing is known to be wrong."""

    def maintain(self, store: TaskStore) -> None:
        """Fail once."""
        self.asked += 1
        if self.asked > 1:
            raise _EndOfTest
        raise RuntimeError("can't start new thread")


class Silent:
    """An executor whose broker takes what it is sent and never answers."""

    def __init__(self) -> None:
        self.answer = threading.Event()

    def start(self, task_id: str) -> None:
        """Do nothing."""

    def check(self) -> None:
        """Wait."""
        self.answer.wait()

    def maintain(self, store: TaskStore) -> None:
        """Do nothing."""


class Broken:
    """An executor whose broker is gone."""

    def start(self, task_id: str) -> None:
        """Fail."""
        raise ExecutorFailed(f"no broker for {task_id}")

    def check(self) -> None:
        """Fail."""
        raise ExecutorFailed("no broker")

    def maintain(self, store: TaskStore) -> None:
        """Fail."""
        raise ExecutorFailed("no broker")


def use_celery(app: Flask, executor: Executor) -> None:
    """Have the application as if Celery were configured.

    :param executor: takes its place
    """
    found: ApiService = app.extensions[NAME]
    server = dataclasses.replace(found.server, executor=ExecutorKind.CELERY)
    changed = dataclasses.replace(found, server=server, executor=executor)
    app.extensions[NAME] = changed
    app.extensions["glancesync-health"] = Health(changed)


@pytest.fixture
def broken(app: Flask, client: FlaskClient) -> FlaskClient:
    """A client of the application, as if Celery were configured and its broker gone."""
    use_celery(app, Broken())
    return client


def test_a_task_that_cannot_be_handed_over_fails_and_says_so(broken: FlaskClient) -> None:
    answer = broken.post("/regions/Burgos")
    assert answer.status_code == 503
    assert "handed over" in answer.get_json()["error"]["description"]
    (task,) = broken.get("/regions/Burgos/tasks").get_json()["tasks"]
    assert task["status"] == "failed"
    assert "no broker" in task["reason"]


def test_health_reports_of_a_broker_that_is_gone(broken: FlaskClient) -> None:
    answer = broken.get("/health")
    assert answer.status_code == 503
    assert answer.get_json()["checks"] == {"database": "ok", "master": "ok", "broker": "failed"}


def test_health_does_not_wait_for_a_broker_that_says_nothing(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "CHECK_TIMEOUT_SECONDS", 0.1)
    silent = Silent()
    use_celery(app, silent)
    answer = client.get("/health")
    silent.answer.set()
    assert answer.status_code == 503
    assert answer.get_json()["checks"]["broker"] == "no answer"


def test_tasks_are_looked_after_whatever_has_gone_wrong_once(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(application, "SWEEP_SECONDS", 0.0)
    found: ApiService = app.extensions[NAME]
    with pytest.raises(_EndOfTest), app.app_context():
        application._sweep(dataclasses.replace(found, executor=Faulty()))
    assert "can't start new thread" in caplog.text
