"""The database of the server: made and upgraded by itself, or refused with the command to run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask import Flask
from sqlalchemy import inspect

from fiwareglancesync.api.api_service import NAME, ApiService
from fiwareglancesync.api.app import create_app
from fiwareglancesync.api.server_database import db, prepare_database
from fiwareglancesync.base.database import open_engine
from fiwareglancesync.images.summaries import Summary, SummaryStore
from fiwareglancesync.images.sync_job import SYNC
from fiwareglancesync.images.sync_request import SyncRequest
from fiwareglancesync.jobs import database_upgrade
from fiwareglancesync.jobs.database_owner import OtherFederation, claim, recorded
from fiwareglancesync.jobs.database_upgrade import newest_revision
from fiwareglancesync.jobs.store import TaskStore
from fiwareglancesync.jobs.tables import federation
from fiwareglancesync.jobs.worker import carry_out
from fiwareglancesync.kinds import KINDS
from fiwareglancesync.serving.start_error import StartError
from tests.support.databases import at_revision
from tests.support.jobs import sync_of
from tests.support.server import ROOT, database_in

OTHER = "Spain@https://keystone.example.org"


def test_the_revisions_make_the_tables_that_the_program_uses(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), db.metadata) == []


def test_an_sqlite_database_is_private_and_shared_well(app: Flask, environ: dict[str, str]) -> None:
    folder = Path(environ["GLANCESYNCAPP_DATABASE_PATH"])
    assert folder.stat().st_mode & 0o077 == 0
    assert Path(database_in(folder.parent).removeprefix("sqlite:///")).stat().st_mode & 0o077 == 0
    with app.app_context(), db.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_another_database_is_refused_with_the_command_to_run(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_upgrade, "revision_of", lambda engine: None)
    with app.app_context():
        monkeypatch.setattr(db.engine.dialect, "name", "postgresql")
    with pytest.raises(StartError, match=r"run\.py db upgrade"):
        prepare_database(app)


def test_a_url_of_the_configuration_wins(environ: dict[str, str], tmp_path: Path) -> None:
    with Path(environ["GLANCESYNC_CONFIG"]).open() as file:
        text = file.read()
    url = f"sqlite:///{tmp_path}/other.db"
    Path(environ["GLANCESYNC_CONFIG"]).write_text(text.replace("[main]", f"[main]\ndatabase = {url}"))
    made = create_app(environ, background=False)
    with made.app_context():
        assert inspect(db.engine).has_table("tasks")
        db.engine.dispose()
    assert (tmp_path / "other.db").exists()


def test_a_folder_that_cannot_be_used_is_named(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match=r"Not a directory\. Please .* GLANCESYNCAPP_DATABASE_PATH"):
        create_app(environ | {"GLANCESYNCAPP_DATABASE_PATH": str(tmp_path / "file" / "folder")}, background=False)


def configured(environ: dict[str, str], url: str) -> None:
    """Name a database in the configuration."""
    path = Path(environ["GLANCESYNC_CONFIG"])
    path.write_text(path.read_text().replace("[main]", f"[main]\ndatabase = {url}"))


def of_another(path: Path) -> str:
    """The URL of a database of another federation, at an older revision of its other tables."""
    engine = open_engine(f"sqlite:///{path}")
    federation.create(engine)
    claim(engine, OTHER)
    return f"sqlite:///{path}"


def test_a_rehearsal_in_the_folder_of_production_sees_none_of_its_tasks(
    environ: dict[str, str], tmp_path: Path
) -> None:
    # As on OpenStack: the same folder of databases, another federation.
    shutil.copytree(tmp_path / "server" / "federation", tmp_path / "rehearsal")
    stores = {}
    for name in ("server/federation", "rehearsal"):
        made = create_app(environ | {"GLANCESYNC_MOCKPERSISTENT_PATH": str(tmp_path / name)}, background=False)
        stores[name] = made.extensions[NAME].store
        stores[name].create(sync_of("Burgos", SyncRequest(images=(name,))))
    found = [SyncRequest.parse(store.running(SYNC)["Burgos"].request).images for store in stores.values()]
    assert found == [("server/federation",), ("rehearsal",)]


def test_a_new_database_beside_one_that_may_be_the_federations_is_reported_once(
    environ: dict[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    of_another(tmp_path / "server" / "database" / "glancesync-other.db")
    shutil.copytree(tmp_path / "server" / "federation", tmp_path / "moved")
    moved = environ | {"GLANCESYNC_MOCKPERSISTENT_PATH": str(tmp_path / "moved")}
    for _ in range(2):
        create_app(moved, background=False)
    (reported,) = [text for text in caplog.messages if "gets a new database" in text]
    assert reported.startswith(f"embedded:{tmp_path}/moved gets a new database. If it is the federation embedded:")
    assert reported.endswith(f"run: glancesync db rebind --from embedded:{tmp_path}/server/federation")


def test_a_configured_database_of_another_federation_is_refused_and_not_touched(
    environ: dict[str, str], tmp_path: Path
) -> None:
    configured(environ, of_another(tmp_path / "shared.db"))
    with pytest.raises(OtherFederation, match=f"shared.db belongs to the federation {OTHER}, the configuration is of"):
        create_app(environ, background=False)
    assert inspect(open_engine(f"sqlite:///{tmp_path}/shared.db")).get_table_names() == ["federation"]


def test_the_file_of_an_older_version_keeps_its_tasks(environ: dict[str, str], tmp_path: Path) -> None:
    path = Path(database_in(tmp_path / "server").removeprefix("sqlite:///"))
    old = path.rename(path.with_name("glancesync.db"))
    engine = open_engine(f"sqlite:///{old}")
    task, _ = TaskStore(engine).create(sync_of("Burgos"))
    SummaryStore(engine).save([Summary("Burgos", 1.0, {"ok": 1})])
    at_revision(f"sqlite:///{old}", "0001", str(recorded(engine)), down=True)
    for _ in range(2):
        found: ApiService = create_app(environ, background=False).extensions[NAME]
        assert found.summaries.by_region() == {}  # they may be another federation's
        assert found.store.running(SYNC)["Burgos"].id == task.id
    assert [file.name for file in old.parent.glob("*.db")] == ["glancesync.db"]
    assert str(recorded(engine)).startswith("embedded:")
    assert carry_out(found.store, task.id, KINDS, environ)


def test_a_task_is_not_done_for_another_federation(environ: dict[str, str], tmp_path: Path) -> None:
    store = create_app(environ, background=False).extensions[NAME].store
    task, _ = store.create(sync_of("Burgos"))
    shutil.copytree(tmp_path / "server" / "federation", tmp_path / "other")
    assert not carry_out(store, task.id, KINDS, environ | {"GLANCESYNC_MOCKPERSISTENT_PATH": str(tmp_path / "other")})
    found = store.by_id(task.id)
    assert " belongs to the federation embedded:" in found.reason
    assert store.items(task.id) == []


@pytest.mark.outside
@pytest.mark.parametrize("words", [["upgrade"], ["downgrade"], ["current"]])
def test_the_servers_commands_refuse_the_database_of_another_federation(
    environ: dict[str, str], tmp_path: Path, words: list[str]
) -> None:
    configured(environ, of_another(tmp_path / "shared.db"))
    done = run(environ, tmp_path, "db", *words)
    assert (done.returncode, done.stdout) == (1, "")
    reported = done.stderr.splitlines()[-1]
    assert reported.startswith(f"ERROR: The database {tmp_path}/shared.db belongs to the federation {OTHER},")
    assert "Traceback" not in done.stderr


@pytest.mark.outside
def test_the_shell_refuses_the_database_of_another_federation(environ: dict[str, str], tmp_path: Path) -> None:
    configured(environ, of_another(tmp_path / "shared.db"))
    done = run(environ, tmp_path, "shell")
    assert done.returncode == 1
    assert f"shared.db belongs to the federation {OTHER}," in done.stderr
    assert "Traceback" not in done.stderr


def run(environ: dict[str, str], folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run one of the server's commands."""
    return subprocess.run(
        [sys.executable, str(ROOT / "fiwareglancesync" / "run.py"), *words],
        env=environ,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.outside
def test_the_command_upgrades(environ: dict[str, str], tmp_path: Path) -> None:
    new = environ | {"GLANCESYNCAPP_DATABASE_PATH": str(tmp_path / "new")}
    for words in (["upgrade"], ["current"]):
        done = run(new, tmp_path, "db", *words)
        assert done.returncode == 0, done.stderr
    assert f"{newest_revision()} (head)" in done.stdout
