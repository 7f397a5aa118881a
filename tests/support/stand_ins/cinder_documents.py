"""How the stand-in for Cinder shows volumes and backups, by the microversion and the rights of the caller."""

from __future__ import annotations

import re
from typing import Any

from .cloud_state import Caller, StoredBackup, StoredVolume, written
from .http_stand_in import Asked, Refuses

_HIGHEST = (3, 71)


def microversion(asked: Asked) -> tuple[int, int]:
    """The microversion of a request."""
    found = re.fullmatch(r"volume (\d+)\.(\d+)", asked.headers.get("openstack-api-version", "volume 3.0"))
    assert found is not None, asked.headers
    version = int(found[1]), int(found[2])
    if version > _HIGHEST:
        text = f"Version {version[0]}.{version[1]} is not supported by the API. Minimum is 3.0 and maximum is 3.71."
        raise Refuses(406, "computeFault", text)
    return version


def shown_volume(volume: StoredVolume, caller: Caller) -> dict[str, Any]:
    """A volume as Cinder writes it."""
    shown: dict[str, Any] = {
        "id": volume.id,
        "name": volume.name,
        "status": volume.status,
        "size": volume.size,
        "metadata": volume.metadata,
        "attachments": [{"server_id": server, "volume_id": volume.id} for server in volume.server_ids],
        "created_at": written(volume.created_at),
        "volume_type": volume.volume_type,
        "os-vol-tenant-attr:tenant_id": volume.project_id,
    }
    admins = {"os-vol-host-attr:host": volume.host, "os-vol-mig-status-attr:name_id": volume.name_id}
    return {**shown, **admins} if caller.is_admin else shown


def shown_backup(backup: StoredBackup, caller: Caller, version: tuple[int, int]) -> dict[str, Any]:
    """A backup as Cinder writes it."""
    shown: dict[str, Any] = {
        "id": backup.id,
        "name": backup.name,
        "status": backup.status,
        "size": backup.size,
        "volume_id": backup.volume_id,
        "is_incremental": backup.parent_id is not None,
        "has_dependent_backups": backup.dependants > 0,
        "created_at": written(backup.created_at),
        "data_timestamp": written(backup.created_at),
        "updated_at": written(backup.updated_at) if backup.updated_at else None,
        "fail_reason": backup.fail_reason,
    }
    if caller.is_admin and version >= (3, 18):
        shown["os-backup-project-attr:project_id"] = backup.project_id
    if version >= (3, 43):
        shown["metadata"] = backup.metadata
    if version >= (3, 56):
        shown["user_id"] = backup.user_id
    return shown
