"""A MariaDB of the tests' own, on a socket in a folder of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .programs import program
from .server import wait_for

PROGRAMS = ("mariadb-install-db", "mariadbd", "mariadb")
DATABASE, USER, PASSWORD = "glancesync", "glancesync", "secret"
PREPARATION = (
    f"CREATE DATABASE {DATABASE}; CREATE USER {USER}@localhost IDENTIFIED BY '{PASSWORD}'; "
    f"GRANT ALL ON {DATABASE}.* TO {USER}@localhost"
)


@contextmanager
def running_mariadb(folder: Path) -> Iterator[str]:
    """Start one, as an unprivileged user; its URL.

    :param folder: for its log
    """
    install, server, client = map(program, PROGRAMS)
    # Short, for the path of a socket is limited; of a user who is not root, for the server refuses that one.
    home = Path(tempfile.mkdtemp(prefix="my-"))
    user = pwd.getpwnam("nobody").pw_name if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    if os.getuid() == 0:
        shutil.chown(home, user)
    where = [f"--datadir={home / 'data'}", f"--user={user}"]
    words = [install, "--no-defaults", *where, "--auth-root-authentication-method=normal", "--skip-test-db"]
    try:
        done = subprocess.run(words, cwd=home, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        options = [*where, f"--socket={home / 's'}", "--skip-networking", "--innodb-flush-log-at-trx-commit=0"]
        with (folder / "mariadb.log").open("wb") as log:
            process = subprocess.Popen(
                [server, "--no-defaults", *options], cwd=home, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            query = [client, "--no-defaults", f"--socket={home / 's'}", "-uroot", "-e"]
            wait_for(lambda: process.poll() is not None or _succeeds([*query, "SELECT 1"]), "MariaDB")
            assert process.poll() is None, (folder / "mariadb.log").read_text()
            subprocess.run([*query, PREPARATION], check=True)
            yield f"mysql://{USER}:{PASSWORD}@localhost/{DATABASE}?unix_socket={home / 's'}"
        finally:
            process.kill()
            process.wait()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _succeeds(words: list[str]) -> bool:
    return subprocess.run(words, capture_output=True, check=False).returncode == 0
