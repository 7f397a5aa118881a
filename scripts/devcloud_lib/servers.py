"""Prepares, starts, watches and ends the servers."""

from __future__ import annotations

import base64
import enum
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
from devcloud_lib.launch import SERVER_SIDE, Launch, uwsgi_command
from devcloud_lib.state import Cloud, Service, write_private
from devcloud_lib.topology import BOOTSTRAP_ACCOUNT
from devcloud_lib.volumes import volume_health, volume_launch

START_SECONDS = 240.0
HEALTH_SECONDS = 10.0
POLL_SECONDS = 0.1
THREADS = 8


class Health(enum.Enum):
    """What can be seen of a server."""

    UP = "up"
    SILENT = "no answer"  # the process runs, but does not answer
    DOWN = "down"


def health(cloud: Cloud, service: Service) -> Health:
    """Look at the process and ask the server."""
    if not service.is_running:
        return Health.DOWN
    return Health.UP if _answers(cloud, service) else Health.SILENT


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
    if service.has_port and not (service.port and ports.is_free(service.port)):
        service.port = ports.choose(cloud.ports())
    if service.name == "rabbitmq" and not (service.second_port and ports.is_free(service.second_port)):
        service.second_port = ports.choose(cloud.ports())


def demand_ports(services: Iterable[Service]) -> None:
    """Make sure that nobody else listens on the servers' ports.

    :raises CloudError: somebody does.
    """
    for service in services:
        if service.has_port and not ports.is_free(service.port):
            raise CloudError(f"port {service.port} of {service.name} is taken by another program; "
                             "scripts/devcloud up chooses another one")


def needs_start(cloud: Cloud, service: Service) -> bool:
    """Whether the server is not running with its present configuration."""
    return not service.is_running or service.started_with != _launch(cloud, service).fingerprint


def start(cloud: Cloud, service: Service) -> int:
    """Start a server that does not run; `wait` returns when it is ready.

    :returns: where its new lines begin in its log, an offset in bytes.
    :raises CloudError: it cannot be started.
    """
    if service.is_of_volumes:
        volume_launch.make_folders(cloud, service)
    launch = _launch(cloud, service)
    launch.write_files()
    log_start = service.log.stat().st_size if service.log.exists() else 0
    service.started_with = launch.fingerprint
    service.process = processes.spawn(
        launch.command, folder=service.folder, log=service.log, environment=launch.environment
    )
    return log_start


def wait(cloud: Cloud, services: Iterable[Service], log_starts: dict[str, int], note: Say) -> None:
    """Wait until every server answers.

    :param log_starts: what `start` returned, by the server's name.
    :param note: takes which server is waited for.
    :raises CloudError: one ended, or does not answer in time; the details are the end of its log.
    """
    deadline = time.monotonic() + START_SECONDS
    for service in services:
        note(f"waiting for {service.name}")
        while not _answers(cloud, service):
            new_lines = install.tail(service.log, log_starts.get(service.name, 0))
            if not service.is_running:
                raise CloudError(f"{service.name} ended while starting; the whole log is {service.log}", new_lines)
            if time.monotonic() > deadline:
                where = f" on {service.url}" if service.url else ""
                raise CloudError(f"{service.name} does not answer{where} after {START_SECONDS:.0f} s; "
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


def kill(services: Iterable[Service]) -> None:
    """Kill the servers' processes.

    :raises CloudError: one survives.
    """
    services = list(services)
    processes.end([service.process for service in services if service.process], gently=False)
    for service in services:
        service.process = None


def _answers(cloud: Cloud, service: Service) -> bool:
    if service.is_of_volumes:
        return volume_health.answers(cloud, service)
    try:
        return Client(service.port).try_call("GET", service.health_path, timeout=HEALTH_SECONDS).status == 200
    except CloudError:
        return False


def _launch(cloud: Cloud, service: Service) -> Launch:
    """How to start a server."""
    if service.is_of_volumes:
        return volume_launch.launch(cloud, service)
    kind = "keystone" if service.is_keystone else "glance"
    return Launch(
        uwsgi_command(cloud.venv, service, "devcloud_app:application", THREADS),
        install.server_environment(cloud.venv) | {
            f"OS_{kind.upper()}_CONFIG_DIR": "conf",
            "DEVCLOUD_APPLICATION": f"{kind}.wsgi.api",
            "PYTHONPATH": str(SERVER_SIDE),
            "TMPDIR": str(service.scratch["tmp"]),
        },
        _config_file(cloud, service),
    )


def _config_file(cloud: Cloud, service: Service) -> dict[Path, str]:
    name = "keystone.conf" if service.is_keystone else "glance-api.conf"
    return {service.conf_dir / name: server_config(cloud, service, install.paste_config(cloud.venv))}


def _bootstrap(cloud: Cloud, service: Service) -> None:
    """Create the first administrator, its roles and the identity service; everything else goes through the API."""
    for path, text in _config_file(cloud, service).items():
        write_private(path, text)
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
