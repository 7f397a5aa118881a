"""A PostgreSQL of the tests' own, on a socket in their folder."""

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


@contextmanager
def running_postgresql(folder: Path) -> Iterator[str]:
    """Start one, as an unprivileged user; its URL.

    :param folder: for its log
    """
    initdb, pg_ctl = program("initdb"), program("pg_ctl")
    # Short, for the path of a socket is limited; of a user who is not root, for the server refuses that one.
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    user = pwd.getpwnam("nobody").pw_name if os.getuid() == 0 else None
    if user:
        shutil.chown(home, user)

    def run(*words: str) -> None:
        done = subprocess.run(words, user=user, cwd=home, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    data = home / "data"
    try:
        run(initdb, "-D", str(data), "-U", "glancesync", "-A", "trust", "--no-sync", "-E", "UTF8", "--no-locale")
        options = f"-k {home} -c listen_addresses='' -c fsync=off"
        run(pg_ctl, "-D", str(data), "-l", str(home / "log"), "-w", "-o", options, "start")
        try:
            yield f"postgresql://glancesync@/postgres?host={home}"
        finally:
            run(pg_ctl, "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)
