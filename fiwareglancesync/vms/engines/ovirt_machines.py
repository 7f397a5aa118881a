"""The virtual machines of an oVirt engine (vms 3)."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ..backup_config import OvirtConnection
from ..vm_errors import DiskNotFound, EngineError, MachineNotFound, SnapshotRefused
from ..vm_model import Layers, Machine
from ..vm_options import Quiesce
from .engine_event import EngineEvent
from .machines_port import Consistency, StoreLayer
from .ovirt_events import last_event, send_event, snapshot_failures
from .ovirt_merge import SNAPSHOT_PREFIX, merge_snapshots
from .ovirt_reading import (
    OVF_STORE,
    REGULAR,
    SNAPSHOT_OK,
    in_volume,
    layers_of,
    read_machine,
    value,
)
from .ovirt_session import OvirtSession

PAGE = 100
WITH_DISKS = "disk_attachments.disk"
THAW_TRIES = 5
THAW_SECONDS = 1.0


class OvirtMachines:
    """A connection to an oVirt engine.

    :param connection: as the file has it
    :param wait_timeout: seconds that a snapshot may take
    :param foreign: hosts whose volumes are not the engine's master
    :raises EngineUnreachable: the engine does not answer, is not the one of the certificates, or refuses the user
    :raises NotInstalled: the SDK is missing
    """

    def __init__(self, connection: OvirtConnection, wait_timeout: float, foreign: Collection[str] = ()) -> None:
        self._foreign = frozenset(foreign)
        self._session = OvirtSession(connection)
        self._wait_timeout = wait_timeout

    def close(self) -> None:
        """End the connection."""
        self._session.close()

    def domains(self, volume: str) -> Sequence[str]:
        """The ids of the storage domains that lie in a volume."""
        with self._session.errors(EngineError):
            listed = self._session.system.storage_domains_service().list()
        return sorted(domain.id for domain in listed if in_volume(domain, volume, self._foreign))

    def update_store(self, domain: str) -> Sequence[StoreLayer]:
        """Have the engine write down its virtual machines in a storage domain."""
        service = self._session.system.storage_domains_service().storage_domain_service(domain)
        with self._session.errors(EngineError):
            service.update_ovf_store()
            disks = service.disks_service().list()
        stores = [disk for disk in disks if value(disk.content_type) == OVF_STORE]
        return [StoreLayer(disk.id, disk.image_id) for disk in stores if disk.image_id]

    def send(self, event: EngineEvent) -> None:
        """Report to the engine."""
        send_event(self._session, event)

    def machines(self) -> Sequence[Machine]:
        """All virtual machines, page by page until one has nothing new."""
        found: dict[str, Machine] = {}
        page = 0
        while True:
            page += 1
            with self._session.errors(EngineError):
                listed = self._session.system.vms_service().list(
                    search=f"sortby name asc page {page}", max=PAGE, follow=WITH_DISKS
                )
            new = {vm.id: read_machine(vm) for vm in listed if vm.id not in found}
            if not new:
                return list(found.values())
            found |= new

    def snapshot(self, machine: str, overlays: Mapping[str, str], quiesce: Quiesce, run: str) -> Consistency:
        """Put an overlay on each of some disks, and wait until that is done."""
        before = self._machine(machine)
        layers = {disk.id: disk.layer for disk in before.disks if disk.id in overlays}
        if len(layers) < len(overlays):
            missing = len(overlays) - len(layers)
            raise SnapshotRefused(f"{before.name} does not have {missing} of the disks any more")
        if not before.writes:
            raise SnapshotRefused(f"{before.name} is {before.state}")
        consistency = self._consistency(before, quiesce)
        since = last_event(self._session)
        snapshot = self._add(machine, overlays, SNAPSHOT_PREFIX + run)
        self._wait(before, snapshot)
        failures = snapshot_failures(self._session, machine, since)
        if failures:
            raise SnapshotRefused(f"{before.name}: {failures[0]}")
        for disk, frozen in layers.items():
            if self.chain(machine, disk)[:2] != (overlays[disk], frozen):
                raise SnapshotRefused(f"{before.name}: the guest does not write to the overlay of the disk {disk}")
        return consistency

    def chain(self, machine: str, disk: str) -> tuple[str, ...]:
        """The ids of a disk's layers."""
        found = self._machine(machine)
        top = next((each.layer for each in found.disks if each.id == disk), "")
        if not top:
            raise DiskNotFound(found.name, [disk])
        with self._session.errors(EngineError):
            snapshots = self._vm(machine).snapshots_service().list(follow="disks")
        return (top, *layers_of(disk, (each for each in snapshots if value(each.snapshot_type) == REGULAR)))

    def merge(self, machine: str, layers: Sequence[Layers], seconds: float) -> None:
        """Write overlays into the layers below them, and remove them."""
        merge_snapshots(self._session, self, machine, layers, time.monotonic() + seconds)

    def _consistency(self, machine: Machine, quiesce: Quiesce) -> Consistency:
        """Whether the guest can be frozen.

        The engine freezes it at a snapshot if it can, and does not say whether it could. So it is tried before.
        """
        service = self._vm(machine.id)
        try:
            with self._session.errors(SnapshotRefused):
                service.freeze_filesystems()
        except SnapshotRefused as error:
            self._thaw(machine.id)
            if quiesce is Quiesce.REQUIRE:
                raise SnapshotRefused(f"{machine.name} cannot be frozen: {error}") from error
            return Consistency.CRASH
        except EngineError:
            self._thaw(machine.id)
            raise
        if not self._thaw(machine.id):
            raise SnapshotRefused(f"{machine.name} was frozen, and cannot be thawed; look after it at once")
        return Consistency.FROZEN

    def _thaw(self, machine: str) -> bool:
        """Let a guest write again; whether the engine has done it."""
        for _ in range(THAW_TRIES):
            with suppress(EngineError), self._session.errors(SnapshotRefused):
                self._vm(machine).thaw_filesystems()
                return True
            time.sleep(THAW_SECONDS)
        return False

    def _add(self, machine: str, overlays: Mapping[str, str], description: str) -> str:
        """Ask for a snapshot without memory, with ids of layers that we choose; its id."""
        types = self._session.sdk.types
        disks = [types.Disk(id=disk, image_id=overlay) for disk, overlay in overlays.items()]
        wanted = types.Snapshot(
            description=description,
            persist_memorystate=False,
            disk_attachments=[types.DiskAttachment(disk=disk) for disk in disks],
        )
        with self._session.errors(SnapshotRefused):
            return str(self._vm(machine).snapshots_service().add(wanted).id)

    def _wait(self, machine: Machine, snapshot: str) -> None:
        service = self._vm(machine.id).snapshots_service().snapshot_service(snapshot)

        def is_done() -> bool:
            with self._session.errors(SnapshotRefused):
                return value(service.get().snapshot_status) == SNAPSHOT_OK

        try:
            done = self._session.wait_until(is_done, time.monotonic() + self._wait_timeout)
        except MachineNotFound as error:
            raise SnapshotRefused(f"{machine.name}: the snapshot was removed by somebody else") from error
        if not done:
            raise SnapshotRefused(f"{machine.name}: the snapshot is not done in time")

    def _machine(self, machine: str) -> Machine:
        with self._session.errors(EngineError):
            return read_machine(self._vm(machine).get(follow=WITH_DISKS), is_whole=True)

    def _vm(self, machine: str) -> Any:
        return self._session.system.vms_service().vm_service(machine)
