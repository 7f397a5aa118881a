"""``glancesync snapshots run`` that a signal ends (snapshots 1.3)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.base.errors import Cancelled
from fiwareglancesync.cli import snapshots_run
from fiwareglancesync.main import main
from fiwareglancesync.snapshots.ceph.ceph_errors import RequestsHang
from fiwareglancesync.snapshots.execution.interruptible_run import InterruptibleRun
from tests.support.snapshot_commands import cluster_with, ready_for_commands

WEB = "6f9a3a52-6e2b-4d7f-9d4c-0d9a4a1f2b3c"


@pytest.mark.parametrize(("ended", "code"), [(Cancelled(15), 143), (RequestsHang(), 1)])
def test_rows_that_nobody_reads_do_not_hide_what_ended_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ended: BaseException, code: int
) -> None:
    conf = ready_for_commands(
        cluster_with("v1"), tmp_path, monkeypatch, [snapshots_run], schedule="web: 1@2\n",
        servers=f"{WEB}\tacme\tweb\tv1\n",
    )  # fmt: skip

    def call(self: InterruptibleRun, work: Callable[[], None], *_: Any) -> None:
        work()
        raise ended

    def write(*_: Any) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(InterruptibleRun, "call", call)
    monkeypatch.setattr(snapshots_run, "write_outcomes", write)
    assert main(["snapshots", "run", "--conf", str(conf)]) == code
    assert capsys.readouterr().err.startswith("ERROR:Interrupted" if code == 143 else "ERROR:requests to Ceph")
