"""Virtual machines in memory: what an engine does, as far as the program can see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from fiwareglancesync.vms.engines.engine_event import EngineEvent
from fiwareglancesync.vms.engines.machines_port import Consistency, StoreLayer
from fiwareglancesync.vms.vm_errors import DiskNotFound, MachineNotFound, MergeFailed, SnapshotRefused
from fiwareglancesync.vms.vm_model import Layers, Machine
from fiwareglancesync.vms.vm_options import Quiesce


@dataclass
class StoredMachine:
    """A virtual machine.

    :param chains: the ids of the layers by the id of the disk, the one that is written to first
    """

    machine: Machine
    chains: dict[str, list[str]]


@dataclass
class StoredEngine:
    """The virtual machines by their ids.

    :param store: where the engine writes down its virtual machines
    :param events: what was reported
    """

    machines: dict[str, StoredMachine] = field(default_factory=dict)
    store: list[StoreLayer] = field(default_factory=list)
    events: list[EngineEvent] = field(default_factory=list)


class MachinesStandIn:
    """An engine in memory, whose guests cannot be frozen."""

    def __init__(self, stored: StoredEngine) -> None:
        self._stored = stored

    def machines(self) -> Sequence[Machine]:
        return [
            replace(
                each.machine,
                disks=tuple(
                    replace(disk, layer=each.chains[disk.id][0]) if disk.id in each.chains else disk
                    for disk in each.machine.disks
                ),
            )
            for each in self._stored.machines.values()
        ]

    def domains(self, volume: str) -> Sequence[str]:
        found = {disk.domain for each in self._stored.machines.values() for disk in each.machine.disks}
        return sorted(found - {""})

    def update_store(self, domain: str) -> Sequence[StoreLayer]:
        return self._stored.store

    def send(self, event: EngineEvent) -> None:
        if event.custom_id not in {each.custom_id for each in self._stored.events}:
            self._stored.events.append(event)

    def snapshot(self, machine: str, overlays: Mapping[str, str], quiesce: Quiesce, run: str) -> Consistency:
        found = self._machine(machine)
        if not overlays.keys() <= found.chains.keys():
            raise SnapshotRefused(f"{found.machine.name} does not have the disks any more")
        if not found.machine.writes:
            raise SnapshotRefused(f"{found.machine.name} is down")
        if quiesce is Quiesce.REQUIRE:
            raise SnapshotRefused(f"{found.machine.name} cannot be frozen")
        for disk, overlay in overlays.items():
            found.chains[disk].insert(0, overlay)
        return Consistency.CRASH

    def chain(self, machine: str, disk: str) -> tuple[str, ...]:
        found = self._machine(machine)
        if disk not in found.chains:
            raise DiskNotFound(found.machine.name, [disk])
        return tuple(found.chains[disk])

    def merge(self, machine: str, layers: Sequence[Layers], seconds: float) -> None:
        found = self._machine(machine)
        missing = [each.disk for each in layers if each.disk not in found.chains]
        for each in layers:
            chain = found.chains.get(each.disk, [""])
            if each.overlay in chain[1:]:
                raise MergeFailed(f"another snapshot lies on the overlay {each.overlay}")
            if chain[0] == each.overlay:
                if not found.machine.writes:
                    raise MergeFailed(f"{found.machine.name} is switched off")
                chain.pop(0)
        if missing:
            raise DiskNotFound(found.machine.name, missing)

    def _machine(self, id: str) -> StoredMachine:
        if id not in self._stored.machines:
            raise MachineNotFound(f"there is no virtual machine {id}")
        return self._stored.machines[id]
