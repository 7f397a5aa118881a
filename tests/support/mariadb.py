"""A MariaDB of the tests' own, on a socket in a folder of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .conditions import wait_for
from .programs import program

DATABASE, USER, PASSWORD = "glancesync", "glancesync", "secret"
PREPARATION = (
    f"CREATE DATABASE {DATABASE}; CREATE USER {USER}@localhost IDENTIFIED BY '{PASSWORD}'; "
    f"GRANT ALL ON {DATABASE}.* TO {USER}@localhost"
)


@dataclass
class MariaDB:
    """A server that can be killed and started again.

    :param home: a folder for its data, its socket and its process
    :param user: the unprivileged one that it runs as
    :param log: the file of its log
    """

    home: Path
    user: str
    log: Path
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL of its database."""
        return f"mysql://{USER}:{PASSWORD}@localhost/{DATABASE}?unix_socket={self.home / 's'}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = [*self._where(), f"--socket={self.home / 's'}", "--skip-networking"]
        with self.log.open("ab") as log:
            process = self._process = subprocess.Popen(
                [program("mariadbd"), "--no-defaults", *options, "--innodb-flush-log-at-trx-commit=0"],
                cwd=self.home, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        wait_for(lambda: process.poll() is not None or self.does("SELECT 1"), "MariaDB")
        assert process.poll() is None, self.log.read_text()

    def kill(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def prepare(self) -> None:
        """Make its data."""
        words = [program("mariadb-install-db"), "--no-defaults", *self._where()]
        words += ["--auth-root-authentication-method=normal", "--skip-test-db"]
        done = subprocess.run(words, cwd=self.home, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def does(self, statement: str) -> bool:
        """Whether it carries a statement out."""
        query = [program("mariadb"), "--no-defaults", f"--socket={self.home / 's'}", "-uroot", "-e", statement]
        return subprocess.run(query, capture_output=True, check=False).returncode == 0

    def _where(self) -> list[str]:
        return [f"--datadir={self.home / 'data'}", f"--user={self.user}"]


@contextmanager
def own_mariadb(folder: Path) -> Iterator[MariaDB]:
    """Start one, as an unprivileged user.

    :param folder: for its log
    """
    # Short, for the path of a socket is limited; of a user who is not root, for the server refuses that one.
    home = Path(tempfile.mkdtemp(prefix="my-"))
    user = pwd.getpwnam("nobody").pw_name if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    if os.getuid() == 0:
        shutil.chown(home, user)
    server = MariaDB(home, user, folder / "mariadb.log")
    try:
        server.prepare()
        server.start()
        assert server.does(PREPARATION)
        yield server
    finally:
        server.kill()
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def running_mariadb(folder: Path) -> Iterator[str]:
    """Start one, as an unprivileged user; its URL.

    :param folder: for its log
    """
    with own_mariadb(folder) as server:
        yield server.url
