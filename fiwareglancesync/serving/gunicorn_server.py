"""Runs an application within Gunicorn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

STOP_SECONDS = 30
"""Seconds that requests have to end when a server stops."""

WORKER_CONNECTIONS = 512
"""Connections that a worker accepts at once: it ends when it has none of the 1024 files left that systemd permits."""


def run_gunicorn(load: Callable[[], Any], address: str, options: Mapping[str, Any]) -> None:
    """Serve until a signal ends the process.

    :param load: makes the application, in each worker
    :param address: as Gunicorn takes it
    :param options: further settings of Gunicorn; those that its version does not have are left out
    """
    from gunicorn.app.base import BaseApplication

    from .gunicorn_worker import TimedWorker

    settings = {
        "bind": address,
        "worker_class": TimedWorker,
        "graceful_timeout": STOP_SECONDS,
        "worker_connections": WORKER_CONNECTIONS,
        "forwarded_allow_ips": "",  # no proxy is trusted to name another address than that of the connection
        "control_socket_disable": True,
        **options,
    }

    class Application(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            for name, value in settings.items():
                if name in self.cfg.settings:  # not every version knows them all
                    self.cfg.set(name, value)

        def load(self) -> Any:
            return load()

    Application().run()
