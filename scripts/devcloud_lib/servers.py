"""Prepares, starts, watches and ends the servers."""

from __future__ import annotations

import base64
import enum
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from workbench.progress import Say

from devcloud_lib import install, ports, processes
from devcloud_lib.configuration import server_config
from devcloud_lib.errors import CloudError
from devcloud_lib.http import Client
from devcloud_lib.state import Cloud, Service, write_private
from devcloud_lib.topology import BOOTSTRAP_ACCOUNT

START_SECONDS = 240.0
HEALTH_SECONDS = 2.0
POLL_SECONDS = 0.1
THREADS = 8
CHUNKED_INPUT_BYTES = 16 * 2**20
SERVER_SIDE = Path(__file__).resolve().parent / "server_side"


class Health(enum.Enum):
    """What can be seen of a server."""

    UP = "up"
    SILENT = "no answer"  # the process runs, but does not answer
    DOWN = "down"


def health(service: Service) -> Health:
    """Look at the process and ask the server."""
    if not service.is_running:
        return Health.DOWN
    return Health.UP if _answers(service) else Health.SILENT


def prepare(cloud: Cloud, service: Service, software: str) -> None:
    """Give a server its folders and its database, unless it has them already.

    :param software: fingerprint of the installed software; after a change the server starts with an empty database.
    :raises CloudError: Keystone could not be bootstrapped.
    """
    if service.prepared_with == software:
        return
    shutil.rmtree(service.folder, ignore_errors=True)
    for folder in (service.folder, service.conf_dir, *service.stores.values(), *service.scratch.values()):
        folder.mkdir(parents=True, mode=0o700)
    kind = "keystone" if service.is_keystone else "glance"
    shutil.copyfile(install.empty_database(cloud.venv, kind), service.database)
    service.database.chmod(0o600)
    if service.is_keystone:
        cloud.identities.pop(service.name, None)
        cloud.application_credentials.pop(service.name, None)
        _make_keys(service)
        _bootstrap(cloud, service)
    service.prepared_with = software


def keep_or_choose_port(cloud: Cloud, service: Service) -> None:
    """Keep the port of a server that does not run, or choose another one when somebody else listens there now."""
    if not service.port or not ports.is_free(service.port):
        service.port = ports.choose(cloud.ports())


def demand_ports(services: Iterable[Service]) -> None:
    """Make sure that nobody else listens on the servers' ports.

    :raises CloudError: somebody does.
    """
    for service in services:
        if not ports.is_free(service.port):
            raise CloudError(f"port {service.port} of {service.name} is taken by another program; "
                             "scripts/devcloud up chooses another one")


def needs_start(cloud: Cloud, service: Service) -> bool:
    """Whether the server is not running with its present configuration."""
    return not service.is_running or service.started_with != _fingerprint(cloud, service)


def start(cloud: Cloud, service: Service) -> int:
    """Start a server that does not run; `wait` returns when it is ready.

    :returns: where its new lines begin in its log, an offset in bytes.
    :raises CloudError: it cannot be started.
    """
    kind = "keystone" if service.is_keystone else "glance"
    _write_config(cloud, service)
    log_start = service.log.stat().st_size if service.log.exists() else 0
    service.started_with = _fingerprint(cloud, service)
    service.process = processes.spawn(
        _command(cloud, service), folder=service.folder, log=service.log,
        environment=install.server_environment(cloud.venv) | {
            f"OS_{kind.upper()}_CONFIG_DIR": "conf",
            "DEVCLOUD_APPLICATION": f"{kind}.wsgi.api",
            "PYTHONPATH": str(SERVER_SIDE),
            "TMPDIR": str(service.scratch["tmp"]),
        },
    )
    return log_start


def wait(services: Iterable[Service], log_starts: dict[str, int], note: Say) -> None:
    """Wait until every server answers.

    :param log_starts: what `start` returned, by the server's name.
    :param note: takes which server is waited for.
    :raises CloudError: one ended, or does not answer in time; the details are the end of its log.
    """
    deadline = time.monotonic() + START_SECONDS
    for service in services:
        note(f"waiting for {service.name}")
        while not _answers(service):
            new_lines = install.tail(service.log, log_starts.get(service.name, 0))
            if not service.is_running:
                raise CloudError(f"{service.name} ended while starting; the whole log is {service.log}", new_lines)
            if time.monotonic() > deadline:
                raise CloudError(f"{service.name} does not answer on {service.url} after {START_SECONDS:.0f} s; "
                                 f"the whole log is {service.log}", new_lines)
            time.sleep(POLL_SECONDS)


def stop(services: Iterable[Service]) -> None:
    """End the servers' processes.

    :raises CloudError: one cannot be ended.
    """
    services = list(services)
    processes.end([service.process for service in services if service.process])
    for service in services:
        service.process = None


def _answers(service: Service) -> bool:
    try:
        return Client(service.port).try_call("GET", service.health_path, timeout=HEALTH_SECONDS).status == 200
    except CloudError:
        return False


def _command(cloud: Cloud, service: Service) -> list[str]:
    """The command line of a server; it holds no path of the user's but uWSGI's own, for uWSGI expands `%` and `$`."""
    return [
        *install.program(cloud.venv, "uwsgi"),
        "--http-socket", f"{ports.HOST}:{service.port}",
        "--module", "devcloud_app:application",
        # One process, so that a server is one pid; threads, so that several requests are served at once.
        "--lazy-apps", "--need-app", "--enable-threads", "--threads", str(THREADS),
        "--die-on-term",
        # Headers hold tokens and long property values.
        "--buffer-size", "65535",
        # python-glanceclient uploads in chunks of 1 MiB, which uWSGI's own limit does not quite take.
        "--chunked-input-limit", str(CHUNKED_INPUT_BYTES),
        # This socket closes each connection after the answer; clients that do not know this would meet resets.
        "--add-header", "Connection: close",
        # No log file of its own for requests: uWSGI would start a second process to write it.
        "--log-format", "request %(method) %(uri) %(status) at %(ltime), %(msecs) ms",
    ]


def _fingerprint(cloud: Cloud, service: Service) -> str:
    config = server_config(cloud, service, install.paste_config(cloud.venv))
    application = (SERVER_SIDE / "devcloud_app.py").read_text(encoding="utf-8")
    return hashlib.sha256(repr([config, application, _command(cloud, service)]).encode()).hexdigest()


def _write_config(cloud: Cloud, service: Service) -> None:
    name = "keystone.conf" if service.is_keystone else "glance-api.conf"
    write_private(service.conf_dir / name, server_config(cloud, service, install.paste_config(cloud.venv)))


def _bootstrap(cloud: Cloud, service: Service) -> None:
    """Create the first administrator, its roles and the identity service; everything else goes through the API."""
    _write_config(cloud, service)
    account = cloud.accounts[service.name][BOOTSTRAP_ACCOUNT.user]
    environment = install.server_environment(cloud.venv) | {
        # Not on the command line, where everybody could read the password.
        "OS_BOOTSTRAP_USERNAME": account.user,
        "OS_BOOTSTRAP_PASSWORD": account.password,
        "OS_BOOTSTRAP_PROJECT_NAME": account.project,
        "OS_BOOTSTRAP_ROLE_NAME": account.role,
        "OS_BOOTSTRAP_SERVICE_NAME": "keystone",
    }
    install.run(
        [*install.program(cloud.venv, "keystone-manage"), "--config-file", "conf/keystone.conf", "bootstrap"],
        folder=service.folder, log=service.log, environment=environment,
    )


def _make_keys(service: Service) -> None:
    """Write a primary and a staged key for tokens and for credentials: 32 random bytes each, as Fernet wants them."""
    for purpose in ("fernet", "credential"):
        folder = service.folder / "keys" / purpose
        folder.mkdir(parents=True, mode=0o700)
        for number in ("0", "1"):
            _write_key(folder / number)


def _write_key(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(base64.urlsafe_b64encode(secrets.token_bytes(32)))
