"""Virtual machines, disks and journals for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fiwareglancesync.vms.backup_journal import Journal, JournalDisk, JournalMachine
from fiwareglancesync.vms.vm_model import Disk, Machine

DOMAIN = "0d0c1d52-7a57-4c1f-9a31-4b7be2f0a001"
"""The storage domain whose volume is backed up."""


def id_of(number: int, kind: int = 0) -> str:
    """A UUID."""
    return f"{kind:08}-0000-4000-8000-{number:012}"


def disk(id: str, *, domain: str = DOMAIN, **fields: Any) -> Disk:
    """A disk in the volume."""
    return Disk(id, f"{id}-name", domain, f"{id}-layer", **fields)


def machine(
    id: str, *, name: str = "web", state: str = "up", disks: Sequence[Disk] | None = None, origin: str = ""
) -> Machine:
    """A virtual machine that is up, with a disk in the volume."""
    return Machine(id, name, state, tuple(disks if disks is not None else (disk("a"),)), origin)


def journal_machine(number: int, **fields: Any) -> JournalMachine:
    """A virtual machine of a journal, with a disk."""
    its = JournalDisk(id_of(number, 2), DOMAIN, id_of(number, 3), id_of(number, 4))
    return JournalMachine(id_of(number, 1), f"vm-{number}", (its,), **fields)


def journal(*machines: JournalMachine, **fields: Any) -> Journal:
    """A journal."""
    return Journal("run-1", "data", "gs::copy", "2026-11-28T18:00:00+00:00", tuple(machines), **fields)
