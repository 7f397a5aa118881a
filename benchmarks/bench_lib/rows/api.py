"""`api`: the REST server under load, against a bare route in the same server."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from workbench.debian import advice, find, holder

from ..figures import Figure, Result, at_least, at_most, plain
from ..measure import Failed, alternate
from ..setting import CHECKOUT, REFERENCE, Setting
from .plan import Federation

IMAGES, REGION = 500, "Region000"
CONNECTIONS, WORKERS, THREADS = 8, 2, 8
SECONDS, FEW_SECONDS = 10, 3
HOST = "127.0.0.1"
LOAD = "wrk"
PATIENCE = 60.0
PAUSE = 2.0
"""Seconds between two changes; each worker then works the statuses out anew, while its other requests wait."""

CHANGED = "image-000007"
"""The image that changes while the server is asked."""

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


def measure(setting: Setting) -> Result:
    """Requests per second; meanwhile the region changes, and each change has to be seen at once."""
    if find(LOAD) is None:
        return Result("—", skipped=advice([holder(LOAD)]))
    federation = Federation(setting, IMAGES, 1)
    seconds = FEW_SECONDS if setting.quick else SECONDS
    environ = _environ(setting, federation)
    with _served(setting, environ) as ours:
        (setting.work / "answer.json").write_bytes(_ask(ours, f"/regions/{REGION}"))
        changes = _Changes(federation, ours)
        with _served_bare(setting, environ) as bare:
            pairs = alternate(
                setting.pairs,
                lambda: changes.during(lambda: _load(ours, seconds)),
                lambda: _load(bare, seconds),
            )
    errors = [line for own, _ in pairs for line in own.errors]
    return Result(
        f"{IMAGES} images, {CONNECTIONS} connections, {seconds} s",
        [
            at_least("requests per second ÷ those of the bare route", 0.5, [a.rate / b.rate for a, b in pairs], " ×"),
            at_most("slowest hundredth ÷ median", 10, [own.late / own.median for own, _ in pairs], unit=" ×"),
            Figure("errors", "0", str(len(errors)), not errors),
            Figure(f"stale answers after {changes.made} changes", "0", str(changes.stale), not changes.stale),
            plain("the same of the bare route", [bare.late / bare.median for _, bare in pairs], unit=" ×"),
            plain("median", [own.median for own, _ in pairs], form=".1f", unit=" ms"),
            plain("median of the bare route", [bare.median for _, bare in pairs], form=".1f", unit=" ms"),
        ],
        [
            f"At best {max(own.rate for own, _ in pairs):.0f} requests per second, the bare route "
            f"{max(bare.rate for _, bare in pairs):.0f}. Meanwhile an image changes every {PAUSE:.0f} s.",
            *errors[:5],
        ],
    )


class _Changes:
    """Changes an image again and again, and asks at once what has become of it."""

    def __init__(self, federation: Federation, address: str) -> None:
        self._file = federation.loaded / "federation.sqlite"
        self._address = address
        self.made = 0
        self.stale = 0

    def during(self, load: Callable[[], Load]) -> Load:
        """Make changes as long as something lasts; its result."""
        ended = threading.Event()
        thread = threading.Thread(target=self._make, args=(ended,))
        thread.start()
        try:
            return load()
        finally:
            ended.set()
            thread.join()

    def _make(self, ended: threading.Event) -> None:
        with closing(sqlite3.connect(self._file, timeout=PATIENCE, isolation_level=None)) as connection:
            while not ended.wait(PAUSE):
                self.made += 1
                status, checksum = ("error_checksum", "f" * 32) if self.made % 2 else ("ok", f"{7:032x}")
                connection.execute(
                    "UPDATE images SET checksum = ? WHERE name = ? AND region ="
                    " (SELECT number FROM regions WHERE name = ?)",
                    (checksum, CHANGED, REGION),
                )
                for _ in range(2 * WORKERS):  # each worker is asked, for most orders in which they take them
                    found = json.loads(_ask(self._address, f"/regions/{REGION}?image={CHANGED}"))["images"]
                    self.stale += [image["status"] for image in found] != [status]


def _environ(setting: Setting, federation: Federation) -> dict[str, str]:
    runtime = setting.work / "run"
    runtime.mkdir(mode=0o700)
    return {
        **federation.environ, "HOME": str(setting.work), "XDG_RUNTIME_DIR": str(runtime),
        "GLANCESYNCAPP_DATABASE_PATH": str(setting.work / "database"),
        "BARE_FEDERATION": str(federation.loaded / "federation.sqlite"),
        "BARE_ANSWER": str(setting.work / "answer.json"),
    }


@contextmanager
def _served(setting: Setting, environ: Mapping[str, str]) -> Iterator[str]:
    program = str(CHECKOUT / "fiwareglancesync" / "run.py")
    words = [setting.python, program, "gunicornserver", "-w", str(WORKERS), "-p"]
    with _server(setting, words, environ, "server") as address:
        yield address


@contextmanager
def _served_bare(setting: Setting, environ: Mapping[str, str]) -> Iterator[str]:
    words = [setting.python, "-m", "gunicorn", "--chdir", str(REFERENCE), "--worker-class", "gthread"]
    words += ["--threads", str(THREADS), "--workers", str(WORKERS), "bare_api:app", "--bind"]
    with _server(setting, words, environ, "bare") as address:
        yield address


@contextmanager
def _server(setting: Setting, words: Sequence[str], environ: Mapping[str, str], name: str) -> Iterator[str]:
    """A server; its last word is the port, which for ``--bind`` has a host before it."""
    port = _free_port()
    where = f"{HOST}:{port}" if words[-1] == "--bind" else str(port)
    output = setting.work / f"{name}.out"
    with output.open("wb") as out:
        process = subprocess.Popen(
            [*words, where], env=dict(environ), cwd=setting.work, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        _wait(process, port, output)
        yield f"{HOST}:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _wait(process: subprocess.Popen[bytes], port: int, output: Path) -> None:
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            _ask(f"{HOST}:{port}", f"/regions/{REGION}")
        except (OSError, HTTPException):
            time.sleep(0.1)
        else:
            return
    raise Failed(f"a server does not start: {output.read_text(encoding='utf-8', errors='replace').strip()[-500:]}")


def _ask(address: str, path: str) -> bytes:
    with closing(HTTPConnection(address, timeout=PATIENCE)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    if answer.status != 200:
        raise Failed(f"GET {path} was answered with {answer.status}")
    return body


def _load(address: str, seconds: int) -> Load:
    words = [LOAD, "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{seconds}s", "--latency"]
    url = f"http://{address}/regions/{REGION}"
    done = subprocess.run([*words, url], capture_output=True, text=True, check=False)
    rate, latency = RATE.search(done.stdout), {m[1]: float(m[2]) * UNITS[m[3]] for m in LATENCY.finditer(done.stdout)}
    if done.returncode != 0 or rate is None or set(latency) != {"50", "99"}:
        raise Failed(f"{LOAD} failed: {(done.stdout + done.stderr).strip()[-500:]}")
    return Load(float(rate[1]), latency["50"], latency["99"], ERRORS.findall(done.stdout))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
