"""The server's database: Flask-SQLAlchemy over the tables of the job layer, migrated by Flask-Migrate."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import Migrate, upgrade
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.exc import SQLAlchemyError

from ..errors import GlanceSyncError
from ..jobs import tables
from ..jobs.database import connect_args, database_url, prepare
from ..jobs.lease import one_line
from ..settings import Settings
from .settings import DATABASE_VARIABLE, ServerSettings, StartError

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
FILE = "glancesync.db"

db = SQLAlchemy(metadata=tables.metadata)


class TaskModel(db.Model):  # type: ignore[name-defined,misc]
    """A task, for the shell."""

    __table__ = tables.tasks


class ImageResultModel(db.Model):  # type: ignore[name-defined,misc]
    """What a task did with an image, for the shell."""

    __table__ = tables.image_results


class MessageModel(db.Model):  # type: ignore[name-defined,misc]
    """What a task told, for the shell."""

    __table__ = tables.messages


class SummaryModel(db.Model):  # type: ignore[name-defined,misc]
    """What was last seen of a region, for the shell."""

    __table__ = tables.summaries


class LeaseModel(db.Model):  # type: ignore[name-defined,misc]
    """The lease of a region's lock, for the shell."""

    __table__ = tables.leases


MODELS = (TaskModel, ImageResultModel, MessageModel, SummaryModel, LeaseModel)


def choose_url(app: Flask, server: ServerSettings, settings: Settings) -> str:
    """The URL of the server's database: Flask's own setting, that of the configuration, else a file of SQLite.

    :raises StartError: the folder of that file cannot be used
    """
    stated = app.config.get("SQLALCHEMY_DATABASE_URI") or settings.database
    if stated:
        return str(stated)
    folder = server.database_folder
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        usable = os.access(folder, os.W_OK | os.X_OK)
        if usable:
            os.close(os.open(folder / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        reason = "it may not be written to"
    except OSError as error:
        usable, reason = False, str(error.strerror)
    if not usable:
        raise StartError(
            [
                f"The folder of the database cannot be used: {folder}: {reason}.\n"
                f"Please point the environment variable {DATABASE_VARIABLE} to another one."
            ]
        )
    return f"sqlite:///{folder / FILE}"


def open_database(app: Flask, url: str) -> None:
    """Connect an application to its database; nothing is asked of it yet.

    :raises GlanceSyncError: the URL cannot be used, or its driver is not installed
    """
    read = database_url(url)
    app.config["SQLALCHEMY_DATABASE_URI"] = read
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "hide_parameters": True,
        "pool_pre_ping": True,
        "connect_args": connect_args(read),
    }
    try:
        db.init_app(app)
        with app.app_context():
            prepare(db.engine)
    except ImportError as error:
        raise GlanceSyncError(
            f"the driver of the database is not installed: {error.name}; run pip install {error.name}"
        ) from error
    Migrate(app, db, directory=str(MIGRATIONS))


def bring_up_to_date(app: Flask) -> None:
    """Create or upgrade an SQLite database; any other one has to be at its newest revision.

    :raises StartError: it is not, or it cannot be used
    """
    with app.app_context():
        try:
            newest = ScriptDirectory(str(MIGRATIONS)).get_current_head()
            if _revision() == newest:
                return
            if db.engine.dialect.name == "sqlite":
                _upgrade_alone(app)
                return
            found = _revision() or "none"
        except SQLAlchemyError as error:
            raise StartError([f"The database cannot be used: {one_line(error)}"]) from error
        finally:
            db.engine.dispose()
    raise StartError(
        [
            f"The tables of the database are at revision {found}, this program needs {newest}.\n"
            "Please run the command: run.py db upgrade"
        ]
    )


def _revision() -> str | None:
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _upgrade_alone(app: Flask) -> None:
    """Upgrade while no other process does."""
    path = str(db.engine.url.database or "")
    if not path or path == ":memory:":
        upgrade()
        return
    descriptor = os.open(f"{path}.upgrade", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        upgrade()
