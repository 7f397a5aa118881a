"""An oVirt engine on loopback, with a virtual machine whose disk is a file; oVirt's SDK has to be there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fiwareglancesync.vms.backup_config import OvirtConnection
from fiwareglancesync.vms.engines.machines_port import VirtualMachines
from fiwareglancesync.vms.engines.ovirt_machines import OvirtMachines

from .certificates import self_signed
from .stand_ins.ovirt_engine import EngineDisk, EngineMachine, OvirtEngine
from .stand_ins.ovirt_stand_in import PASSWORD, USER, OvirtStandIn, serve_ovirt
from .vm_builders import DOMAIN, id_of


class OvirtWorld:
    """The engine, and what an operator does."""

    machine, disk, layer = id_of(1, 1), id_of(1, 2), id_of(1, 3)
    domain, volume = DOMAIN, "data"
    merges_at_rest = True

    def __init__(self, folder: Path, stand_in: OvirtStandIn, certificate: Path) -> None:
        self.folder = folder
        self.stand_in = stand_in
        self.model = stand_in.engine
        self.certificate = certificate
        self.model.domains = {DOMAIN: "glusterfs gm:/data"}
        self.stored_disk = EngineDisk(self.disk, DOMAIN, [self.layer])
        self.stored = self.model.add_machine(EngineMachine(self.machine, "web", disks=[self.stored_disk]))
        self.connected = self.connect()
        self.engine: VirtualMachines = self.connected

    def connection(self, **fields: Any) -> OvirtConnection:
        """How the engine is reached."""
        values = {"server": self.stand_in.address, "user_name": USER, "password": PASSWORD,
                  "ca_file": str(self.certificate)} | fields  # fmt: skip
        return OvirtConnection(**values)

    def connect(self, *, wait_timeout: float = 30.0, **fields: Any) -> OvirtMachines:
        """Another connection."""
        return OvirtMachines(self.connection(**fields), wait_timeout)

    def overlay_is_there(self, overlay: str) -> bool:
        """Whether the file of a layer is there."""
        return self.model.overlay_is_there(self.stored_disk, overlay)

    def switch_off(self) -> None:
        """Switch the virtual machine off."""
        self.stored.status = "down"

    def switch_on(self) -> None:
        """Start it again."""
        self.stored.status = "up"


@contextmanager
def ovirt_world(folder: Path) -> Iterator[OvirtWorld]:
    """An engine that serves until the end.

    :param folder: an empty one, for the volume and the certificate
    """
    certificate = self_signed(folder)
    with serve_ovirt(OvirtEngine(folder / "volume"), certificate) as stand_in:
        world = OvirtWorld(folder, stand_in, certificate)
        try:
            yield world
        finally:
            world.connected.close()
