"""`volume-policy`: the policy server under load, as Cinder asks it, beside a bare route in the same server."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.debian import advice, find, holder

from ..figures import Figure, Result, at_least, at_most, plain
from ..http_load import HOST, LOAD, Load, load, server
from ..measure import Failed, alternate
from ..setting import CHECKOUT, PROGRAM, REFERENCE, Setting

RECORDS, FEW_RECORDS = 200_000, 20_000
CONNECTIONS, WORKERS, THREADS = 8, 1, 16
SECONDS, FEW_SECONDS = 10, 3
HEALTH = "/v1/health"
SETTINGS = "[main]\ndatabase = sqlite:///{file}\n[volumes]\naccount_id = {account}\n"


def measure(setting: Setting) -> Result:
    """Requests per second of one worker; each is about another backup, so that nothing is cached."""
    if find(LOAD) is None:
        return Result("—", skipped=advice([holder(LOAD)]))
    records = FEW_RECORDS if setting.quick else RECORDS
    seconds = FEW_SECONDS if setting.quick else SECONDS
    file = setting.work / "backups.db"
    _record(setting, file, records)
    with _served(setting, file) as ours, _served_bare(setting, file) as bare:
        pairs = alternate(setting.pairs, lambda: _load(ours, seconds), lambda: _load(bare, seconds))
    errors = [line for own, _ in pairs for line in own.errors]
    return Result(
        f"{records} records, {CONNECTIONS} connections, {seconds} s",
        [
            at_least("requests per second, one worker", 500, [own.rate for own, _ in pairs]),
            at_most("slowest hundredth", 50, [own.late for own, _ in pairs], ".1f", " ms"),
            Figure("errors", "0", str(len(errors)), not errors),
            plain("requests per second ÷ those of the bare route", [a.rate / b.rate for a, b in pairs], unit=" ×"),
            plain("median", [own.median for own, _ in pairs], form=".1f", unit=" ms"),
            plain("slowest hundredth of the bare route", [bare.late for _, bare in pairs], form=".1f", unit=" ms"),
        ],
        [
            "Each request is a connection of its own, as oslo.policy makes them; "
            f"{LOAD} runs on the same processors as the server.",
            *errors[:5],
        ],
    )


def _record(setting: Setting, file: Path, records: int) -> None:
    words = [setting.python, str(REFERENCE / "record_backups.py"), str(file), str(records)]
    done = subprocess.run(words, env={"PYTHONPATH": str(CHECKOUT)}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"the records cannot be made: {done.stderr.strip()[-500:]}")


@contextmanager
def _served(setting: Setting, file: Path) -> Iterator[str]:
    conf = setting.work / "policy.conf"
    conf.write_text(SETTINGS.format(file=file, account="0a" * 16), encoding="utf-8")
    words = [setting.python, str(PROGRAM), "volumes", "policy-server", "--conf", str(conf), "--workers", str(WORKERS)]
    environ = {"HOME": str(setting.work)}
    with server(setting, lambda port: [*words, "--listen", f"{HOST}:{port}"], environ, "policy", HEALTH) as address:
        yield address


@contextmanager
def _served_bare(setting: Setting, file: Path) -> Iterator[str]:
    words = [setting.python, "-m", "gunicorn", "--chdir", str(REFERENCE), "--worker-class", "gthread"]
    words += ["--threads", str(THREADS), "--workers", str(WORKERS), "bare_policy:app", "--bind"]
    environ = {"BARE_DATABASE": str(file)}
    with server(setting, lambda port: [*words, f"{HOST}:{port}"], environ, "bare-policy", HEALTH) as address:
        yield address


def _load(address: str, seconds: int) -> Load:
    return load(f"http://{address}/", CONNECTIONS, seconds, "--script", str(REFERENCE / "policy.lua"))
