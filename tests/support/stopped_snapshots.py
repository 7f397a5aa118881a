"""A process of ``glancesync snapshots`` to which something happens at one of its requests or writes.

Called as ``python -m tests.support.stopped_snapshots POINT NUMBER CONF WORD...``. POINT is a method of the port to a
cluster or of the records, with ``before`` or ``after``; NUMBER says what happens there.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Lock
from typing import Any

from fiwareglancesync.main import main
from fiwareglancesync.snapshots.ceph.ceph_cluster_port import CephCluster
from fiwareglancesync.snapshots.state.snapshot_changes import SnapshotChanges

KILLED, SIGNALLED, STOPPED = 0, -1, -2
"""This process is killed, gets SIGTERM, or stops; any other number is the pid of a process that stops."""

REACHED = "reached"
"""What the process prints at its point, when something stops there."""


def start(
    point: str, number: int, conf: Path, *words: str, locks: Path | None = None
) -> subprocess.Popen[str]:
    """Start a process.

    :param point: such as ``before create``
    :param number: what happens when the point is reached
    :param words: of the command
    :param locks: folder of its file locks, as on a machine of its own; None for the same as others
    """
    command = [sys.executable, "-m", "tests.support.stopped_snapshots", point, str(number), str(conf), *words]
    own = {} if locks is None else {"TMPDIR": str(locks), "XDG_RUNTIME_DIR": str(locks)}
    return subprocess.Popen(
        command, env={**os.environ, **own}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _act(number: int) -> None:
    if number == KILLED:
        os.kill(os.getpid(), signal.SIGKILL)
    elif number == SIGNALLED:
        os.kill(os.getpid(), signal.SIGTERM)
    elif number == STOPPED:
        print(REACHED, flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)
    else:
        os.kill(number, signal.SIGSTOP)
        print(REACHED, flush=True)


def _prepare(point: str, number: int) -> None:
    """Have something happen at a point, the first time that it is reached."""
    when, name = point.split()
    owner: type = CephCluster if hasattr(CephCluster, name) else SnapshotChanges
    method, lock = getattr(owner, name), Lock()
    done: list[bool] = []

    def act() -> None:
        with lock:
            if not done:
                done.append(True)
                _act(number)

    def call(self: Any, *arguments: Any, **options: Any) -> Any:
        if when == "before":
            act()
        answer = method(self, *arguments, **options)
        if when == "after":
            act()
        return answer

    setattr(owner, name, call)


if __name__ == "__main__":
    _prepare(sys.argv[1], int(sys.argv[2]))
    sys.argv[:] = ["glancesync", "snapshots", *sys.argv[4:], "--conf", sys.argv[3]]
    sys.exit(main())
