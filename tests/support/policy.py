"""The policy server of volume backups, for tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from sqlalchemy import insert

from fiwareglancesync.base.database import open_engine
from fiwareglancesync.volumes.state.volume_tables import backups
from tests.support.server import ROOT, serving

RECORDED = "11111111-94d5-4b0c-8f6e-0c3b7d2a9e15"

EMPTY: Mapping[type, object] = {str: "", object: "", float: 0.0, int: 0, bool: False}

USER, PROJECT = "0b" * 16, "0c" * 16


def record_backup(url: str, backup_id: str) -> None:
    """Record a backup in a database, which is made if it is not there."""
    engine = open_engine(url)
    backups.metadata.create_all(engine, [backups])
    row = {column.name: EMPTY[column.type.python_type] for column in backups.columns if not column.nullable}
    named = {name: str(uuid4()) for name in ("id", "volume_id")}
    with engine.begin() as connection:
        connection.execute(insert(backups).values({**row, **named, "backup_id": backup_id}))


def form_of(backup_id: str, **changes: Any) -> dict[str, str]:
    """What oslo.policy posts about a member's own backup, with changes."""
    target = {"id": backup_id, "user_id": USER, "project_id": PROJECT, "metadata": {}, "status": "available", **changes}
    return {"rule": '"backup:delete"', "target": json.dumps(target), "credentials": "{}"}


def ask(address: str, backup_id: str, **changes: Any) -> tuple[int, str]:
    """Ask as Cinder does; status and body."""
    form = form_of(backup_id, **changes)
    answer = requests.post(f"{address}/v1/backup?backup_id={backup_id}", data=form, timeout=180)
    return answer.status_code, answer.text


PROGRAM = ROOT / "fiwareglancesync" / "sync.py"
PATIENT = ROOT / "tests" / "support" / "patient_policy_server.py"
"""The program, and the same with a policy server that waits longer for others on a busy machine."""


def policy_command(*words: str, program: Path = PROGRAM) -> list[str]:
    """A call of the command."""
    return [sys.executable, str(program), "volumes", "policy-server", *words]


def call(words: Sequence[str], environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """A call that ends by itself."""
    return subprocess.run(
        policy_command(*words), env={"PATH": os.environ["PATH"], **environ}, capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip


@contextmanager
def policy_server(
    conf: Path, port: int, output: Path, *words: str, is_ready: Callable[[], bool] | None = None,
    program: Path = PATIENT,
) -> Iterator[str]:  # fmt: skip
    """The policy server with a configuration; its address.

    :param output: a file that takes what it prints
    :param words: further words of its command line
    :param is_ready: whether it serves by now; None means that it answers at the address
    :param program: that is called; usually one that waits longer for its database than a user's
    """
    address = f"http://127.0.0.1:{port}"
    environ = {"PATH": os.environ["PATH"], "HOME": str(output.parent)}
    command = policy_command("--conf", str(conf), "--listen", f"127.0.0.1:{port}", *words, program=program)
    with serving(command, environ, output, is_ready or (lambda: _answers(address))):
        yield address


def _answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/v1/health", timeout=10).status_code in (200, 503)
    except (requests.ConnectionError, requests.Timeout):
        return False
