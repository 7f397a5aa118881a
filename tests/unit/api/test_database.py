"""The database of the server: made and upgraded by itself, or refused with the command to run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask import Flask
from sqlalchemy import inspect

from fiwareglancesync.api import database
from fiwareglancesync.api.app import create_app
from fiwareglancesync.api.database import bring_up_to_date, db
from fiwareglancesync.api.settings import StartError
from tests.support.server import ROOT


def test_the_revisions_make_the_tables_that_the_program_uses(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), db.metadata) == []


def test_an_sqlite_database_is_private_and_shared_well(app: Flask, environ: dict[str, str]) -> None:
    folder = Path(environ["GLANCESYNCAPP_DATABASE_PATH"])
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "glancesync.db").stat().st_mode & 0o077 == 0
    with app.app_context(), db.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_another_database_is_refused_with_the_command_to_run(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_revision", lambda: None)
    with app.app_context():
        monkeypatch.setattr(db.engine.dialect, "name", "postgresql")
    with pytest.raises(StartError, match=r"run\.py db upgrade"):
        bring_up_to_date(app)


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
    with pytest.raises(StartError, match="GLANCESYNCAPP_DATABASE_PATH"):
        create_app(environ | {"GLANCESYNCAPP_DATABASE_PATH": str(tmp_path / "file" / "folder")}, background=False)


@pytest.mark.outside
def test_the_command_upgrades(environ: dict[str, str], tmp_path: Path) -> None:
    new = environ | {"GLANCESYNCAPP_DATABASE_PATH": str(tmp_path / "new")}
    for words in (["upgrade"], ["current"]):
        done = subprocess.run(
            [sys.executable, str(ROOT / "fiwareglancesync" / "run.py"), "db", *words],
            env=new,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert "0001 (head)" in done.stdout
