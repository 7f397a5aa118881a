"""Serving the application: under Gunicorn, or with Flask's development server."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask import Flask

from ..base.signals import cancellable
from ..images.settings import Settings
from .logs import set_up
from .server_settings import ServerSettings, StartError, configuration, is_loopback

METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

REQUEST_SECONDS = 120
"""Seconds that a request may take: a status with refresh asks every region."""

STOP_SECONDS = 30
"""Seconds that requests have to end when the server stops."""


def serve(host: str | None, port: int | None, workers: int | None) -> None:
    """Run the application within Gunicorn, until a signal ends it.

    :param host: address to bind to; None means that of the settings
    :param port: likewise
    :param workers: number of processes, likewise
    :raises StartError: it cannot be started as it is configured
    """
    shared = Path(tempfile.mkdtemp(prefix="glancesync-api-"))
    owner = os.getpid()
    try:
        counters = shared / "metrics"
        counters.mkdir(mode=0o700)
        os.environ[METRICS_VARIABLE] = str(counters)
        # Only now: the counters choose their folder when they are imported.
        from .app import create_app
        from .gunicorn_worker import TimedWorker

        settings, synchronisation = configuration(os.environ)
        host = checked_host(host or settings.host, settings)
        _begin(settings, synchronisation)
        # Errors are found and reported here, once; each worker then makes its own application and connections.
        _check(create_app(os.environ, shared=shared, background=False))
        options = {
            "bind": f"{f'[{host}]' if ':' in host else host}:{port or settings.port}",
            "workers": workers or settings.workers,
            "worker_class": TimedWorker,
            "threads": settings.threads,
            "timeout": REQUEST_SECONDS,
            "graceful_timeout": STOP_SECONDS,
            "proc_name": "glancesync",
            "forwarded_allow_ips": "",  # no proxy is trusted to name another address than that of the connection
            "control_socket_disable": True,
            "child_exit": _forget_counters,
        }
        started = time.time()
        _gunicorn(lambda: create_app(os.environ, shared=shared, started=started), options)
    finally:
        if os.getpid() == owner:
            shutil.rmtree(shared, ignore_errors=True)


def develop(host: str | None, port: int | None, *, debug: bool, **options: Any) -> None:
    """Run the application with Flask's development server; its remote debugger is never on.

    :param host: address to bind to; None means loopback
    :param port: None means that of the settings
    :param debug: whether Flask logs more
    :param options: for Werkzeug's ``run_simple``
    :raises StartError: it cannot be started as it is configured
    """
    from .app import create_app

    settings, synchronisation = configuration(os.environ)
    host = checked_host(host or "127.0.0.1", settings)
    _begin(settings, synchronisation)
    app = create_app(os.environ)
    _check(app)
    with cancellable():
        app.run(host, port or settings.port, debug=debug, use_debugger=False, load_dotenv=False, **options)


def checked_host(host: str, settings: ServerSettings) -> str:
    """The address to bind to: only loopback when no token is needed.

    :raises StartError: it is another one
    """
    if settings.keystone is None and not is_loopback(host):
        text = f"Without Keystone settings the server serves on loopback only, so it cannot bind to {host}."
        raise StartError([f"{text}\nPlease use -H 127.0.0.1, or give it the Keystone settings."])
    return host


def _check(app: Flask) -> None:
    """Check that a configured embedded federation exists, and that tasks can be handed over.

    :raises GlanceSyncError: it does not, or they cannot
    """
    from .api_service import NAME, ApiService

    found: ApiService = app.extensions[NAME]
    if found.embedded:
        found.reader()
    found.executor.check()


def _begin(settings: ServerSettings, synchronisation: Settings) -> None:
    """Open the log, and print the warnings on standard error."""
    texts = [message.text for message in synchronisation.warnings]
    warnings = [*settings.warnings, *texts, set_up(settings.logging_file)]
    if settings.keystone is None:
        warnings.append("Without Keystone settings the server does not authenticate; it serves on loopback only.")
    for text in filter(None, warnings):
        print(f"WARNING: {text}", file=sys.stderr, flush=True)


def _gunicorn(load: Callable[[], Any], options: Mapping[str, Any]) -> None:
    from gunicorn.app.base import BaseApplication

    class Application(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            for name, value in options.items():
                if name in self.cfg.settings:  # not every version knows them all
                    self.cfg.set(name, value)

        def load(self) -> Any:
            return load()

    Application().run()


def _forget_counters(server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
