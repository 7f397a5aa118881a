"""A master volume, its slaves and its guests in memory: guests write, and geo-replication copies, whenever time passes.

The counter of a guest is what its top layer holds. A slave holds a consistent backup when each guest's frozen layer has
the counter of its snapshot, and no overlay is there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path, PurePosixPath
from threading import RLock
from typing import Protocol

from fiwareglancesync.vms.backup_journal import (
    Journal,
    JournalDisk,
    JournalMachine,
    KeptFile,
    journal_text,
    read_journal,
)
from fiwareglancesync.vms.engines.machines_port import Consistency, StoreLayer
from fiwareglancesync.vms.execution.journal_files import JournalFiles
from fiwareglancesync.vms.execution.run_ports import SlaveLook
from fiwareglancesync.vms.layers.layer_chain import Layer
from fiwareglancesync.vms.layers.layer_check import Difference, MachineCheck
from fiwareglancesync.vms.planning.preflight_checks import Space
from fiwareglancesync.vms.replication.georep_model import PairStatus, Volume
from fiwareglancesync.vms.vm_model import Disk, Layers, Machine
from fiwareglancesync.vms.vm_options import Quiesce, Verify

from .stand_ins.georep_stand_in import FIRST_SECOND, GeorepStandIn, StoredReplication
from .stand_ins.machines_stand_in import MachinesStandIn, StoredEngine, StoredMachine
from .vm_builders import DOMAIN, id_of

MASTER = "data"
SLAVES = ("gs::copy", "gs::other")
COPIED_AT_ONCE = 2
"""Files that a session copies between two looks."""


@dataclass
class Slave:
    """A slave volume and the session to it.

    :param files: what each layer holds, by its id
    :param removed: files that were removed here, which geo-replication does not bring back by itself
    """

    session: StoredReplication
    files: dict[str, int] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)

    @property
    def is_active(self) -> bool:
        """Whether the session copies."""
        return self.session.status is PairStatus.ACTIVE


class Site:
    """Everything that a run works with, and what happens beside it.

    :param count: of guests
    """

    def __init__(self, count: int = 2) -> None:
        self.engine = StoredEngine()
        self.files: dict[str, int] = {}
        """What each layer holds on the master, by its id."""

        self.frozen: dict[str, tuple[str, int]] = {}
        """For each overlay, the layer below it and what that held at the snapshot."""

        self.free = self.slave_free = 50
        """Percent."""

        volume = Volume(MASTER, True, (frozenset({"gm:/b"}),), {})
        self.slaves = {
            name: Slave(StoredReplication(volume, Volume(name, True, (frozenset({"gs:/b"}),), {}))) for name in SLAVES
        }
        self.seconds = 0.0
        self.lock = RLock()
        """The threads of a run change the site one after the other."""

        for number in range(1, count + 1):
            self.add_guest(number)

    def add_guest(self, number: int) -> None:
        """A guest that is switched on, with one disk in the volume."""
        disk, layer = id_of(number, 2), id_of(number, 3)
        machine = Machine(id_of(number, 1), f"vm-{number}", "up", (Disk(disk, "vda", DOMAIN, layer),))
        self.engine.machines[machine.id] = StoredMachine(machine, {disk: [layer]})
        self.files[layer] = 100 * number

    def set_state(self, number: int, state: str) -> None:
        """Switch a guest on or off."""
        stored = self.engine.machines[id_of(number, 1)]
        stored.machine = replace(stored.machine, state=state)

    def pass_time(self, seconds: float) -> None:
        """Time passes: guests write, and active sessions copy."""
        self.seconds += seconds
        for stored in self.engine.machines.values():
            if stored.machine.writes:
                for chain in stored.chains.values():
                    self.files[chain[0]] += 1
        for slave in self.slaves.values():
            slave.session.now = FIRST_SECOND + int(self.seconds)
            if slave.is_active:
                self._copy(slave)

    def is_at_rest(self) -> bool:
        """Whether no session copies."""
        return not any(slave.is_active for slave in self.slaves.values())

    def holds(self, journal: Journal) -> bool:
        """Whether the slave of a run holds what its snapshots held, for all that it did not give up."""
        files = self.slaves[journal.slave].files
        disks = [disk for machine in journal.machines if not machine.is_dropped for disk in machine.disks]
        return all(
            disk.overlay not in files and (disk.frozen, files.get(disk.frozen)) == self.frozen[disk.overlay]
            for disk in disks
        )

    def overlays(self) -> set[str]:
        """The overlays that lie on disks."""
        chains = [chain for each in self.engine.machines.values() for chain in each.chains.values()]
        return {layer for chain in chains for layer in chain[:-1]}

    def _copy(self, slave: Slave) -> None:
        """Copy some files that differ; a file that is gone at the master goes."""
        for layer in set(slave.files) - set(self.files):
            del slave.files[layer]
        changed = [each for each in sorted(self.files) if slave.files.get(each) != self.files[each]]
        for layer in [each for each in changed if each not in slave.removed][:COPIED_AT_ONCE]:
            slave.files[layer] = self.files[layer]


class TimedSite(Protocol):
    """A site with a time of its own, in seconds since its first second."""

    seconds: float

    def pass_time(self, seconds: float) -> None:
        """Let what goes on at the site go on for some seconds."""


class SiteClock:
    """The clock of a site."""

    def __init__(self, site: TimedSite) -> None:
        self._site = site

    def now(self) -> datetime:
        return datetime.fromtimestamp(FIRST_SECOND, timezone.utc) + timedelta(seconds=self._site.seconds)

    def seconds(self) -> float:
        return self._site.seconds

    def sleep(self, seconds: float) -> None:
        self._site.pass_time(seconds)


class SiteMachines(MachinesStandIn):
    """The engine of a site."""

    def __init__(self, site: Site) -> None:
        super().__init__(site.engine)
        self._site = site

    def snapshot(self, machine: str, overlays: Mapping[str, str], quiesce: Quiesce, run: str) -> Consistency:
        with self._site.lock:
            return self._snapshot(machine, overlays, quiesce, run)

    def merge(self, machine: str, layers: Sequence[Layers], seconds: float) -> None:
        with self._site.lock:
            self._merge(machine, layers, seconds)

    def _snapshot(self, machine: str, overlays: Mapping[str, str], quiesce: Quiesce, run: str) -> Consistency:
        made = super().snapshot(machine, overlays, quiesce, run)
        for overlay in overlays.values():
            [frozen] = [
                chain[1]
                for each in self._site.engine.machines.values()
                for chain in each.chains.values()
                if chain[0] == overlay
            ]
            self._site.files[overlay] = self._site.files[frozen]
            self._site.frozen[overlay] = (frozen, self._site.files[frozen])
        self._site.pass_time(0.1)
        return made

    def _merge(self, machine: str, layers: Sequence[Layers], seconds: float) -> None:
        assert self._site.is_at_rest(), "a snapshot is merged while geo-replication is active"
        before = self._site.overlays()
        super().merge(machine, layers, seconds)
        for each in layers:
            if each.overlay in before - self._site.overlays():
                self._site.files[each.frozen] = self._site.files.pop(each.overlay)
        self._site.pass_time(1)


class SiteReplication(GeorepStandIn):
    """A session of a site, whose checkpoint completes when everything is copied."""

    def __init__(self, site: Site, name: str) -> None:
        super().__init__(site.slaves[name].session)
        self._site = site
        self._slave = site.slaves[name]

    def _of_active(self) -> dict[str, object]:
        shown = super()._of_active()
        running = [each for each in self._site.engine.machines.values() if each.machine.writes]
        written = {chain[0] for each in running for chain in each.chains.values()}
        waiting = [
            layer
            for layer in self._site.files.keys() - written
            if self._slave.files.get(layer) != self._site.files[layer] and layer not in self._slave.removed
        ]
        return shown | {"is_checkpoint_complete": bool(shown.get("is_checkpoint_complete")) and not waiting}


class SiteFiles:
    """The files of a site's volumes."""

    def __init__(self, site: Site, name: str) -> None:
        self._site = site
        self._slave = site.slaves[name]
        self.is_mounted = False

    def touch_master(self) -> None:
        self._slave.session.written = self._slave.session.now

    def master_space(self) -> Space:
        return Space("the master volume data", self._site.free, 100)

    def layer_bytes(self, disk: JournalDisk) -> int:
        return 2**20

    def rsync_versions(self) -> Mapping[str, str]:
        return {"the master": "rsync  version 3.2.7  protocol version 31"}

    def meta(self, domain: str, disk: str, layer: str) -> str:
        return ""

    def keep(self, run: str, domain: str, layers: Sequence[StoreLayer]) -> tuple[KeptFile, ...]:
        return ()

    def send_again(self, disk: JournalDisk) -> None:
        self._slave.removed.discard(disk.overlay)

    def mount(self) -> None:
        self.is_mounted = True

    def unmount(self) -> None:
        self.is_mounted = False

    def try_slave(self, run: str) -> Space:
        assert self.is_mounted
        return Space("the slave volume", self._site.slave_free, 100)

    def look_at_slave(self, run: str) -> SlaveLook:
        return SlaveLook(Space("the slave volume", self._site.slave_free, 100))

    def slave_changes(self, run: str) -> Sequence[PurePosixPath]:
        assert self.is_mounted
        return ()

    def check(self, machine: JournalMachine, run: str, verify: Verify) -> MachineCheck:
        assert self.is_mounted
        chains: dict[str, tuple[Layer, ...]] = {}
        found: list[Difference] = []
        for disk in machine.disks:
            stored = self._site.engine.machines.get(machine.id)
            chain = stored.chains.get(disk.id, []) if stored else []
            if disk.overlay not in chain:
                found.append(Difference(PurePosixPath(disk.id), "the overlay is not there"))
                continue
            below = chain[chain.index(disk.overlay) + 1 :]
            layers = tuple(Layer(disk.domain, disk.id, layer, "qcow2") for layer in below)
            chains[disk.id] = layers
            found += [Difference(each.path, "other content") for each in layers if self._differs(each.id)]
        return MachineCheck(chains, tuple(found))

    def strip(self, machine: JournalMachine, chains: Mapping[str, Collection[str]]) -> None:
        assert self.is_mounted
        assert self._site.is_at_rest()
        for disk in machine.disks:
            assert chains[disk.id]
            assert not any(self._differs(layer) for layer in chains[disk.id]), "something is removed unchecked"
            self._slave.removed.add(disk.overlay)
            self._slave.files.pop(disk.overlay, None)

    def put_back(self, run: str, kept: Sequence[KeptFile]) -> None:
        assert self.is_mounted

    def _differs(self, layer: str) -> bool:
        return self._slave.files.get(layer) != self._site.files[layer]


class MemoryJournals(JournalFiles):
    """Journals in memory."""

    def __init__(self) -> None:
        super().__init__(Path("/nowhere"), MASTER)
        self.texts: dict[str, str] = {}

    def write(self, journal: Journal) -> None:
        self.texts[journal.run] = journal_text(journal)

    def all(self) -> Sequence[Journal]:
        return [read_journal(self.texts[run]) for run in sorted(self.texts)]

    def unfinished(self) -> Sequence[Journal]:
        return [each for each in self.all() if not each.is_finished]

    def remove_old(self) -> None:
        """Keeps all."""


class NoKeeper:
    """Keeps no older backup."""

    def before_replication(self, run: str, last_good: str) -> None:
        """Do nothing."""

    def after_strip(self, run: str) -> None:
        """Do nothing."""
