"""An application over the example's federation; tasks are carried out here and now."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fiwareglancesync.api.api_service import NAME, ApiService
from fiwareglancesync.api.app import create_app
from fiwareglancesync.api.database_files import rebind_file
from fiwareglancesync.api.server_database import db
from fiwareglancesync.jobs.database_owner import EMBEDDED_PREFIX, file_name
from fiwareglancesync.jobs.store import TaskStore
from tests.support.server import embedded_environment, environment_of


class Lazy:
    """An executor that only takes note, so that a task goes on for as long as a test wants."""

    def __init__(self) -> None:
        self.started: list[str] = []

    def start(self, task_id: str) -> None:
        """Take note."""
        self.started.append(task_id)

    def check(self) -> None:
        """Nothing can be wrong with it."""

    def maintain(self, store: TaskStore) -> None:
        """Let them wait."""


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A federation and a migrated database, to be copied: making them takes longer than most tests."""
    folder = tmp_path_factory.mktemp("template") / "server"
    folder.mkdir()
    made = create_app(embedded_environment(folder), background=False)
    with made.app_context():
        db.engine.dispose()
    return folder


@pytest.fixture
def environ(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of the application, which locks are taken in too."""
    folder = tmp_path / "server"
    shutil.copytree(template, folder)
    made = environment_of(folder)
    old, new = (f"{EMBEDDED_PREFIX}{(place / 'federation').resolve()}" for place in (template, folder))
    rebind_file(folder / "database" / file_name(old), old, new)
    monkeypatch.setenv("XDG_RUNTIME_DIR", made["XDG_RUNTIME_DIR"])
    return made


@pytest.fixture
def app(environ: dict[str, str]) -> Iterator[Flask]:
    """The application, with an executor that does nothing."""
    made = create_app(environ, background=False)
    found: ApiService = made.extensions[NAME]
    made.extensions[NAME] = dataclasses.replace(found, executor=Lazy())
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def service(app: Flask) -> ApiService:
    """What the routes work with."""
    found: ApiService = app.extensions[NAME]
    return found


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the application."""
    return app.test_client()
