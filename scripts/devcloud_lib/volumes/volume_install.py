"""The software of the volumes: Python packages in a virtual environment of their own, programs of Debian, databases.

The migrations of Cinder and Nova take a minute: they are run once, and every cloud gets a copy of MariaDB's data.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from workbench import debian
from workbench.debian import Part
from workbench.progress import Say

from devcloud_lib import install, ports, processes
from devcloud_lib.configuration import render
from devcloud_lib.errors import CloudError
from devcloud_lib.volumes import mariadb_server, runtime_folder
from devcloud_lib.volumes.server_table import HOST_NAME
from devcloud_lib.waiting import wait_for

START_SECONDS = 240.0

# Nova takes these apart and puts in what is configured where it runs: the ports differ from cloud to cloud.
CELL_DATABASE = "{scheme}://{username}:{password}@{hostname}:{port}/"
CELL_QUEUE = "{scheme}://{username}:{password}@{hostname}:{port}/"


def install_volumes(venv: Path, say: Say) -> str:
    """Make sure that the software of the volumes is there.

    :param venv: the virtual environment of the volumes.
    :param say: takes a line of progress.
    :returns: a fingerprint of the software.
    :raises CloudError: something could not be installed.
    """
    if os.geteuid() != 0:
        raise CloudError("the volumes need root, for Cinder's helper (oslo.privsep) does; "
                         "call scripts/devcloud up --with volumes as root, for instance in a container")
    absent = debian.provide(Part.VOLUMES, say=say)
    if absent:
        raise CloudError(f"the volumes need programs of Debian; {debian.advice(absent)}")
    return install.install(venv, say, VOLUMES)


def data_template(venv: Path) -> Path:
    """MariaDB's data with empty databases, to be copied.

    :param venv: the virtual environment of the volumes.
    """
    return install.prepared_folder(venv) / runtime_folder.DATA


def _make_databases(venv: Path) -> None:
    """Have a MariaDB make the databases, run the migrations there, and keep its data."""
    template = data_template(venv)
    shutil.rmtree(template, ignore_errors=True)
    work = template.with_name("work")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="glancesync-devcloud-", dir=runtime_folder.place()) as name:
        runtime = Path(name)
        data = runtime / runtime_folder.DATA
        install.run(mariadb_server.install_command(data), folder=work, log=work / "install.log",
                    environment=install.server_environment(venv))
        port, password = ports.choose(()), secrets.token_hex(16)
        server = _start_mariadb(data, work, port, password, venv)
        try:
            _migrate(venv, work, port, password)
            _map_the_host(data)
        finally:
            processes.end([server])
        shutil.copytree(data, template, ignore=shutil.ignore_patterns("*.sock", "*.pid", "*.err"))
    shutil.rmtree(work)


def _start_mariadb(data: Path, work: Path, port: int, password: str, venv: Path) -> processes.Process:
    init_file = work / "init.sql"
    create = "".join(f"CREATE DATABASE {name};\n" for name in mariadb_server.DATABASES)
    init_file.write_text(create + mariadb_server.account_sql(password), encoding="ascii")
    log = work / "mariadb.log"
    server = processes.spawn(mariadb_server.command(data, port, init_file), folder=work, log=log,
                             environment=install.server_environment(venv))
    wait_for(lambda: mariadb_server.is_ready(port) or not server.is_alive(), START_SECONDS)
    if not mariadb_server.is_ready(port):
        processes.end([server])
        raise CloudError("MariaDB does not start", install.tail(log))
    return server


def _migrate(venv: Path, work: Path, port: int, password: str) -> None:
    urls = {name: mariadb_server.url(password, port, name) for name in mariadb_server.DATABASES}
    configs = {
        "cinder": {"database": {"connection": urls["cinder"]}, "DEFAULT": {"state_path": "."}},
        "placement": {"placement_database": {"connection": urls["placement"]}},
        "nova": {
            "DEFAULT": {"state_path": ".", "transport_url": "rabbit://nobody:nothing@localhost:1/"},
            "api_database": {"connection": urls["nova_api"]},
            "database": {"connection": urls["nova"]},
        },
    }
    for kind, sections in configs.items():
        (work / f"{kind}.conf").write_text(render(sections), encoding="ascii")
    cell0 = ["cell_v2", "map_cell0", "--database_connection", CELL_DATABASE + "nova_cell0"]
    cell1 = ["cell_v2", "create_cell", "--name", "cell1", "--database_connection", CELL_DATABASE + "nova",
             "--transport-url", CELL_QUEUE]
    steps: dict[str, Sequence[Sequence[str]]] = {
        "nova": [["api_db", "sync"], cell0, cell1, ["db", "sync"]],
        "cinder": [["db", "sync"]],
        "placement": [["db", "sync"]],
    }

    def work_on(kind: str) -> None:
        environment = install.server_environment(venv) | {"OS_PLACEMENT_CONFIG_DIR": str(work)}
        for words in steps[kind]:
            command = [*install.program(venv, f"{kind}-manage"), "--config-file", f"{kind}.conf", *words]
            install.run(command, folder=work, log=work / f"{kind}.log", environment=environment)

    with ThreadPoolExecutor() as pool:
        list(pool.map(work_on, steps))


def _map_the_host(data: Path) -> None:
    """Tell Nova in which cell its compute host is; by itself it would look for new hosts a minute after its start."""
    columns, cell = "created_at, cell_id, host", "FROM nova_api.cell_mappings WHERE name = 'cell1'"
    sql = f"INSERT INTO nova_api.host_mappings ({columns}) SELECT NOW(), id, '{HOST_NAME}' {cell};"
    mariadb_server.query(data, sql)


VOLUMES = install.Software("Cinder and Nova", install.SCRIPTS / "devcloud-volumes-requirements.txt", _make_databases)
