"""Detached processes that are found again and ended, and never mistaken for another process."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devcloud_lib.errors import CloudError

TERM_SECONDS = 5.0
KILL_SECONDS = 60.0
POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Process:
    """A process of ours. A pid alone may be reused, so the start time and the boot show whether it is still the same.

    :param pid: process id, which is also its process group's and session's.
    :param started: start time in clock ticks since boot (field 22 of ``/proc/PID/stat``).
    :param boot: the kernel's id of this boot.
    """

    pid: int
    started: int
    boot: str

    def is_alive(self) -> bool:
        """Whether exactly this process still runs; one that only waits to be reaped does not."""
        return _boot_id() == self.boot and _running_since(self.pid) == self.started

    def has_group(self) -> bool:
        """Whether it runs, or one that it has started and left behind: such a one may still listen on its port."""
        if _boot_id() != self.boot:
            return False
        started = _running_since(self.pid)
        # The number of a group that has members is not given to another process.
        return started == self.started if started is not None else _has_members(self.pid)


def spawn(command: Sequence[str], *, folder: Path, log: Path, environment: Mapping[str, str]) -> Process:
    """Start `command` in a session of its own, so that it outlives the shell that started it.

    :param command: program and arguments.
    :param folder: its working directory.
    :param log: file that takes its output and error lines, appended.
    :param environment: its whole environment.
    :returns: the running process.
    :raises CloudError: the program cannot be started, or ended at once.
    """
    with open(log, "ab", opener=_open_private) as output:
        try:
            child = subprocess.Popen(
                list(command), cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True, umask=0o077,
            )
        except OSError as error:
            raise CloudError(f"cannot start {command[0]}: {error.strerror}") from error
    started = _running_since(child.pid)
    if started is None:
        raise CloudError(f"{command[0]} ended at once (status {child.wait()}); its log is {log}")
    # The child is meant to outlive this interpreter: do not let Popen's finaliser warn about that.
    child.returncode = 0
    return Process(child.pid, started, _boot_id())


def end(processes: Iterable[Process], *, gently: bool = True) -> None:
    """End the processes and their groups: SIGTERM, then SIGKILL to those that do not obey in time.

    :param gently: False means SIGKILL at once.
    :raises CloudError: one survived even that.
    """
    signals = [(signal.SIGTERM, TERM_SECONDS)] * gently + [(signal.SIGKILL, KILL_SECONDS)]
    for signal_number, seconds in signals:
        alive = [process for process in processes if process.has_group()]
        for process in alive:
            _signal_group(process.pid, signal_number)
        processes = _survivors(alive, seconds)
        if not processes:
            return
    pids = ", ".join(str(process.pid) for process in processes)
    raise CloudError(f"cannot end process {pids}; look at it with ps and end it by hand")


def _survivors(processes: list[Process], seconds: float) -> list[Process]:
    deadline = time.monotonic() + seconds
    while True:
        processes = [process for process in processes if process.has_group()]
        if not processes or time.monotonic() > deadline:
            return processes
        time.sleep(POLL_SECONDS)


def _signal_group(pid: int, signal_number: int) -> None:
    try:
        os.killpg(pid, signal_number)
    except ProcessLookupError:
        return  # it ended by itself in the meantime, which is what was wanted


def _running_since(pid: int) -> int | None:
    """Start time of the process in ticks since boot; None when there is none, or only its unreaped remains."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()
    # The first thread may be gone while others still hold the process's sockets.
    if fields[0] in "ZX" and _threads(pid) <= 1:
        return None
    return int(fields[19])


def _has_members(group: int) -> bool:
    """Whether a process of that group runs."""
    return any(_group_of(path) == group for path in Path("/proc").glob("[0-9]*"))


def _group_of(process: Path) -> int | None:
    """The group of a running process; None when it has ended.

    :param process: its folder in ``/proc``.
    """
    try:
        fields = (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" and _threads(int(process.name)) <= 1 else int(fields[2])


def _threads(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except FileNotFoundError as error:
        raise CloudError("the development cloud needs Linux: /proc is not there") from error


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
