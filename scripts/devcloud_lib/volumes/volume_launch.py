"""How the servers of the volumes are prepared and started."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from workbench import debian

from devcloud_lib import install
from devcloud_lib.ceph.ceph_modules import module_folder
from devcloud_lib.launch import SERVER_SIDE, Launch, uwsgi_command
from devcloud_lib.ports import HOST
from devcloud_lib.state import Cloud, Service
from devcloud_lib.volumes import mariadb_server, runtime_folder
from devcloud_lib.volumes.volume_config import QUEUE_USER, config_files
from devcloud_lib.volumes.volume_install import data_template

WSGI_MODULES = {
    "cinder-api": "cinder.wsgi.api",
    "nova-api": "nova.wsgi.osapi_compute",
    "placement": "placement.wsgi.api",
}
API_THREADS = 4
SYSTEM_FOLDERS = ("/usr/sbin", "/sbin")


def prepare(cloud: Cloud, software: str) -> None:
    """Give the servers of the volumes empty databases and folders.

    They are prepared together, for what one knows of the others has to fit.

    :param software: fingerprint of the installed software.
    """
    for folder in (*(service.folder for service in cloud.volume_servers()), cloud.folder / "volumes"):
        shutil.rmtree(folder, ignore_errors=True)
    runtime_folder.remove(cloud)
    runtime = runtime_folder.path_of(cloud.folder)
    runtime_folder.make(runtime)
    shutil.copytree(data_template(cloud.volumes_venv), runtime / runtime_folder.DATA)
    for folder in (cloud.share, cloud.backups):
        folder.mkdir(parents=True, mode=0o700)
    for service in cloud.volume_servers():
        service.prepared_with = software


def make_folders(cloud: Cloud, service: Service) -> None:
    """Make the folders that a server needs when it starts."""
    runtime = runtime_folder.path_of(cloud.folder)
    runtime_folder.make(runtime)
    for folder in (service.folder, service.conf_dir, service.folder / "state", runtime / "locks", runtime / "tmp",
                   runtime / "rabbitmq"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def launch(cloud: Cloud, service: Service) -> Launch:
    """How to start a server."""
    if service.name == "epmd":
        words = [debian.find("epmd") or "epmd", "-port", str(service.port), "-address", HOST]
        return Launch(words, install.server_environment(cloud.volumes_venv), {})
    if service.name == "mariadb":
        return _mariadb(cloud, service)
    if service.name == "rabbitmq":
        return _rabbitmq(cloud, service)
    if service.name == "neutron":
        words = [*_python(cloud), str(SERVER_SIDE / "neutron_standin.py"), str(service.port)]
        return Launch(words, install.server_environment(cloud.volumes_venv), {})
    return _openstack(cloud, service)


def _mariadb(cloud: Cloud, service: Service) -> Launch:
    init_file = runtime_folder.path_of(cloud.folder) / "init.sql"  # short, without characters that need quoting
    data = runtime_folder.path_of(cloud.folder) / runtime_folder.DATA
    return Launch(
        mariadb_server.command(data, service.port, init_file), install.server_environment(cloud.volumes_venv),
        {init_file: mariadb_server.account_sql(cloud.database_password)},
    )


def _rabbitmq(cloud: Cloud, service: Service) -> Launch:
    home = runtime_folder.path_of(cloud.folder) / "rabbitmq"
    config = home / "rabbitmq.conf"
    plugins = home / "enabled_plugins"
    settings = {
        "listeners.tcp.1": f"{HOST}:{service.port}",
        "default_user": QUEUE_USER,
        "default_pass": cloud.queue_password,
        "vm_memory_high_watermark.absolute": "512MB",
        "disk_free_limit.absolute": "50MB",
        "log.console": "true",
        "log.file": "false",
    }
    environment = {
        "HOME": str(home),
        # A name of its own, so that two clouds can run at the same time.
        "RABBITMQ_NODENAME": f"devcloud-{hashlib.sha256(str(cloud.folder).encode()).hexdigest()[:12]}@localhost",
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_CONFIG_FILE": str(config),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
        "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_DIST_PORT": str(service.second_port),
        "ERL_EPMD_PORT": str(cloud.services["epmd"].port),
        "ERL_EPMD_ADDRESS": HOST,
        # The server itself instead of a shell that waits for it: its pid is the one that is ended.
        "RABBITMQ_ALLOW_INPUT": "1",
        "RABBITMQ_SERVER_START_ARGS": "-noinput",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none",
    }
    return Launch(
        [debian.find("rabbitmq-server") or "rabbitmq-server"],
        install.server_environment(cloud.volumes_venv) | environment,
        {config: "".join(f"{key} = {value}\n" for key, value in settings.items()), plugins: "[].\n"},
    )


def _openstack(cloud: Cloud, service: Service) -> Launch:
    kind = service.name.partition("-")[0]
    module = WSGI_MODULES.get(service.name)
    if module:
        command = uwsgi_command(cloud.volumes_venv, service, f"{module}:application", API_THREADS)
        if kind == "cinder":
            command += ["--pyargv", "--config-file conf/cinder.conf"]
    elif service.name == "nova-compute":
        command = [*_python(cloud), str(SERVER_SIDE / "devcloud_compute.py"), "--config-file", "conf/nova.conf"]
    else:
        command = [*install.program(cloud.volumes_venv, service.name), "--config-file", f"conf/{kind}.conf"]
    return Launch(command, _environment(cloud), config_files(cloud, service))


def _environment(cloud: Cloud) -> Mapping[str, str]:
    environment = install.server_environment(cloud.volumes_venv)
    # What stands in for `sudo` and `mount` comes first.
    path = os.pathsep.join([str(SERVER_SIDE / "bin"), environment["PATH"], *SYSTEM_FOLDERS])
    return environment | {
        "PATH": path,
        "PYTHONPATH": os.pathsep.join(map(str, filter(None, (SERVER_SIDE, module_folder(cloud.folder))))),
        "TMPDIR": str(runtime_folder.path_of(cloud.folder) / "tmp"),
        # Nova takes its pipeline from the first one, whose path has to be absolute.
        "OS_NOVA_CONFIG_DIR": "conf",
        "OS_NOVA_CONFIG_FILES": f"{cloud.volumes_venv / 'etc' / 'nova' / 'api-paste.ini'};nova.conf",
        "OS_PLACEMENT_CONFIG_DIR": "conf",
        "MALLOC_ARENA_MAX": "2",
    }


def _python(cloud: Cloud) -> list[str]:
    return [str(Path(cloud.volumes_venv) / "bin" / "python")]
