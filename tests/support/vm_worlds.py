"""Engines and sessions with an operator, for the conformance of the ports: in memory, and real ones."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Protocol

from devcloud_lib.gluster import node_commands
from devcloud_lib.gluster.gluster_world import MASTER, SLAVE, VOLUMES, GlusterWorld
from devcloud_lib.gluster.guest_seed import DOMAINS, GUESTS, disk_file, virsh

from fiwareglancesync.vms.engines.domain_xml import VolumePlace
from fiwareglancesync.vms.engines.libvirt_machines import LibvirtMachines
from fiwareglancesync.vms.engines.machines_port import VirtualMachines
from fiwareglancesync.vms.replication.georep_model import Volume
from fiwareglancesync.vms.replication.gluster_replication import GlusterReplication
from fiwareglancesync.vms.replication.replication_port import Replication
from fiwareglancesync.vms.slave_address import SlaveAddress
from fiwareglancesync.vms.vm_model import Disk, Machine

from .stand_ins.georep_stand_in import GeorepStandIn, StoredReplication
from .stand_ins.machines_stand_in import MachinesStandIn, StoredEngine, StoredMachine

[PLAIN] = [volume for volume in VOLUMES if volume.name == "plain"]
[GUEST] = [guest for guest in GUESTS if guest.volume == PLAIN.name]
SECOND = 1.1


class GeorepWorld(Protocol):
    """A session, and what happens at its ends."""

    replication: Replication
    without_session: Replication
    folder: str
    """An empty folder."""

    def write(self) -> None:
        """Write to the master, at least a second after what was done before."""

    def is_mounted(self) -> bool:
        """Whether the slave is mounted at the folder, and files can be made and removed there."""


class MachinesWorld(Protocol):
    """An engine with one running virtual machine of one disk in the volume, and what an operator does."""

    engine: VirtualMachines
    machine: str
    disk: str
    layer: str
    domain: str
    volume: str
    """Of gluster."""

    merges_at_rest: bool
    """Whether the engine merges while the virtual machine is switched off."""

    def overlay_is_there(self, overlay: str) -> bool:
        """Whether the file of a layer is there."""

    def switch_off(self) -> None:
        """Switch the virtual machine off."""

    def switch_on(self) -> None:
        """Start it again."""


class MemoryGeorep:
    """The stand-in of geo-replication."""

    folder = "/mount"

    def __init__(self) -> None:
        volume = Volume("plain", True, (frozenset({"gm:/b"}),), {})
        self._stored = StoredReplication(volume, Volume("plain-copy", True, (frozenset({"gs:/b"}),), {}))
        self.replication: Replication = GeorepStandIn(self._stored)
        self.without_session: Replication = GeorepStandIn(StoredReplication(volume, volume, has_session=False))

    def write(self) -> None:
        self._stored.now += 2
        self._stored.written = self._stored.now

    def is_mounted(self) -> bool:
        return self.folder in self._stored.mounts


class RealGeorep:
    """A session of the development cloud."""

    def __init__(self, world: GlusterWorld) -> None:
        self._world = world
        launcher = (str(world.script), MASTER.short)
        self.folder = str(world.home(MASTER) / "slave")
        (world.home(MASTER) / "slave").mkdir(exist_ok=True)
        self.replication: Replication = GlusterReplication(
            PLAIN.name, SlaveAddress(SLAVE.host, PLAIN.slaves[0]), launcher
        )
        self.without_session: Replication = GlusterReplication(
            PLAIN.name, SlaveAddress(SLAVE.host, "sharded-copy"), launcher
        )

    def write(self) -> None:
        time.sleep(SECOND)  # gluster compares whole seconds
        node_commands.run(self._world, MASTER, "touch", self._world.mount(MASTER, PLAIN.name))

    def is_mounted(self) -> bool:
        probe = f"{self.folder}/probe"
        run = (self._world, MASTER)
        return (
            node_commands.succeeds(*run, "mountpoint", "-q", self.folder)
            and node_commands.succeeds(*run, "touch", probe)
            and node_commands.succeeds(*run, "rm", probe)
        )


class MemoryMachines:
    """The stand-in of an engine."""

    machine, disk, layer = GUEST.id, GUEST.image, GUEST.layer
    domain, volume = DOMAINS[GUEST.volume], GUEST.volume
    merges_at_rest = False

    def __init__(self) -> None:
        disk = Disk(self.disk, "vda", self.domain, self.layer)
        machine = Machine(self.machine, GUEST.name, "up", (disk,))
        self._stored = StoredMachine(machine, {self.disk: [self.layer]})
        self.engine: VirtualMachines = MachinesStandIn(StoredEngine({self.machine: self._stored}))

    def overlay_is_there(self, overlay: str) -> bool:
        return overlay in self._stored.chains[self.disk]

    def switch_off(self) -> None:
        self._set("down")

    def switch_on(self) -> None:
        self._set("up")

    def _set(self, state: str) -> None:
        self._stored.machine = replace(self._stored.machine, state=state)


class RealMachines:
    """The libvirt of the development cloud."""

    machine, disk, layer = GUEST.id, GUEST.image, GUEST.layer
    domain, volume = DOMAINS[GUEST.volume], GUEST.volume
    merges_at_rest = False

    def __init__(self, world: GlusterWorld) -> None:
        self._world = world
        pid = node_commands.first_process(world, MASTER)
        socket = PurePosixPath("/proc", str(pid), "root", "run", "libvirt", "libvirt-sock")
        mount = PurePosixPath(world.mount(MASTER, PLAIN.name))
        self._libvirt = LibvirtMachines(f"qemu+unix:///system?socket={socket}", VolumePlace(PLAIN.name, (mount,)))
        self.engine: VirtualMachines = self._libvirt

    def overlay_is_there(self, overlay: str) -> bool:
        file = disk_file(self._world, GUEST).with_name(overlay)
        return node_commands.succeeds(self._world, MASTER, "test", "-e", file)

    def switch_off(self) -> None:
        virsh(self._world, "destroy", GUEST.name)

    def switch_on(self) -> None:
        virsh(self._world, "start", GUEST.name)

    def close(self) -> None:
        """End the connection."""
        self._libvirt.close()


@contextmanager
def real_georep(world: GlusterWorld) -> Iterator[GeorepWorld]:
    """A session of the development cloud, stopped afterwards."""
    made = RealGeorep(world)
    try:
        yield made
    finally:
        made.replication.unmount(made.folder)
        made.replication.stop()
