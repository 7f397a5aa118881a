"""Servers that are measured under load, and the program that makes it."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from .measure import Failed
from .setting import Setting

HOST = "127.0.0.1"
LOAD = "wrk"
PATIENCE = 60.0

LATENCY = re.compile(r"^\s+(50|99)%\s+([0-9.]+)(us|ms|s)\s*$", re.MULTILINE)
RATE = re.compile(r"^Requests/sec:\s+([0-9.]+)", re.MULTILINE)
ERRORS = re.compile(r"^\s*(?:Non-2xx or 3xx responses|Socket errors):.*$", re.MULTILINE)
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


@dataclass(frozen=True)
class Load:
    """What a server did under load.

    :param rate: requests per second
    :param median: milliseconds
    :param late: milliseconds that one request of a hundred took at least
    :param errors: what went wrong, a line each
    """

    rate: float
    median: float
    late: float
    errors: Sequence[str]


@contextmanager
def server(
    setting: Setting, words: Callable[[int], Sequence[str]], environ: Mapping[str, str], name: str, path: str
) -> Iterator[str]:
    """A server that runs meanwhile; its host and port.

    :param words: the command for a port
    :param name: of the file with what it prints
    :param path: what it answers when it serves
    """
    port = _free_port()
    output = setting.work / f"{name}.out"
    with output.open("wb") as out:
        process = subprocess.Popen(
            words(port), env=dict(environ), cwd=setting.work, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        _wait(process, f"{HOST}:{port}", path, output)
        yield f"{HOST}:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE)


def ask(address: str, path: str) -> bytes:
    """What a server answers to GET.

    :param address: host and port
    """
    with closing(HTTPConnection(address, timeout=PATIENCE)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    if answer.status != 200:
        raise Failed(f"GET {path} was answered with {answer.status}")
    return body


def load(url: str, connections: int, seconds: int, *options: str, environ: Mapping[str, str] | None = None) -> Load:
    """Ask a server as often as it answers.

    :param connections: requests at once
    :param options: further words for the program
    :param environ: its environment; None means that of this process
    """
    words = [LOAD, "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--latency"]
    done = subprocess.run([*words, *options, url], env=environ, capture_output=True, text=True, check=False)
    rate, latency = RATE.search(done.stdout), {m[1]: float(m[2]) * UNITS[m[3]] for m in LATENCY.finditer(done.stdout)}
    if done.returncode != 0 or rate is None or set(latency) != {"50", "99"}:
        raise Failed(f"{LOAD} failed: {(done.stdout + done.stderr).strip()[-500:]}")
    return Load(float(rate[1]), latency["50"], latency["99"], ERRORS.findall(done.stdout))


def _wait(process: subprocess.Popen[bytes], address: str, path: str, output: Path) -> None:
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            ask(address, path)
        except (OSError, HTTPException, Failed):
            time.sleep(0.1)
        else:
            return
    raise Failed(f"a server does not start: {output.read_text(encoding='utf-8', errors='replace').strip()[-500:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
