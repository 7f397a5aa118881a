"""MariaDB as the services use it: how it is started, and SQL for it."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from workbench import debian

from devcloud_lib.errors import CloudError
from devcloud_lib.ports import HOST

USER = "openstack"
DATABASES = ("cinder", "nova", "nova_api", "nova_cell0", "placement")
SOCKET = "mariadb.sock"
TIMEOUT_SECONDS = 10.0

# Nobody needs this data after a power failure: the server need not wait for the disk.
OPTIONS = (
    "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=OFF", "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=16M", "--innodb-file-per-table=OFF", "--performance-schema=OFF", "--skip-log-bin",
    "--skip-name-resolve", "--max-connections=300", "--character-set-server=utf8mb3",
)


def command(data: Path, port: int, init_file: Path) -> list[str]:
    """The command line of a server.

    :param data: the folder of its data; its socket is there, too.
    :param port: where it listens on loopback.
    :param init_file: SQL that it executes when it starts, a statement a line.
    """
    return [
        _program("mariadbd"), "--no-defaults", *_as_root(), f"--datadir={data}", f"--socket={data / SOCKET}",
        f"--pid-file={data / 'mariadb.pid'}", f"--bind-address={HOST}", f"--port={port}", f"--init-file={init_file}",
        *OPTIONS,
    ]


def install_command(data: Path) -> list[str]:
    """The command line that makes an empty folder of data."""
    return [
        _program("mariadb-install-db"), "--no-defaults", *_as_root(), f"--datadir={data}",
        "--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-file-per-table=OFF",
        "--innodb-log-file-size=16M",
    ]


def account_sql(password: str) -> str:
    """SQL that gives the services' account its password; `root` can sign in through the socket alone."""
    return (
        f"CREATE OR REPLACE USER {USER}@'{HOST}' IDENTIFIED BY '{password}';\n"
        f"GRANT ALL ON *.* TO {USER}@'{HOST}';\n"
        "DELETE FROM mysql.global_priv WHERE User = 'root' AND Host <> 'localhost';\n"
        "FLUSH PRIVILEGES;\n"
    )


def url(password: str, port: int, database: str) -> str:
    """How the services connect to a database."""
    return f"mysql+pymysql://{USER}:{password}@{HOST}:{port}/{database}"


def is_ready(port: int) -> bool:
    """Whether a server on that port greets whoever connects."""
    try:
        with socket.create_connection((HOST, port), timeout=TIMEOUT_SECONDS) as connection:
            return len(connection.recv(5)) == 5
    except OSError:
        return False


def query(data: Path, sql: str) -> list[str]:
    """Execute SQL in a running server.

    :param data: the folder of its data.
    :returns: the lines of the result, columns apart by tabs.
    :raises CloudError: the server refuses it, or does not run.
    """
    words = [_program("mariadb"), "--no-defaults", "--user=root", f"--socket={data / SOCKET}", "--batch",
             "--skip-column-names"]
    done = subprocess.run(words, input=sql, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CloudError(f"MariaDB refuses what it is asked: {done.stderr.strip()}")
    return done.stdout.splitlines()


def _program(name: str) -> str:
    return debian.find(name) or name


def _as_root() -> Sequence[str]:
    """The server refuses to run as root unless it is asked to."""
    return ["--user=root"] if os.geteuid() == 0 else []
