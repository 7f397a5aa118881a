"""A Redis of the tests' own, on loopback."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.conditions import PATIENCE, wait_for
from tests.support.free_ports import free_port
from tests.support.programs import program
from tests.support.server import LOOPBACK


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """Start one that keeps nothing; its URL.

    :param folder: for its log
    """
    server = program("redis-server")
    port = free_port()
    words = ["--bind", LOOPBACK, "--port", str(port), "--save", "", "--dir", str(folder)]
    with (folder / "redis.out").open("wb") as out:
        process = subprocess.Popen([server, *words], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        wait_for(lambda: process.poll() is not None or _answers(port), "Redis")
        assert process.poll() is None, (folder / "redis.out").read_text()
        yield f"redis://{LOOPBACK}:{port}/0"
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=5) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(7) == b"+PONG\r\n"
    except OSError:
        return False
