"""The port to an engine of virtual machines (vms 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from ..vm_model import Layers, Machine
from ..vm_options import Quiesce
from .engine_event import EngineEvent


class Consistency(Enum):
    """What a snapshot holds."""

    FROZEN = "frozen"
    """The guest had written everything, and did not write."""

    CRASH = "crash-consistent"
    """As after a loss of power."""


@dataclass(frozen=True, slots=True)
class StoreLayer:
    """A file in which the engine writes down its virtual machines (OVF_STORE).

    :param disk: id, and the name of its folder
    :param layer: id, and the name of the file
    """

    disk: str
    layer: str


class VirtualMachines(Protocol):
    """An engine. Every call raises ``EngineError``, and may be made from several threads at the same time."""

    def domains(self, volume: str) -> Sequence[str]:
        """The ids of the storage domains that lie in a volume.

        :param volume: of gluster
        :raises EngineUnreachable: the engine does not answer
        """

    def update_store(self, domain: str) -> Sequence[StoreLayer]:
        """Have the engine write down its virtual machines in a storage domain.

        :param domain: id
        :returns: where it does; nothing for an engine that does not
        """

    def send(self, event: EngineEvent) -> None:
        """Report to the engine; an event that it has already is not added again. Nothing for one without events.

        :raises EventRefused: it does not take the event
        """

    def machines(self) -> Sequence[Machine]:
        """All virtual machines, in no order.

        :raises EngineUnreachable: the engine does not answer
        """

    def snapshot(self, machine: str, overlays: Mapping[str, str], quiesce: Quiesce, run: str) -> Consistency:
        """Put an overlay on each of some disks, all at one moment; the other disks are left alone.

        :param machine: id
        :param overlays: the id of the new layer, by the id of the disk
        :param quiesce: what the guest has to do
        :param run: id of the run, for a description
        :raises MachineNotFound: it is not there
        :raises SnapshotRefused: there is no snapshot; a virtual machine that is switched off needs none
        """

    def chain(self, machine: str, disk: str) -> tuple[str, ...]:
        """The ids of a disk's layers, the one that is written to first.

        :raises MachineNotFound: the virtual machine or the disk is not there
        """

    def merge(self, machine: str, layers: Sequence[Layers], seconds: float) -> None:
        """Write overlays into the layers below them, and remove them; what is merged already is left alone.

        :param machine: id
        :param layers: of its disks
        :param seconds: how long that may take
        :raises MachineNotFound: it is not there
        :raises DiskNotFound: some disks are not; everything else is merged
        :raises MergeFailed: an overlay is still there, or the virtual machine is switched off
        """
