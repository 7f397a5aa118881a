"""Serving the application: under Gunicorn, or with Flask's development server."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask import Flask

from ..base.machine import is_loopback
from ..base.signals import cancellable
from ..images.settings import Settings
from ..serving.bound_address import bound_addresses
from ..serving.gunicorn_server import run_gunicorn
from ..serving.listen_address import ListenAddress, ListenOptions, check_address
from ..serving.start_error import StartError
from ..serving.unix_socket import check_socket, socket_path
from .logs import set_up
from .server_settings import ServerSettings, configuration
from .start_report import start_report

METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

GUNICORN_OPTIONS, DEVELOPMENT_OPTIONS = ListenOptions("-H", "-p"), ListenOptions("-t", "-p")

REQUEST_SECONDS = 120
"""Seconds that a request may take: a status with refresh asks every region."""

log = logging.getLogger("glancesync.api")


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

        settings, synchronisation = configuration(os.environ)
        host, port = checked_host(host or settings.host, settings), port or settings.port
        _check_address(host, port, GUNICORN_OPTIONS)
        _begin(settings, synchronisation)

        def report(arbiter: Any) -> None:
            _report(start_report("REST API", bound_addresses(arbiter), settings, synchronisation, os.environ))

        # Errors are found and reported here, once; each worker then makes its own application and connections.
        _check(create_app(os.environ, shared=shared, background=False))
        options = {
            "workers": workers or settings.workers,
            "threads": settings.threads,
            "timeout": REQUEST_SECONDS,
            "proc_name": "glancesync",
            "child_exit": _forget_counters,
            "when_ready": report,
        }
        started = time.time()
        address = ListenAddress(host, port).for_gunicorn
        run_gunicorn(lambda: create_app(os.environ, shared=shared, started=started), address, options)
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
    from werkzeug.serving import is_running_from_reloader, run_simple

    from .app import create_app

    settings, synchronisation = configuration(os.environ)
    host, port = checked_host(host or "127.0.0.1", settings, "-t"), port or settings.port
    # The reloader starts this program again and again, below the process that has begun and reports.
    is_first = not is_running_from_reloader()
    if is_first:  # it also has the socket of the others
        _check_address(host, port, DEVELOPMENT_OPTIONS)
    _begin(settings, synchronisation, quiet=not is_first)
    app = create_app(os.environ)
    _check(app)
    app.debug = debug
    path = socket_path(host)
    if is_first:
        kind = "development server: not for production"
        _report(start_report(kind, [path or (host, port)], settings, synchronisation, os.environ))
    with cancellable():
        run_simple(f"unix://{path}" if path else host, port, app, use_debugger=False, **options)


def _check_address(host: str, port: int, options: ListenOptions) -> None:
    """Check that a host and port can be listened at; a unix socket has been checked already."""
    if not socket_path(host):
        check_address(host, port, options)


def checked_host(host: str, settings: ServerSettings, host_option: str = "-H") -> str:
    """The address to bind to: when no token is needed, loopback or a unix socket.

    :param host_option: the option of the command that names it
    :raises StartError: it is another one, or the socket cannot be made
    """
    if settings.keystone is None and not is_loopback(host) and not socket_path(host):
        text = f"Without Keystone settings the server serves on loopback only, so it cannot bind to {host}."
        raise StartError([f"{text}\nPlease use {host_option} 127.0.0.1, or give it the Keystone settings."])
    if socket_path(host):
        check_socket(socket_path(host))
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


def _begin(settings: ServerSettings, synchronisation: Settings, *, quiet: bool = False) -> None:
    """Open the log, and print the warnings on standard error unless that has been done."""
    texts = [message.text for message in synchronisation.warnings]
    warnings = [*settings.warnings, *texts, set_up(settings.logging_file)]
    for text in () if quiet else filter(None, warnings):
        print(f"WARNING: {text}", file=sys.stderr, flush=True)


def _report(lines: Sequence[str]) -> None:
    """Print on standard error, and log, what is served."""
    print(*lines, sep="\n", file=sys.stderr, flush=True)
    for line in lines:
        log.info("%s", line.strip())


def _forget_counters(server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
