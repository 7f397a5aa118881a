"""What an oVirt engine does with virtual machines and their files, as far as the program can see it."""

from __future__ import annotations

import re
import subprocess
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

from ..programs import program

SIZE = "1M"
FIRST_DAY = datetime(2026, 11, 1, tzinfo=timezone.utc)
SNAPSHOT_FAILED = 170


class Refused(Exception):
    """The engine refuses.

    :param status: of HTTP
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@dataclass
class EngineDisk:
    """A disk.

    :param domain: id of its storage domain, "" for a direct LUN
    :param chain: ids of its layers, the one that is written to first
    """

    id: str
    domain: str
    chain: list[str]
    status: str = "ok"
    shareable: bool = False
    storage: str = "image"
    content: str = "data"
    format: str = "qcow2"
    """Of its first layer."""
    active: bool = True
    """Whether it is plugged in."""
    read_only: bool = False


@dataclass
class EngineSnapshot:
    """A snapshot.

    :param frozen: layers by the id of the disk
    :param busy: how often it is still seen locked
    :param ends: what happens then
    """

    id: str
    description: str
    date: datetime
    frozen: dict[str, str]
    busy: int
    ends: Callable[[], None] | None = None


@dataclass
class EngineMachine:
    """A virtual machine.

    :param has_agent: whether the guest can be frozen
    """

    id: str
    name: str
    status: str = "up"
    origin: str = "ovirt"
    cluster: str = "c0000000-0000-4000-8000-000000000001"
    disks: list[EngineDisk] = field(default_factory=list)
    snapshots: dict[str, EngineSnapshot] = field(default_factory=dict)
    has_agent: bool = False
    is_frozen: bool = False


@dataclass
class EngineEntry:
    """An event.

    :param custom_id: 0 for one of the engine's own
    """

    custom_id: int
    origin: str
    severity: str
    description: str
    cluster: str = ""
    domain: str = ""
    code: int = 9801
    machine: str = ""


class OvirtEngine:
    """An engine.

    :param volume: folder with the storage domains
    """

    def __init__(self, volume: Path) -> None:
        self.volume = volume
        self.domains: dict[str, str] = {}
        """Path of the storage by the id of the domain."""
        self.stores: dict[str, list[EngineDisk]] = {}
        """OVF_STORE by the id of the domain."""
        self.machines: dict[str, EngineMachine] = {}
        self.events: list[EngineEntry] = []
        self.faults: set[str] = set()
        """What fails: ``add``, ``remove``, ``never ok``, ``live``, ``illegal``, ``not merged``, ``event``, ``thaw``."""
        self.busy = 2
        self.snapshots_made = 0

    def add_machine(self, machine: EngineMachine) -> EngineMachine:
        """Add a virtual machine, and make the files of its disks."""
        self.machines[machine.id] = machine
        for disk in machine.disks:
            if disk.domain:
                self._file(disk, disk.chain[0]).parent.mkdir(parents=True, exist_ok=True)
                qemu_img("create", "-f", disk.format, self._file(disk, disk.chain[0]), SIZE)
        return machine

    def machine(self, id: str) -> EngineMachine:
        """A virtual machine.

        :raises Refused: it is not there
        """
        if id not in self.machines:
            raise Refused(404, "Entity not found: null")
        return self.machines[id]

    def snapshot(self, machine: EngineMachine, id: str) -> EngineSnapshot:
        """A snapshot, a little further on each time.

        :raises Refused: it is not there
        """
        if id not in machine.snapshots:
            raise Refused(404, f"Entity not found: {id}")
        found = machine.snapshots[id]
        if found.busy:
            found.busy -= 1
            if not found.busy and found.ends is not None:
                found.ends()
        return found

    def add_snapshot(self, machine: EngineMachine, description: str, overlays: dict[str, str]) -> EngineSnapshot:
        """Begin to make a snapshot."""
        self._demand_idle(machine, "create Snapshot")
        if "add" in self.faults:
            raise Refused(409, "Cannot create Snapshot. Low disk space on Storage Domain data.")
        disks = [disk for disk in machine.disks if disk.id in overlays]
        self.snapshots_made += 1
        made = EngineSnapshot(
            str(uuid.uuid4()), description, FIRST_DAY + timedelta(hours=self.snapshots_made),
            {disk.id: disk.chain[0] for disk in disks}, 10**9 if "never ok" in self.faults else self.busy,
        )  # fmt: skip
        for disk in disks:
            overlay = overlays[disk.id] or str(uuid.uuid4())
            if "equal ids" in self.faults:
                continue
            self._make_overlay(disk, overlay)
            disk.chain.insert(0, overlay)
        if "live" in self.faults:
            text = f"Failed to create live snapshot '{description}' for VM {machine.name}. VM restart is recommended."
            self.events.append(EngineEntry(0, "oVirt", "error", text, code=SNAPSHOT_FAILED, machine=machine.id))
        machine.snapshots[made.id] = made
        return made

    def remove_snapshot(self, machine: EngineMachine, snapshot: EngineSnapshot) -> None:
        """Begin to remove a snapshot."""
        self._demand_idle(machine, "remove Snapshot")
        if "remove" in self.faults:
            self.faults.discard("remove")
            raise Refused(409, "Cannot remove Snapshot. The VM is performing an operation on a Snapshot.")
        snapshot.busy = max(1, self.busy)
        snapshot.ends = lambda: self._merge(machine, snapshot)

    def send(self, event: EngineEntry) -> EngineEntry:
        """Take an event."""
        if "event" in self.faults:
            raise Refused(400, "Event [description] too long")
        if any((each.origin, each.custom_id) == (event.origin, event.custom_id) for each in self.events):
            raise Refused(409, "Cannot add External Event. The custom id is in use.")
        self.events.append(event)
        return event

    def freeze(self, machine: EngineMachine) -> None:
        """Freeze a guest."""
        if not machine.has_agent:
            raise Refused(409, "Cannot freeze VM filesystems. The guest agent does not respond.")
        machine.is_frozen = True

    def thaw(self, machine: EngineMachine) -> None:
        """Let a guest write again."""
        if "thaw" in self.faults:
            raise Refused(409, "Cannot thaw VM filesystems.")
        machine.is_frozen = False

    def overlay_is_there(self, disk: EngineDisk, layer: str) -> bool:
        """Whether the file of a layer is there."""
        return self._file(disk, layer).exists()

    def _demand_idle(self, machine: EngineMachine, what: str) -> None:
        if any(snapshot.busy for snapshot in machine.snapshots.values()):
            raise Refused(409, f"Cannot {what}. The VM is performing an operation on a Snapshot. Please wait.")

    def _merge(self, machine: EngineMachine, snapshot: EngineSnapshot) -> None:
        """Write the layer above each frozen one into it."""
        disks = [disk for disk in machine.disks if disk.id in snapshot.frozen]
        if "illegal" in self.faults:
            disks[0].status = "illegal"
            return
        if "not merged" in self.faults:
            return
        del machine.snapshots[snapshot.id]
        for disk in disks:
            frozen = snapshot.frozen[disk.id]
            at = disk.chain.index(frozen)
            if not at:
                continue
            overlay = disk.chain.pop(at - 1)
            if at > 1:
                qemu_img("rebase", "-u", "-F", "qcow2", "-b", frozen, self._file(disk, disk.chain[at - 2]))
            self._commit(disk, overlay)
            for other in machine.snapshots.values():
                other.frozen |= {disk.id: frozen} if other.frozen.get(disk.id) == overlay else {}

    def _make_overlay(self, disk: EngineDisk, overlay: str) -> None:
        if disk.domain:
            below = disk.format if len(disk.chain) == 1 else "qcow2"
            qemu_img("create", "-f", "qcow2", "-F", below, "-b", disk.chain[0], self._file(disk, overlay))
            self._file(disk, f"{overlay}.meta").write_text("VOLTYPE=LEAF\nEOF\n", encoding="ascii")
            self._set_type(disk, disk.chain[0], "INTERNAL")

    def _commit(self, disk: EngineDisk, overlay: str) -> None:
        if disk.domain:
            qemu_img("commit", "-q", self._file(disk, overlay))
            for ending in ("", ".meta"):
                self._file(disk, f"{overlay}{ending}").unlink()
            if len(disk.chain) == 1:
                self._set_type(disk, disk.chain[0], "LEAF")

    def _set_type(self, disk: EngineDisk, layer: str, word: str) -> None:
        """Write into the metadata of a layer, if it has some, whether another one lies on it."""
        meta = self._file(disk, f"{layer}.meta")
        if meta.exists():
            meta.write_text(re.sub("VOLTYPE=.*", f"VOLTYPE={word}", meta.read_text()))

    def _file(self, disk: EngineDisk, name: str) -> Path:
        return self.volume / disk.domain / "images" / disk.id / name


def qemu_img(*words: object) -> None:
    """Call ``qemu-img``."""
    subprocess.run([program("qemu-img"), *map(str, words)], check=True, stdout=subprocess.DEVNULL)
