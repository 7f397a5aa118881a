"""What an oVirt engine lists, in the words of the program (vms 2.1, 3).

The objects are those of oVirt's SDK. Every attribute of theirs may be None.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timezone
from typing import Any

from ..vm_model import Disk, DiskStatus, Machine
from .domain_xml import ELSEWHERE

GLUSTERFS, OVF_STORE, LUN, IMAGE = "glusterfs", "ovf_store", "lun", "image"
REGULAR, SNAPSHOT_OK, SNAPSHOT_LOCKED = "regular", "ok", "locked"
UNKNOWN = "unknown"
_LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)


def read_machine(vm: Any, *, is_whole: bool = False) -> Machine:
    """A virtual machine; one whose state the engine does not say may write.

    :param is_whole: whether it has all its disks, and not only those that it may write to
    """
    attached = (each for each in vm.disk_attachments or () if each.disk is not None)
    disks = (each.disk for each in attached if is_whole or _is_written(each))
    return Machine(
        vm.id, vm.name or vm.id, value(vm.status) or UNKNOWN, tuple(map(read_disk, disks)), vm.origin or "",
        vm.cluster.id if vm.cluster is not None else "",
    )  # fmt: skip


def _is_written(attachment: Any) -> bool:
    """Whether the virtual machine may write to a disk: not to one that is read only, or not plugged in."""
    return attachment.active is not False and not attachment.read_only


def read_disk(disk: Any) -> Disk:
    """A disk; one whose status the engine does not say is locked."""
    kind = value(disk.storage_type) or IMAGE
    domains = [domain.id for domain in disk.storage_domains or ()]
    if kind == LUN:
        domain, layer = "", ""
    else:
        # What is neither a file nor a direct LUN is not in a volume.
        domain = domains[0] if kind == IMAGE and domains else ELSEWHERE
        layer = disk.image_id or ""
    status = DiskStatus.OK if kind != IMAGE else DiskStatus(value(disk.status) or DiskStatus.LOCKED.value)
    return Disk(disk.id, disk.alias or disk.name or disk.id, domain, layer, status, bool(disk.shareable))


def in_volume(domain: Any, volume: str, foreign: Collection[str] = ()) -> bool:
    """Whether a storage domain lies in a volume of gluster.

    :param volume: its name
    :param foreign: hosts whose volume of the same name is another one, as that of a slave
    """
    storage = domain.storage
    if storage is None or value(storage.type) != GLUSTERFS:
        return False
    # The path is HOST:/VOLUME, or /VOLUME where the host stands alone; a folder of the volume may follow.
    host, _, path = str(storage.path or "").rpartition(":")
    is_foreign = (host or str(storage.address or "")).strip("[]") in foreign
    return path.strip("/").partition("/")[0] == volume and not is_foreign


def layers_of(disk: str, snapshots: Iterable[Any]) -> tuple[str, ...]:
    """The layers of a disk that snapshots have frozen, the newest first.

    :param disk: id
    :param snapshots: with their disks
    """
    newest_first = sorted(snapshots, key=lambda each: each.date or _LONG_AGO, reverse=True)
    return tuple(layer for snapshot in newest_first if (layer := frozen_layer(snapshot, disk)))


def frozen_layer(snapshot: Any, disk: str) -> str:
    """The layer of a disk that a snapshot has frozen, "" when the disk is not in it.

    :param disk: id
    """
    return next((each.image_id or "" for each in snapshot.disks or () if each.id == disk), "")


def value(member: Any) -> str:
    """The engine's word of an enumeration, "" for none."""
    return "" if member is None else str(member.value)
