"""The lock of a master volume: one process works on it at a time (vms 1.3)."""

from __future__ import annotations

from ...locks.region_lock import lock_holder
from ..planning.vm_status import VolumeProcess


def volume_key(volume: str) -> str:
    """What is locked while a process works on a master volume."""
    return f"vms:{volume}"


def process_on(volume: str) -> VolumeProcess | None:
    """The process that works on a master volume at this moment, None for none.

    :raises GlanceSyncError: the locks cannot be looked at
    """
    holder = lock_holder(volume_key(volume))
    return None if holder is None else VolumeProcess(holder.process, holder.since)
