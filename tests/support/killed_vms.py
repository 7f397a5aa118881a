"""Runs ``glancesync`` and sends the process a signal at a point of its work on virtual machines.

``python killed_vms.py SIGNAL POINT ARGUMENTS…``: SIGNAL is ``KILL``, ``TERM`` or ``STOP``. POINT is ``before CALL`` or
``after CALL``, such as ``after strip``, which means the first call of this name; ``after strip 2`` means the second.
"""

from __future__ import annotations

import functools
import itertools
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parents[2])

from fiwareglancesync.main import main  # noqa: E402 - the path has to be set first
from fiwareglancesync.vms.engines.libvirt_bindings import load_libvirt  # noqa: E402
from fiwareglancesync.vms.engines.libvirt_machines import LibvirtMachines  # noqa: E402
from fiwareglancesync.vms.execution import replicate_step  # noqa: E402
from fiwareglancesync.vms.execution.mounted_volumes import MountedVolumes  # noqa: E402
from fiwareglancesync.vms.execution.run_reporting import RunReporting  # noqa: E402
from fiwareglancesync.vms.layers import slave_strip  # noqa: E402
from fiwareglancesync.vms.replication.gluster_replication import GlusterReplication  # noqa: E402

CALLS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (LibvirtMachines, ("snapshot", "merge")),
    (GlusterReplication, ("set_checkpoint", "start", "stop", "pause")),
    (MountedVolumes, ("try_slave", "keep", "mount", "check", "strip", "put_back")),
    (replicate_step, ("bring_to_rest",)),
    (RunReporting, ("report_all",)),
)


def signalling(method: Callable[..., Any], number: signal.Signals, point: str) -> Callable[..., Any]:
    """The same method, at which the process gets a signal if that is the point."""
    calls = itertools.count(1)

    def pass_point(when: str, call: int) -> None:
        if point in ([f"{when} {method.__name__}", f"{when} {method.__name__} {call}"][call > 1 :]):
            os.kill(os.getpid(), number)

    @functools.wraps(method)
    def replacement(*arguments: Any, **options: Any) -> Any:
        call = next(calls)
        pass_point("before", call)
        answer = method(*arguments, **options)
        pass_point("after", call)
        return answer

    return replacement


class RemovingOs:
    """The module ``os`` as the removal of overlays sees it, whose ``unlink`` is a point."""

    def __init__(self, unlink: Callable[..., None]) -> None:
        self.unlink = unlink

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


def _main() -> int:
    name, point, *arguments = sys.argv[1:]
    number = signal.Signals[f"SIG{name}"]
    for owner, method in _methods():
        setattr(owner, method, signalling(getattr(owner, method), number, point))
    setattr(slave_strip, "os", RemovingOs(signalling(os.unlink, number, point)))  # noqa: B010
    return main(arguments)


def _methods() -> Iterator[tuple[Any, str]]:
    for owner, names in (*CALLS, (load_libvirt().virDomain, ("blockCommit", "blockJobAbort"))):
        yield from ((owner, name) for name in names)


if __name__ == "__main__":
    sys.exit(_main())
