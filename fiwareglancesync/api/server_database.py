"""The server's database: Flask-SQLAlchemy over the tables of the program, migrated by Flask-Migrate."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.exc import SQLAlchemyError

from ..base.database import connect_args, database_url, error_text, metadata, no_driver, prepare
from ..images.settings import Settings
from ..images.summaries import summaries
from ..jobs import tables
from ..jobs.database_owner import claim, may_be_renamed, rebind_command, refuse_another
from ..jobs.database_upgrade import MIGRATIONS, WrongRevision, make_ready, revision_of, upgrade
from ..locks.lease import leases
from ..notify import database_outbox, problem_notices
from ..serving.start_error import StartError
from ..snapshots.state import snapshot_schema
from ..volumes.state import volume_tables
from .database_files import file_of, owners, url_of
from .server_settings import DATABASE_VARIABLE, ServerSettings

FEDERATION = "GLANCESYNC_FEDERATION"
"""Where an application keeps the name of the federation that its database is to belong to."""

log = logging.getLogger("glancesync.api")

db = SQLAlchemy(metadata=metadata)


class FederationModel(db.Model):  # type: ignore[name-defined,misc]
    """The federation that the database belongs to, for the shell."""

    __table__ = tables.federation


class TaskModel(db.Model):  # type: ignore[name-defined,misc]
    """A task, for the shell."""

    __table__ = tables.tasks


class ItemModel(db.Model):  # type: ignore[name-defined,misc]
    """What a task did with one item, such as an image, for the shell."""

    __table__ = tables.items


class MessageModel(db.Model):  # type: ignore[name-defined,misc]
    """A warning or an error of a task, for the shell."""

    __table__ = tables.messages


class SummaryModel(db.Model):  # type: ignore[name-defined,misc]
    """What was last seen of a region, for the shell."""

    __table__ = summaries


class LeaseModel(db.Model):  # type: ignore[name-defined,misc]
    """The lease of a region's lock, for the shell."""

    __table__ = leases


class VolumeBackupModel(db.Model):  # type: ignore[name-defined,misc]
    """A backup of a volume, for the shell."""

    __table__ = volume_tables.backups


class SnapshotJobModel(db.Model):  # type: ignore[name-defined,misc]
    """A job of snapshots, for the shell."""

    __table__ = snapshot_schema.jobs


class MailModel(db.Model):  # type: ignore[name-defined,misc]
    """A mail that is not sent yet, for the shell."""

    __table__ = database_outbox.mails


class ProblemModel(db.Model):  # type: ignore[name-defined,misc]
    """A problem of which there was a mail, for the shell."""

    __table__ = problem_notices.problems


MODELS = (
    FederationModel,
    TaskModel,
    ItemModel,
    MessageModel,
    SummaryModel,
    LeaseModel,
    VolumeBackupModel,
    SnapshotJobModel,
    MailModel,
    ProblemModel,
)


def configured_url(app: Flask, settings: Settings) -> str:
    """The URL of the server's database: Flask's own setting, else that of the configuration, "" for none."""
    return str(app.config.get("SQLALCHEMY_DATABASE_URI") or settings.database)


def prepare_database_url(app: Flask, server: ServerSettings, settings: Settings, federation: str) -> str:
    """The URL of the server's database: what is configured, else the federation's own file of SQLite.

    :param federation: the name of the federation
    :raises StartError: the folder of that file cannot be used
    """
    stated = configured_url(app, settings)
    if stated:
        return stated
    folder = server.database_folder
    file = folder
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        usable = os.access(folder, os.W_OK | os.X_OK)
        if usable:
            file = file_of(folder, federation)
            if not file.exists():
                _warn_of_other_databases(folder, federation)
            os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        reason = "it is not writable"
    except OSError as error:
        usable, reason = False, str(error.strerror)
    if not usable:
        raise StartError(
            [
                f"The folder of the database cannot be used: {folder}: {reason}. "
                f"Please point the environment variable {DATABASE_VARIABLE} to another one."
            ]
        )
    return url_of(file)


def _warn_of_other_databases(folder: Path, federation: str) -> None:
    """Before a federation gets a new database, log a warning if another one may be its own under an older name."""
    for path, owner in owners(folder).items():
        if owner is not None and may_be_renamed(owner, federation):
            log.warning(
                "%s gets a new database. If it is the federation %s under a new name, whose database is %s, run: %s",
                federation, owner, path, rebind_command(owner),
            )  # fmt: skip


def open_database(app: Flask, url: str, federation: str) -> None:
    """Connect an application to its database; nothing is asked of it yet.

    :param federation: the name of the federation that it is to belong to
    :raises GlanceSyncError: the URL cannot be used
    :raises NotInstalled: its driver is not installed
    """
    read = database_url(url)
    app.config[FEDERATION] = federation
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
        raise no_driver(read) from error
    Migrate(app, db, directory=str(MIGRATIONS))


def prepare_database(app: Flask) -> None:
    """Bring the database up to date and record whose it is.

    An SQLite database is created or upgraded; any other one has to be at its newest revision.

    :raises OtherFederation: it belongs to another federation; nothing in it is changed then
    :raises StartError: it is at another revision, or it cannot be used
    """
    with _own_database(app) as federation:
        try:
            make_ready(db.engine)
        except WrongRevision as error:
            raise StartError([str(error)]) from error
        claim(db.engine, federation)


def upgrade_database(app: Flask) -> str:
    """Bring a database of any kind to the newest revision and record whose it is.

    :return: the revision
    :raises OtherFederation: it belongs to another federation; nothing in it is changed then
    :raises StartError: it cannot be used
    """
    with _own_database(app) as federation:
        try:
            upgrade(db.engine)
        except WrongRevision as error:
            raise StartError([str(error)]) from error
        claim(db.engine, federation)
        return revision_of(db.engine) or "none"


@contextmanager
def reported() -> Iterator[None]:
    """Turn a complaint of the database into an error of one line.

    :raises StartError: the database cannot be used
    """
    try:
        yield
    except SQLAlchemyError as error:
        raise StartError([f"The database cannot be used: {error_text(error)}"]) from error


@contextmanager
def _own_database(app: Flask) -> Iterator[str]:
    """Use the database of an application, unless it is another federation's; gives the name of the application's."""
    federation: str = app.config[FEDERATION]
    with app.app_context(), reported():
        try:
            refuse_another(db.engine, federation)
            yield federation
        finally:
            db.engine.dispose()
