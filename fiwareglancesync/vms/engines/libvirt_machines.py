"""The virtual machines of a libvirt, whose disks lie in the volume as oVirt's do (vms 3)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any, TypeVar

from ...base.text import one_line
from ...base.units import readable_duration
from ...base.waiting import TooLate, returned_within
from ..vm_errors import DiskNotFound, EngineError, EngineUnreachable, MachineNotFound, MergeFailed, SnapshotRefused
from ..vm_model import DiskStatus, Layers, Machine
from ..vm_options import Quiesce
from .domain_xml import ELSEWHERE, DomainDisk, VolumePlace, as_disk, read_disks, snapshot_xml
from .engine_event import EngineEvent
from .hypervisor_calls import HypervisorCalls
from .libvirt_bindings import load_libvirt
from .machines_port import Consistency, StoreLayer

T = TypeVar("T")

POLL_SECONDS = 0.1
QUERY_SECONDS = 60.0
"""Within which a hypervisor has to answer a question. One that hangs, as with its storage, never does."""

SERVER_SECONDS = 60.0
"""Within which libvirt itself has to answer."""


class LibvirtMachines:
    """A connection to libvirt.

    :param uri: its address
    :param place: where libvirt finds the files of the volume
    :param wait_timeout: seconds that a snapshot may take
    :raises EngineUnreachable: libvirt does not answer
    :raises NotInstalled: the binding is missing
    """

    def __init__(self, uri: str, place: VolumePlace, wait_timeout: float = 600.0) -> None:
        self._libvirt = load_libvirt()
        self._wait_timeout = wait_timeout
        self._place = place
        # Without a handler the binding prints each error on standard error.
        self._libvirt.registerErrorHandler(lambda context, error: None, None)
        self._uri = uri
        try:
            self._connection = self._asked(self._connect)
        except self._libvirt.libvirtError as error:
            raise EngineUnreachable(f"libvirt at {uri} does not answer: {one_line(str(error))}") from error

    def close(self) -> None:
        """End the connection."""
        with self._errors(EngineError):
            self._connection.close()

    def machines(self) -> Sequence[Machine]:
        """All virtual machines."""
        with self._errors(EngineUnreachable):
            domains = self._asked(self._connection.listAllDomains)
        calls = HypervisorCalls(self._connect)
        return [machine for domain in domains if (machine := self._machine(domain, calls)) is not None]

    def domains(self, volume: str) -> Sequence[str]:
        """The storage domains in the volume: all its folders that have a disk."""
        found = {disk.domain for machine in self.machines() for disk in machine.disks if not disk.is_direct_lun}
        return sorted(found - {ELSEWHERE})

    def update_store(self, domain: str) -> Sequence[StoreLayer]:
        """Nothing: libvirt keeps its virtual machines elsewhere."""
        return ()

    def send(self, event: EngineEvent) -> None:
        """Nothing: libvirt has no events of this kind."""

    def snapshot(self, machine: str, overlays: Mapping[str, str], quiesce: Quiesce, run: str) -> Consistency:
        """Put an overlay on each of some disks."""
        domain = self._domain(machine)
        targets: dict[str, PurePosixPath | None] = {}
        for disk in self._disks(domain):
            ids = disk.ids(self._place)
            overlay = overlays.get(ids[1]) if ids else None
            targets[disk.target] = disk.files[0].with_name(overlay) if overlay else None
        missing = len(overlays) - sum(overlay is not None for overlay in targets.values())
        if missing:
            raise SnapshotRefused(f"{domain.name()} does not have {missing} of the disks any more")
        if not self._is_on(domain):
            raise SnapshotRefused(f"{domain.name()} is switched off")
        text, end, calls = snapshot_xml(targets), time.monotonic() + self._wait_timeout, HypervisorCalls(self._connect)

        def make(flags: int) -> None:
            left = end - time.monotonic()
            try:
                calls.call(machine, left, lambda found: found.snapshotCreateXML(text, flags))
            except TooLate as error:
                wait = readable_duration(self._wait_timeout)
                raise SnapshotRefused(f"{domain.name()}: libvirt has not made the snapshot within {wait}") from error

        return self._snapshot(domain.name(), make, quiesce)

    def chain(self, machine: str, disk: str) -> tuple[str, ...]:
        """The ids of a disk's layers."""
        return tuple(file.name for file in self._disk(self._domain(machine), disk).files)

    def merge(self, machine: str, layers: Sequence[Layers], seconds: float) -> None:
        """Write overlays into the layers below them, and remove them."""
        domain, deadline, calls = self._domain(machine), time.monotonic() + seconds, HypervisorCalls(self._connect)
        missing: list[str] = []
        self._wait_until_idle(domain, deadline)
        for each in layers:
            try:
                found = self._disk(domain, each.disk)
            except DiskNotFound:
                missing.append(each.disk)
                continue
            if found.files[0].name != each.overlay:
                if each.overlay in (file.name for file in found.files):
                    raise MergeFailed(f"{domain.name()}: another snapshot lies on the overlay {each.overlay}")
                continue
            if not self._is_on(domain):
                raise MergeFailed(f"{domain.name()} is switched off; start it, so that its snapshot can be merged")
            self._merge(domain, found, each, deadline, calls)
        if missing:
            raise DiskNotFound(domain.name(), missing)

    def _merge(self, domain: Any, disk: DomainDisk, layers: Layers, deadline: float, calls: HypervisorCalls) -> None:
        """Merge the top layer of a disk: copy it down while the guest goes on, then change over when all is copied."""

        def in_time(act: Callable[[Any], T]) -> T:
            try:
                return calls.call(domain.UUIDString(), max(deadline - time.monotonic(), POLL_SECONDS), act)
            except TooLate as error:
                raise MergeFailed(f"{domain.name()}: the overlay {layers.overlay} is not merged in time") from error

        with self._errors(MergeFailed):
            if not in_time(lambda found: found.blockJobInfo(disk.target, 0)):
                flags = self._libvirt.VIR_DOMAIN_BLOCK_COMMIT_ACTIVE | self._libvirt.VIR_DOMAIN_BLOCK_COMMIT_DELETE
                base = str(disk.files[0].with_name(layers.frozen))
                in_time(lambda found: found.blockCommit(disk.target, base, None, 0, flags))
            while not self._disk(domain, layers.disk).is_ready:
                if time.monotonic() > deadline or not in_time(lambda found: found.blockJobInfo(disk.target, 0)):
                    raise MergeFailed(f"{domain.name()}: the overlay {layers.overlay} is not merged in time")
                time.sleep(POLL_SECONDS)
            pivot = self._libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT
            in_time(lambda found: found.blockJobAbort(disk.target, pivot))
        while self._disk(domain, layers.disk).files[0].name == layers.overlay:
            if time.monotonic() > deadline:
                raise MergeFailed(f"{domain.name()}: the overlay {layers.overlay} is still in use")
            time.sleep(POLL_SECONDS)

    def _wait_until_idle(self, domain: Any, deadline: float) -> None:
        """Wait until libvirt does nothing with a virtual machine: a snapshot that was late may still be made.

        :raises MergeFailed: it still does something at the deadline
        """
        while self._is_busy(domain):
            if time.monotonic() > deadline:
                raise MergeFailed(f"{domain.name()}: libvirt still works on it, so its snapshot may be made yet")
            time.sleep(POLL_SECONDS)

    def _is_busy(self, domain: Any) -> bool:
        try:
            return bool(self._asked(domain.controlInfo)[0] != self._libvirt.VIR_DOMAIN_CONTROL_OK)
        except self._libvirt.libvirtError:
            return False  # it is switched off, or gone

    def _snapshot(self, name: str, make: Callable[[int], None], quiesce: Quiesce) -> Consistency:
        """Make a snapshot, of a guest that is frozen if it can be.

        :param name: of the virtual machine
        :param make: makes it, with flags; each time a call of its own, so that none is begun after the time is over
        """
        flags = (
            self._libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY
            | self._libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC
            | self._libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA
        )
        try:
            make(flags | self._libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE)
        except self._libvirt.libvirtError as error:
            if quiesce is Quiesce.REQUIRE or error.get_error_code() not in self._without_agent():
                raise SnapshotRefused(f"{name}: {one_line(str(error))}") from error
        else:
            return Consistency.FROZEN
        with self._errors(SnapshotRefused):
            make(flags)
        return Consistency.CRASH

    def _without_agent(self) -> frozenset[int]:
        """Codes of errors that say that nothing in the guest can freeze its disks."""
        return frozenset({
            self._libvirt.VIR_ERR_AGENT_UNRESPONSIVE, self._libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED,
            self._libvirt.VIR_ERR_CONFIG_UNSUPPORTED, self._libvirt.VIR_ERR_OPERATION_UNSUPPORTED,
            self._libvirt.VIR_ERR_AGENT_UNSYNCED,
        })  # fmt: skip

    def _machine(self, domain: Any, calls: HypervisorCalls) -> Machine | None:
        """A virtual machine; None when it has gone since it was listed."""
        try:
            with self._errors(EngineError):
                state = self._state(self._asked(domain.state)[0])
                disks = [as_disk(disk, self._place, self._status(domain, disk, calls)) for disk in self._disks(domain)]
                return Machine(domain.UUIDString(), domain.name(), state, tuple(disks))
        except MachineNotFound:
            return None

    def _state(self, state: int) -> str:
        return {
            self._libvirt.VIR_DOMAIN_SHUTOFF: "down",
            self._libvirt.VIR_DOMAIN_CRASHED: "down",
            self._libvirt.VIR_DOMAIN_PAUSED: "paused",
        }.get(state, "up")

    def _status(self, domain: Any, disk: DomainDisk, calls: HypervisorCalls) -> DiskStatus:
        """Whether another job works on a disk; while libvirt cannot say so, the disk is locked."""
        try:
            with self._errors(EngineError):
                busy = bool(self._asked(domain.isActive)) and bool(
                    calls.call(domain.UUIDString(), QUERY_SECONDS, lambda found: found.blockJobInfo(disk.target, 0))
                )
        except MachineNotFound:
            raise
        except TooLate:
            busy = True
        except EngineError:
            busy = self._is_on(domain)  # it may have been switched off in between
        return DiskStatus.LOCKED if busy else DiskStatus.OK

    def _asked(self, ask: Callable[[], T]) -> T:
        """What libvirt itself answers.

        :param ask: makes a call that no hypervisor has to answer
        :raises EngineUnreachable: it hangs; without a time limit no signal would end the wait either
        """
        try:
            return returned_within(SERVER_SECONDS, ask)
        except TooLate as error:
            wait = readable_duration(SERVER_SECONDS)
            raise EngineUnreachable(f"libvirt at {self._uri} has not answered within {wait}") from error

    def _connect(self) -> Any:
        return self._libvirt.open(self._uri)

    def _is_on(self, domain: Any) -> bool:
        with self._errors(EngineError):
            return bool(self._asked(domain.isActive))

    def _domain(self, machine: str) -> Any:
        with self._errors(EngineError):
            return self._asked(lambda: self._connection.lookupByUUIDString(machine))

    def _disks(self, domain: Any) -> tuple[DomainDisk, ...]:
        with self._errors(EngineError):
            return read_disks(self._asked(domain.XMLDesc))

    def _disk(self, domain: Any, disk: str) -> DomainDisk:
        for each in self._disks(domain):
            ids = each.ids(self._place)
            if ids and ids[1] == disk:
                return each
        raise DiskNotFound(domain.name(), [disk])

    @contextmanager
    def _errors(self, kind: type[EngineError]) -> Iterator[None]:
        """Turn errors of libvirt into those of the program.

        :param kind: for an error that is not one of its own
        """
        try:
            yield
        except self._libvirt.libvirtError as error:
            if error.get_error_code() in (self._libvirt.VIR_ERR_NO_DOMAIN, self._libvirt.VIR_ERR_INVALID_DOMAIN):
                raise MachineNotFound(one_line(str(error))) from error
            if not self._is_connected():
                raise EngineUnreachable(f"libvirt does not answer any more: {one_line(str(error))}") from error
            raise kind(one_line(str(error))) from error

    def _is_connected(self) -> bool:
        """Whether the connection still stands; a restart of libvirt ends it."""
        try:
            return bool(self._connection.isAlive())
        except self._libvirt.libvirtError:
            return False
