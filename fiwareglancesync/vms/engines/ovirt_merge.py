"""Removes snapshots of an oVirt engine, which merges their layers (vms 2.7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Protocol

from ..vm_errors import DiskIllegal, DiskNotFound, EngineError, MachineNotFound, MergeFailed
from ..vm_model import DiskStatus, Layers
from .ovirt_reading import REGULAR, SNAPSHOT_LOCKED, SNAPSHOT_OK, frozen_layer, read_disk, value
from .ovirt_session import OvirtSession

SNAPSHOT_PREFIX = "GLUSTER-Geo-rep-snapshot "
"""How the descriptions of our snapshots begin."""


class Chains(Protocol):
    """What reads the layers of a disk."""

    def chain(self, machine: str, disk: str) -> tuple[str, ...]:
        """The ids of a disk's layers, the one that is written to first."""


def merge_snapshots(
    session: OvirtSession, chains: Chains, machine: str, layers: Sequence[Layers], deadline: float
) -> None:
    """Merge the snapshots that have frozen layers of this run; what is merged already is left alone.

    :param machine: id
    :param deadline: seconds of ``time.monotonic``
    :raises MachineNotFound: it is not there
    :raises DiskNotFound: some disks are not; everything else is merged
    :raises DiskIllegal: a disk is illegal afterwards
    :raises MergeFailed: an overlay is still there
    """
    service = session.system.vms_service().vm_service(machine)
    with session.errors(MergeFailed):
        service.get()
    for snapshot in list(_ours(session, chains, service, machine, layers)):
        _remove(session, service.snapshots_service().snapshot_service(snapshot), snapshot, deadline)
    _check_disks(session, service, layers)
    missing: list[str] = []
    for each in layers:
        try:
            is_there = each.overlay in chains.chain(machine, each.disk)
        except DiskNotFound:
            missing.append(each.disk)
            continue
        if is_there:
            raise MergeFailed(f"the overlay {each.overlay} of the disk {each.disk} is still there")
    if missing:
        raise DiskNotFound("the virtual machine", missing)


def _ours(
    session: OvirtSession, chains: Chains, service: Any, machine: str, layers: Sequence[Layers]
) -> Iterator[str]:
    """The ids of the snapshots to remove.

    One that the engine is still making has our description, although no disk has its overlay yet. One whose description
    somebody has changed is known by its layers.
    """
    with session.errors(MergeFailed):
        listed = service.snapshots_service().list(follow="disks")
    for snapshot in listed:
        if value(snapshot.snapshot_type) != REGULAR:
            continue
        frozen = [each for each in layers if frozen_layer(snapshot, each.disk) == each.frozen]
        described = (snapshot.description or "").startswith(SNAPSHOT_PREFIX)
        if any(described or _lies_on(chains, machine, each) for each in frozen):
            yield snapshot.id


def _lies_on(chains: Chains, machine: str, layers: Layers) -> bool:
    """Whether the overlay of this run lies directly on the frozen layer."""
    try:
        chain = chains.chain(machine, layers.disk)
    except DiskNotFound:
        return False
    return (layers.overlay, layers.frozen) in pairwise(chain)


def _remove(session: OvirtSession, service: Any, snapshot: str, deadline: float) -> None:
    """Remove a snapshot, and wait until the engine has merged it."""

    def status() -> str:
        """"" when it is gone."""
        try:
            with session.errors(MergeFailed):
                return value(service.get().snapshot_status) or SNAPSHOT_OK
        except MachineNotFound:
            return ""

    def is_taken() -> bool:
        """Whether the engine has taken the removal; it refuses while something else is going on."""
        if status() == SNAPSHOT_LOCKED:
            return False
        try:
            with session.errors(MergeFailed):
                service.remove()
        except MachineNotFound:
            pass
        except EngineError as error:
            if not session.is_conflict(error):
                raise
            return False
        return True

    if not session.wait_until(is_taken, deadline):
        raise MergeFailed(f"the engine does not begin to merge the snapshot {snapshot}: another operation goes on")
    if not session.wait_until(lambda: status() != SNAPSHOT_LOCKED, deadline):
        raise MergeFailed(f"the snapshot {snapshot} is not merged in time; the engine goes on")
    # What is there and not locked any more was given up.


def _check_disks(session: OvirtSession, service: Any, layers: Sequence[Layers]) -> None:
    """See that no disk of this run is illegal."""
    with session.errors(MergeFailed):
        attachments = service.get(follow="disk_attachments.disk").disk_attachments or ()
    disks = [read_disk(attachment.disk) for attachment in attachments if attachment.disk is not None]
    wanted = {each.disk for each in layers}
    illegal = [disk.name for disk in disks if disk.id in wanted and disk.status is DiskStatus.ILLEGAL]
    if illegal:
        raise DiskIllegal(f"after the merge the disk {illegal[0]} is illegal; do not switch the virtual machine off")
