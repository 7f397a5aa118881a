"""`api`: the REST server under load, against a bare route in the same server."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager

from workbench.debian import advice, find, holder

from ..figures import Figure, Result, at_least, at_most, plain
from ..http_load import HOST, LOAD, PATIENCE, Load, ask, load, server
from ..measure import alternate
from ..setting import CHECKOUT, REFERENCE, Setting
from .plan import Federation

IMAGES, REGION = 500, "Region000"
CONNECTIONS, WORKERS, THREADS = 8, 2, 8
SECONDS, FEW_SECONDS = 10, 3
PATH = f"/regions/{REGION}"
PAUSE = 2.0
"""Seconds between two changes; each worker then works the statuses out anew, while its other requests wait."""

CHANGED = "image-000007"
"""The image that changes while the server is asked."""


def measure(setting: Setting) -> Result:
    """Requests per second; meanwhile the region changes, and each change has to be seen at once."""
    if find(LOAD) is None:
        return Result("—", skipped=advice([holder(LOAD)]))
    federation = Federation(setting, IMAGES, 1)
    seconds = FEW_SECONDS if setting.quick else SECONDS
    environ = _environ(setting, federation)
    with _served(setting, environ) as ours:
        (setting.work / "answer.json").write_bytes(ask(ours, PATH))
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
                    found = json.loads(ask(self._address, f"/regions/{REGION}?image={CHANGED}"))["images"]
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
    with server(setting, lambda port: [*words, str(port)], environ, "server", PATH) as address:
        yield address


@contextmanager
def _served_bare(setting: Setting, environ: Mapping[str, str]) -> Iterator[str]:
    words = [setting.python, "-m", "gunicorn", "--chdir", str(REFERENCE), "--worker-class", "gthread"]
    words += ["--threads", str(THREADS), "--workers", str(WORKERS), "bare_api:app", "--bind"]
    with server(setting, lambda port: [*words, f"{HOST}:{port}"], environ, "bare", PATH) as address:
        yield address


def _load(address: str, seconds: int) -> Load:
    return load(f"http://{address}{PATH}", CONNECTIONS, seconds)
