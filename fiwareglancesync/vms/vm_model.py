"""Virtual machines and their disks, as an engine lists them (vms 2.1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

AT_REST = frozenset({"down", "suspended"})
"""States in which nothing writes to the disks of a virtual machine."""

HOSTED_ENGINE = frozenset({"hosted_engine", "managed_hosted_engine"})
"""Origins of the virtual machine in which the engine itself runs."""


class DiskStatus(Enum):
    """Whether a disk can take part in a snapshot."""

    OK = "ok"
    LOCKED = "locked"
    ILLEGAL = "illegal"


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk of a virtual machine.

    :param id: the engine's, and the name of the folder with its layers
    :param domain: the storage domain that it lies in, "" for a direct LUN
    :param layer: id of the top layer, the one that is written to; "" for a direct LUN
    :param is_misplaced: whether it lies in the volume, but not where the disks of a storage domain do
    """

    id: str
    name: str
    domain: str
    layer: str
    status: DiskStatus = DiskStatus.OK
    is_shareable: bool = False
    is_misplaced: bool = False

    def is_in(self, domain: str) -> bool:
        """Whether it lies in the volume, and in its storage domain.

        :param domain: id, "" where the volume has none
        """
        return bool(domain) and self.domain == domain

    @property
    def is_direct_lun(self) -> bool:
        """Whether it is a device of the storage network, and no file."""
        return not self.domain


@dataclass(frozen=True, slots=True)
class Machine:
    """A virtual machine.

    :param state: the engine's word for it, such as ``up``; ``down`` when it is switched off
    :param origin: the engine's word for how it came to be, "" when there is none
    :param cluster: id of its cluster, "" for an engine without clusters
    """

    id: str
    name: str
    state: str
    disks: tuple[Disk, ...]
    origin: str = ""
    cluster: str = ""

    @property
    def writes(self) -> bool:
        """Whether it may write to its disks."""
        return self.state not in AT_REST

    def is_live(self, domain: str) -> bool:
        """Whether it may write to the volume of a storage domain.

        :param domain: id of the storage domain
        """
        return self.writes and any(disk.is_in(domain) or disk.is_misplaced for disk in self.disks)


@dataclass(frozen=True, slots=True)
class Layers:
    """The files of a disk after a snapshot.

    :param frozen: id of the layer that is no longer written to
    :param overlay: id of the layer that is written to from now on
    """

    disk: str
    frozen: str
    overlay: str

    @property
    def is_covered(self) -> bool:
        """Whether the snapshot holds: the guest writes to another layer than the frozen one."""
        return bool(self.frozen) and bool(self.overlay) and self.frozen != self.overlay
