"""Decides which virtual machines and disks get a snapshot, and which are not consistent on the slave (vms 2.1)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase

from ...base.errors import UsageError
from ..vm_model import HOSTED_ENGINE, Disk, DiskStatus, Machine

NOT_CONSISTENT = "NOT CONSISTENT on the slave"
"""Begins each line about what is left out."""


class Reason(Enum):
    """Why a virtual machine or a disk has no snapshot, in words."""

    EXCLUDED = "excluded on purpose"
    HOSTED_ENGINE = "the engine itself runs in it"
    LOCKED = "a disk is locked"
    ILLEGAL = "a disk is illegal"
    SHAREABLE = "a shareable disk cannot have a snapshot"
    DIRECT_LUN = "a direct LUN cannot have a snapshot"
    MISPLACED = "its file is in the volume, but not as DOMAIN/images/DISK/LAYER"
    DROPPED = "its snapshot failed, or was late"
    STARTED = "it was started or created during the run"
    NEW_DISK = "a disk was added during the run"
    METADATA = "metadata of a disk cannot be kept"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is not consistent on the slave.

    :param disk: None stands for the whole virtual machine
    :param detail: more of the reason, "" for nothing
    """

    machine: Machine
    reason: Reason
    disk: Disk | None = None
    detail: str = ""

    @property
    def text(self) -> str:
        """A line for reports."""
        what = f"{self.machine.name} ({self.machine.id})"
        if self.disk is not None:
            what += f", disk {self.disk.name} ({self.disk.id})"
        return f"{NOT_CONSISTENT}: {what}: {self.reason.value}" + (f": {self.detail}" if self.detail else "")


@dataclass(frozen=True, slots=True)
class Covered:
    """A virtual machine that gets a snapshot.

    :param disks: exactly those that the snapshot includes
    """

    machine: Machine
    disks: tuple[Disk, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """What a run does with the live virtual machines of a storage domain, by their ids."""

    covered: tuple[Covered, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user leaves out.

    :param only: patterns of names or ids; empty for all
    :param exclude: patterns of names or ids
    """

    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def takes(self, machine: Machine) -> bool:
        """Whether a virtual machine is not left out on purpose."""
        wanted = not self.only or _fits(machine, self.only)
        return wanted and not _fits(machine, self.exclude)


def check_choice(choice: Choice, *, allow_torn: bool) -> None:
    """Refuse to leave virtual machines out unless that is allowed.

    :param allow_torn: whether the slave may hold disks that are not consistent
    :raises UsageError: it is not
    """
    if (choice.only or choice.exclude) and not allow_torn:
        raise UsageError(
            "--vm and --exclude leave out virtual machines whose disks are replicated nevertheless, and are not "
            "consistent on the slave then; add --allow-torn if that is meant"
        )


def select(machines: Iterable[Machine], domain: str, choice: Choice) -> Selection:
    """Decide for all live virtual machines of a storage domain.

    Disks in other storage domains are not replicated, and do not count.

    :param machines: all that the engine lists, in any order
    :param domain: id of the storage domain
    """
    covered: list[Covered] = []
    left_out: list[LeftOut] = []
    for machine in sorted(machines, key=lambda each: each.id):
        if not machine.is_live(domain):
            continue
        reason = _reason(machine, choice)
        if reason is not None:
            left_out.append(LeftOut(machine, reason))
            continue
        left_out += _disks_left_out(machine, domain)
        disks = tuple(disk for disk in machine.disks if disk.is_in(domain) and not disk.is_shareable)
        if disks:
            covered.append(Covered(machine, disks))
    return Selection(tuple(covered), tuple(left_out))


def live_ids(machines: Iterable[Machine], domain: str) -> tuple[str, ...]:
    """The ids of the virtual machines that may write to a storage domain, and of their disks.

    :param domain: id of the storage domain
    """
    found = sorted((each for each in machines if each.is_live(domain)), key=lambda each: each.id)
    return tuple(id for each in found for id in (each.id, *(disk.id for disk in each.disks)))


def appeared(known: Collection[str], now: Iterable[Machine], domain: str) -> tuple[LeftOut, ...]:
    """What has begun to write to a storage domain since the selection was made.

    :param known: what ``live_ids`` found for the selection
    :param now: the virtual machines that are listed now
    :param domain: id of the storage domain
    """
    found: list[LeftOut] = []
    for machine in sorted(now, key=lambda each: each.id):
        if not machine.is_live(domain):
            continue
        if machine.id not in known:
            found.append(LeftOut(machine, Reason.STARTED))
            continue
        inside = (disk for disk in machine.disks if disk.is_in(domain) or disk.is_misplaced)
        new = (disk for disk in inside if disk.id not in known)
        found += (LeftOut(machine, Reason.NEW_DISK, disk) for disk in new)
    return tuple(found)


def _reason(machine: Machine, choice: Choice) -> Reason | None:
    """Why a whole virtual machine has no snapshot, None when it gets one."""
    statuses = {disk.status for disk in machine.disks}
    if not choice.takes(machine):
        return Reason.EXCLUDED
    if machine.origin in HOSTED_ENGINE:
        return Reason.HOSTED_ENGINE
    if DiskStatus.ILLEGAL in statuses:
        return Reason.ILLEGAL
    return Reason.LOCKED if DiskStatus.LOCKED in statuses else None


def _disks_left_out(machine: Machine, domain: str) -> Iterator[LeftOut]:
    for disk in machine.disks:
        if disk.is_direct_lun:
            yield LeftOut(machine, Reason.DIRECT_LUN, disk)
        elif disk.is_misplaced:
            yield LeftOut(machine, Reason.MISPLACED, disk)
        elif disk.is_in(domain) and disk.is_shareable:
            yield LeftOut(machine, Reason.SHAREABLE, disk)


def _fits(machine: Machine, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(machine.name, pattern) or machine.id == pattern for pattern in patterns)
