"""A site of an oVirt engine whose volumes are folders: real images, the SDK over TLS, and copies instead of gluster.

Guests write, and an active session copies, whenever the program waits.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from fiwareglancesync.base.messages import Message
from fiwareglancesync.vms.backup_config import BackupSettings
from fiwareglancesync.vms.backup_journal import Journal
from fiwareglancesync.vms.engines.ovirt_machines import OvirtMachines
from fiwareglancesync.vms.execution.event_outbox import EventOutbox
from fiwareglancesync.vms.execution.journal_files import JournalFiles
from fiwareglancesync.vms.execution.machines_on_demand import MachinesOnDemand
from fiwareglancesync.vms.execution.mounted_volumes import MountedVolumes, VolumePlaces
from fiwareglancesync.vms.execution.run_ports import RunTools
from fiwareglancesync.vms.execution.run_reporting import RunReporting
from fiwareglancesync.vms.execution.volume_backup import VolumeBackup
from fiwareglancesync.vms.planning.vm_selection import Choice
from fiwareglancesync.vms.replication.georep_model import PairStatus, Volume
from fiwareglancesync.vms.slave_address import SlaveAddress

from .ovirt_worlds import OvirtWorld
from .programs import program
from .stand_ins.georep_stand_in import FIRST_SECOND, GeorepStandIn, StoredReplication
from .stand_ins.ovirt_engine import EngineDisk, EngineMachine, EngineSnapshot
from .vm_builders import DOMAIN, id_of
from .vm_site import NoKeeper, SiteClock

SLAVE = SlaveAddress("gs", "copy")
STORE, STORE_LAYER = id_of(1, 8), id_of(1, 9)
POINTS = (
    (OvirtMachines, ("machines", "domains", "snapshot", "chain", "merge", "update_store", "send")),
    (GeorepStandIn, ("set_checkpoint", "start", "stop", "pause")),
    (MountedVolumes, ("touch_master", "keep", "mount", "unmount", "try_slave", "check", "strip", "put_back")),
    (JournalFiles, ("write",)),
    (EventOutbox, ("add", "remove")),
)
"""Each outside call of a run but looks at the session, and each write of its state."""


class OvirtSite:
    """The engine with two guests, the master and the slave as folders, and the calls of the program.

    :param world: has the first guest
    """

    def __init__(self, world: OvirtWorld) -> None:
        self.world = world
        self.model = world.model
        self.master, self.slave = world.model.volume, world.folder / "slave"
        self.slave.mkdir()
        self.state = world.folder / "state"
        self.lines: list[Message] = []
        self.seconds = 0.0
        self.writes = 0
        self.settings = BackupSettings(merge_parallel=2, merge_timeout=20, wait_timeout=5, folder=str(self.state))
        volume = Volume("data", True, (frozenset({"gm:/b"}),), {})
        self.session = StoredReplication(volume, Volume("copy", True, (frozenset({"gs:/b"}),), {}))
        self.model.add_machine(
            EngineMachine(id_of(2, 1), "data <base> & \"co\"", disks=[
                EngineDisk(id_of(2, 2), DOMAIN, [id_of(2, 3)]),
                EngineDisk(id_of(3, 2), DOMAIN, [id_of(3, 3)], format="raw"),
            ])
        )  # fmt: skip
        store = EngineDisk(STORE, DOMAIN, [STORE_LAYER], content="ovf_store")
        self.model.stores[DOMAIN] = [store]
        folder = self.master / DOMAIN / "images" / STORE
        folder.mkdir(parents=True)
        (folder / STORE_LAYER).write_bytes(b"the virtual machines\0\0")
        (folder / f"{STORE_LAYER}.meta").write_text("VOLTYPE=LEAF\n")
        for disk in self.disks:
            self._write_meta(disk)
        self.frozen: dict[str, str] = {}
        """What each overlay's frozen layer held at the snapshot, by the overlay's id."""

        self._make_snapshot = self.model.add_snapshot
        self.model.add_snapshot = self._add_snapshot  # type: ignore[method-assign]

    def add_disk(self, machine: str, disk: str, layer: str) -> None:
        """Plug a new disk into a guest.

        :param machine: id
        :param disk: id
        :param layer: id of its only layer
        """
        made = EngineDisk(disk, DOMAIN, [layer])
        self.model.add_machine(EngineMachine("made", "made", disks=[made]))
        self.model.machines[machine].disks.append(self.model.machines.pop("made").disks[0])
        self._write_meta(made)

    def _write_meta(self, disk: EngineDisk) -> None:
        meta = self.master / DOMAIN / "images" / disk.id / f"{disk.chain[0]}.meta"
        meta.write_text(f"DOMAIN={DOMAIN}\nVOLTYPE=LEAF\nEOF\n")

    @property
    def disks(self) -> list[EngineDisk]:
        """Of all guests."""
        return [disk for machine in self.model.machines.values() for disk in machine.disks]

    @property
    def files(self) -> JournalFiles:
        """The journals."""
        return JournalFiles(self.state, "data")

    def back_up(self) -> Journal:
        """One run of a new process."""
        return self._backup().back_up(str(SLAVE), Choice())

    def recover(self) -> bool:
        """One recovery of a new process."""
        return self._backup().recover()

    def pass_time(self, seconds: float) -> None:
        """Time passes: each guest writes, and an active session copies."""
        self.seconds += seconds
        self.session.now = FIRST_SECOND + int(self.seconds)
        for disk in self.disks:
            self._write(disk)
        if self.session.status is PairStatus.ACTIVE:
            self.copy()

    def copy(self) -> None:
        """Make the slave the master, as a session that has time enough."""
        images = f"{DOMAIN}/images"
        for source in (self.master / images).rglob("*"):
            target = self.slave / source.relative_to(self.master)
            if source.is_dir():
                target.mkdir(parents=True, exist_ok=True)
            elif not target.exists() or target.read_bytes() != source.read_bytes():
                shutil.copyfile(source, target)
        for target in list((self.slave / images).rglob("*")):
            if target.is_file() and not (self.master / target.relative_to(self.slave)).exists():
                target.unlink()

    def touch(self) -> None:
        """Note a write to the root of the master."""
        self.session.written = self.session.now

    def content(self, volume: Path, image: str, layer: str) -> str:
        """A digest of what a guest sees of a layer."""
        raw = self.world.folder / "raw"
        source = volume / DOMAIN / "images" / image / layer
        subprocess.run([program("qemu-img"), "convert", "-U", "-O", "raw", source, raw], check=True)
        return hashlib.sha256(raw.read_bytes()).hexdigest()

    def demand_backup(self, journal: Journal) -> None:
        """See that the slave holds what the snapshots held, and nothing of their overlays."""
        for machine in journal.machines:
            for disk in machine.disks if not machine.is_dropped else ():
                names = {each.name for each in (self.slave / DOMAIN / "images" / disk.id).iterdir()}
                assert names == {disk.frozen, f"{disk.frozen}.meta"}
                assert self.content(self.slave, disk.id, disk.frozen) == self.frozen[disk.overlay]
                meta = self.slave / DOMAIN / "images" / disk.id / f"{disk.frozen}.meta"
                assert "VOLTYPE=LEAF" in meta.read_text()

    def demand_nothing_left(self) -> None:
        """See that no snapshot, mount or activity is left."""
        assert [each.snapshots for each in self.model.machines.values()] == [{}] * len(self.model.machines)
        assert {len(disk.chain) for disk in self.disks} == {1}
        assert self.session.status is not PairStatus.ACTIVE
        assert not any(each.is_symlink() for each in (self.state / "data" / "mounts").glob("*"))

    def _add_snapshot(self, machine: EngineMachine, description: str, overlays: dict[str, str]) -> EngineSnapshot:
        held = {overlays[disk.id]: self.content(self.master, disk.id, disk.chain[0]) for disk in machine.disks}
        made = self._make_snapshot(machine, description, overlays)
        self.frozen |= held
        return made

    def _backup(self) -> VolumeBackup:
        clock = SiteClock(self)
        engine = MachinesOnDemand(
            lambda: self.world.connect(wait_timeout=self.settings.wait_timeout), clock, self.lines.append
        )
        reporting = RunReporting(self.files, engine, self.settings.notify, self.lines.append, clock)
        replication = _Folders(self)
        places = VolumePlaces("data", SLAVE, (self.master,), self.state / "data")
        tools = RunTools(
            engine, replication, _TouchedVolumes(self, replication, places, clock), NoKeeper(), self.settings,
            self.lines.append, clock, None,
        )  # fmt: skip
        return VolumeBackup("data", self.files, lambda slave: tools, reporting.report_all, self.lines.append, clock)

    def _write(self, disk: EngineDisk) -> None:
        self.writes += 1
        top = self.master / DOMAIN / "images" / disk.id / disk.chain[0]
        command = f"write -q -P {self.writes % 250 + 1} {self.writes % 16 * 65536} 64k"
        subprocess.run([program("qemu-io"), "-U", "-c", command, top], check=False, capture_output=True)


class _Folders(GeorepStandIn):
    """A session between two folders; a mount is a link."""

    def __init__(self, site: OvirtSite) -> None:
        super().__init__(site.session)
        self._site = site

    def start(self) -> None:
        super().start()
        self._site.copy()

    def method(self) -> str:
        return "tarssh"  # so that the rsync of this machine does not matter

    def mount_master(self, folder: str) -> None:
        self._link(folder, self._site.master)

    def mount_slave(self, folder: str) -> None:
        self._link(folder, self._site.slave)

    def mount_slave_for_reading(self, folder: str) -> None:
        self._link(folder, self._site.slave)

    def unmount(self, folder: str) -> None:
        if os.path.islink(folder):
            os.unlink(folder)
            os.mkdir(folder)

    @staticmethod
    def _link(folder: str, target: Path) -> None:
        os.rmdir(folder)
        os.symlink(target, folder)


class _TouchedVolumes(MountedVolumes):
    """The volumes; a write to the master's root is seen by the session."""

    def __init__(self, site: OvirtSite, replication: _Folders, places: VolumePlaces, clock: SiteClock) -> None:
        super().__init__(replication, places, clock)
        self._site = site

    def touch_master(self) -> None:
        super().touch_master()
        self._site.touch()
