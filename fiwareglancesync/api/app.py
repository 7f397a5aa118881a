"""The application factory."""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path

from flask import Response, g, request
from flask_openapi3.models.info import Info
from flask_openapi3.models.schema import Schema
from flask_openapi3.openapi import OpenAPI
from sqlalchemy.exc import SQLAlchemyError

from ..base.database import error_text, key_of
from ..base.version import __version__
from ..images.federation_name import federation_of
from ..images.places.factory import EMBEDDED
from ..images.summaries import SummaryStore
from ..jobs.celery_queue import MAX_QUEUE_SECONDS, CeleryExecutor, make_queue
from ..jobs.database_owner import refuse_another
from ..jobs.runner import EmbeddedRunner, Executor, ExecutorFailed, TaskLauncher
from ..jobs.store import TaskStore
from ..kinds import WORKER_COMMAND
from ..locks.permits import Permits
from ..locks.region_lock import lock_folders
from . import error_answers, metrics, trace
from .api_service import NAME, ApiService
from .auth import loopback_only, with_authentication
from .flask_file import read_flask_file
from .health import Health
from .open_routes import open_routes
from .origin import refuse_cross_origin_changes
from .routes import regions
from .schemas import ErrorAnswer, SyncBody
from .server_database import FEDERATION, MODELS, db, open_database, prepare_database, prepare_database_url
from .server_options import ExecutorKind
from .server_settings import ServerSettings, configuration
from .shared_federation import SharedFederation
from .statuses import Statuses

MAX_BODY_BYTES = 64 * 2**10
"""Bytes of the largest body that is read."""

SWEEP_SECONDS = 10.0
"""Seconds between two searches for tasks whose worker died."""

RETENTION_SWEEP_SECONDS = 3600.0
"""Seconds between two removals of old tasks."""

log = logging.getLogger("glancesync.api")


def create_app(
    environ: Mapping[str, str],
    *,
    shared: Path | None = None,
    background: bool = True,
    migrate: bool = True,
    started: float | None = None,
) -> OpenAPI:
    """Make the application.

    :param environ: the environment: files, database, federation
    :param shared: a private folder that all workers of this server share; None makes one
    :param background: whether to fail stale tasks and remove old ones now and then
    :param migrate: whether the database has to be at its newest revision; the commands that bring it there say no
    :param started: when the server was started, seconds since the epoch; None means now
    :raises StartError: what is configured is wrong or not enough
    """
    server, settings = configuration(environ)
    app = OpenAPI(
        __name__,
        info=Info(title="GlanceSync", version=__version__),
        security_schemes={"token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"}},
        validation_error_status=400,
        validation_error_model=ErrorAnswer,
        validation_error_callback=error_answers.invalid,
        doc_ui=False,
        static_folder=None,
    )
    read_flask_file(app, server.flask_file)
    app.config.setdefault("MAX_CONTENT_LENGTH", None)
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_CONTENT_LENGTH"] or MAX_BODY_BYTES
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False  # a redirection would be a page, not JSON
    federation = federation_of(settings, environ)
    url = prepare_database_url(app, server, settings, federation)
    open_database(app, url, federation)
    if migrate:
        prepare_database(app)
    with app.app_context():
        store, summaries = TaskStore(db.engine, MAX_QUEUE_SECONDS), SummaryStore(db.engine)
    for text in (*server.warnings, *(message.text for message in settings.warnings)):
        log.warning("%s", text)
    launcher = TaskLauncher(WORKER_COMMAND, store, url, environ, server.task_time_limit)
    executor = _executor(server, launcher, federation)
    since = time.time() if started is None else started
    cloud, statuses = SharedFederation(settings, environ), Statuses(summaries)
    embedded = bool(environ.get(EMBEDDED))
    found = ApiService(server, cloud, store, summaries, statuses, executor, environ, embedded, since)
    app.extensions[NAME] = found
    app.extensions["glancesync-health"] = Health(found)
    _add_routes(app)
    _protect(app, server, shared)
    if background:
        threading.Thread(target=_sweep, args=(found,), name="sweeper", daemon=True).start()
    return app


def _executor(server: ServerSettings, launcher: TaskLauncher, federation: str) -> Executor:
    """What carries the tasks out, as the settings have it."""
    if server.executor is ExecutorKind.CELERY:
        return CeleryExecutor(make_queue(server.broker_url, server.task_time_limit, federation))
    name = f"tasks-{key_of(launcher.database)[:32]}"
    return EmbeddedRunner(launcher, Permits(lock_folders()[0], name, server.max_tasks))


def _add_routes(app: OpenAPI) -> None:
    error_answers.register(app)
    metrics.register(app)
    app.components_schemas["SyncBody"] = _schema(app, SyncBody)
    app.register_api(open_routes)
    app.register_api(regions)

    @app.before_request
    def name_request() -> None:
        g.request_id = trace.name_of(request.headers.get("X-Request-Id", ""))

    @app.after_request
    def log_request(response: Response) -> Response:
        name = g.get("request_id", "-")
        response.headers["X-Request-Id"] = name
        for header, value in trace.HEADERS.items():
            response.headers.setdefault(header, value)
        trace.note(request.method, request.path, response.status_code, name)
        return response

    @app.shell_context_processor
    def shell() -> dict[str, object]:
        refuse_another(db.engine, app.config[FEDERATION])
        models = {model.__name__: model for model in MODELS}
        return {"db": db, "service": app.extensions[NAME], **models}


def _schema(app: OpenAPI, model: type[SyncBody]) -> Schema:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    for name, part in schema.pop("$defs", {}).items():
        app.components_schemas[name] = Schema(**part)
    return Schema(**schema)


def _protect(app: OpenAPI, server: ServerSettings, shared: Path | None) -> None:
    if server.keystone is None:
        inner = refuse_cross_origin_changes(app.wsgi_app, server.public_url)
        app.wsgi_app = loopback_only(inner)  # type: ignore[assignment,method-assign]
        return
    folder = (shared or _own_folder(app)) / "tokens"
    folder.mkdir(mode=0o700, exist_ok=True)
    inner = with_authentication(app.wsgi_app, server.keystone, folder)
    app.wsgi_app = refuse_cross_origin_changes(inner, server.public_url)  # type: ignore[assignment,method-assign]


def _own_folder(app: OpenAPI) -> Path:
    """A private folder that goes when the application does."""
    folder = tempfile.mkdtemp(prefix="glancesync-api-")
    weakref.finalize(app, shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _sweep(found: ApiService) -> None:
    """End dead tasks, go on with those that wait and drop old ones, as long as the process lives."""
    store = found.store
    next_removal = 0.0
    while True:
        try:
            if store.fail_stale():
                log.error("A task ended without a word; its worker died, or none took it")
            if time.monotonic() >= next_removal:
                store.drop_old(found.server.task_retention)
                next_removal = time.monotonic() + RETENTION_SWEEP_SECONDS
            found.executor.maintain(store)
        except SQLAlchemyError as error:
            log.warning("The tasks cannot be looked after: %s", error_text(error))
        except ExecutorFailed as error:
            log.warning("Tasks that wait cannot be handed over: %s", error)
        except Exception:  # whatever it is, the next round is tried
            log.exception("The tasks cannot be looked after now")
        time.sleep(SWEEP_SECONDS)
