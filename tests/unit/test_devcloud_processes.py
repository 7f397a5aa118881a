"""A server of the development cloud has ended when none of its threads can hold its port any more."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from pathlib import Path

from devcloud_lib import processes

from tests.support.conditions import wait_for

WITHOUT_FIRST_THREAD = """\
import ctypes, os, sys, threading, time
threading.Thread(target=time.sleep, args=(600,)).start()
open(sys.argv[1], "w").write(str(os.getpid()))
ctypes.CDLL(None).pthread_exit(None)
"""


def test_a_process_whose_first_thread_alone_has_ended_has_not(tmp_path: Path) -> None:
    written = tmp_path / "pid"
    worker = shlex.join([sys.executable, "-c", WITHOUT_FIRST_THREAD, str(written)])
    process = processes.spawn(
        ["sh", "-c", f"{worker} & wait"], folder=tmp_path, log=tmp_path / "log", environment=dict(os.environ)
    )
    wait_for(lambda: written.exists() and written.read_text(), "the worker")
    stat = Path(f"/proc/{written.read_text()}/stat")
    wait_for(lambda: stat.read_text().rpartition(")")[2].split()[0] == "Z", "the end of its first thread")
    os.kill(process.pid, signal.SIGKILL)
    os.waitpid(process.pid, 0)
    assert process.has_group()
    processes.end([process], gently=False)
    assert not process.has_group()
