"""A stand-in for Cinder: volumes, backups with their chains, restores, quotas, in the words of the real one."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence

from .cinder_documents import microversion, shown_backup, shown_volume
from .cloud_state import Caller, StoredBackup, StoredVolume, new_id, now
from .http_stand_in import Asked, Refuses, Reply
from .service_stand_in import ONE, Route, ServiceStandIn

_LISTING = frozenset(("all_tenants", "limit", "marker", "with_count"))
_FILTERS = frozenset(("project_id", "user_id", "volume_id", "status"))
_PASSING = ("creating", "deleting", "restoring")
_NO_PARENT = "Invalid backup: No backups available to do an incremental backup."


class CinderStandIn(ServiceStandIn):
    """Answers the requests to Cinder."""

    def _routes(self) -> Sequence[Route]:
        return (
            ("GET", "/os-services", self._services),
            ("GET", "/volumes/detail", self._volumes),
            ("POST", "/volumes", self._create_volume),
            ("GET", f"/volumes/{ONE}", self._volume),
            ("DELETE", f"/volumes/{ONE}", self._delete_volume),
            ("POST", f"/volumes/{ONE}/action", self._reset),
            ("POST", f"/volumes/{ONE}/metadata", self._set_metadata),
            ("GET", "/backups/detail", self._backups),
            ("POST", "/backups", self._create_backup),
            ("GET", f"/backups/{ONE}", self._backup),
            ("DELETE", f"/backups/{ONE}", self._delete_backup),
            ("GET", f"/backups/{ONE}/export_record", self._export),
            ("POST", f"/backups/{ONE}/restore", self._restore),
            ("GET", f"/os-quota-sets/{ONE}", self._quota),
            ("PUT", f"/os-quota-sets/{ONE}", self._set_quota),
        )

    def answer(self, asked: Asked, path: str) -> Reply:
        """Answer a request, when what was going on is complete.

        :param path: below the address, without version and project
        """
        microversion(asked)
        if not self._state.is_paused:
            self.finish_all()
        return super().answer(asked, path)

    def finish_all(self) -> None:
        """Complete everything that is going on."""
        for backup in [each for each in self._state.backups.values() if each.status != "available"]:
            self.finish(backup)

    def finish(self, backup: StoredBackup, status: str = "available", reason: str | None = None) -> None:
        """Complete what is going on with one backup."""
        volume = self._state.volumes.get(backup.volume_id)
        if backup.status in _PASSING:
            backup.updated_at = now()
        if backup.status == "deleting":
            self._drop(backup)
        elif backup.status == "creating":
            backup.status, backup.fail_reason = status, reason
            if volume is not None and volume.status == "backing-up":
                volume.status = self._state.previous_status.pop(volume.id)
        elif backup.status == "restoring":
            backup.status = "available"
            for each in self._state.volumes.values():
                if each.status == "restoring-backup":
                    each.status = "available"
                    each.metadata = {**({} if volume is None else volume.metadata), "src_backup_id": backup.id}
        else:
            return
        self.lists.changed()

    def _services(self, asked: Asked, caller: Caller) -> Reply:
        _administrators_only(caller, "volume_extension:services:index")
        up = {True: "up", False: "down"}
        states = {"cinder-scheduler": True, "cinder-volume": True, "cinder-backup": self._state.backup_service_is_up}
        rows = [
            {"binary": binary, "host": "node1", "state": up[is_up], "status": "enabled", "zone": "nova"}
            for binary, is_up in states.items()
        ]
        return Reply(200, {"services": rows})

    def _volumes(self, asked: Asked, caller: Caller) -> Reply:
        def select() -> Iterator[StoredVolume]:
            return (volume for volume in self._state.volumes.values() if _is_wanted(volume, asked, caller))

        marker = asked.query.get("marker")
        lost = Refuses(404, "itemNotFound", f"Volume {marker} could not be found.")
        page = self.lists.page(
            asked, "volumes", select, lambda volume: shown_volume(volume, caller), self._state.page_limit, lost
        )
        return Reply(200, page)

    def _backups(self, asked: Asked, caller: Caller) -> Reply:
        version = microversion(asked)

        def select() -> Iterator[StoredBackup]:
            return (backup for backup in self._state.backups.values() if _is_wanted(backup, asked, caller))

        marker = asked.query.get("marker")
        lost = Refuses(404, "itemNotFound", f"Backup {marker} could not be found.")
        page = self.lists.page(
            asked, "backups", select, lambda backup: shown_backup(backup, caller, version), self._state.page_limit, lost
        )
        return Reply(200, page)

    def _create_volume(self, asked: Asked, caller: Caller) -> Reply:
        wanted = asked.document["volume"]
        self._reserve(caller.project_id, "volumes", "gigabytes", wanted["size"])
        volume = StoredVolume(
            new_id(),
            wanted.get("name") or "",
            caller.project_id,
            size=wanted["size"],
            metadata=wanted.get("metadata", {}),
            volume_type=wanted.get("volume_type"),
        )
        self._state.volumes[volume.id] = volume
        return Reply(202, {"volume": shown_volume(volume, caller)})

    def _volume(self, asked: Asked, caller: Caller, volume_id: str) -> Reply:
        return Reply(200, {"volume": shown_volume(self._find_volume(caller, volume_id), caller)})

    def _delete_volume(self, asked: Asked, caller: Caller, volume_id: str) -> Reply:
        volume = self._find_volume(caller, volume_id)
        if volume.status not in ("available", "error", "error_restoring"):
            text = "Invalid volume: Volume status must be available or error or error_restoring"
            raise Refuses(400, "badRequest", text)
        del self._state.volumes[volume_id]
        return Reply(202)

    def _reset(self, asked: Asked, caller: Caller, volume_id: str) -> Reply:
        if "os-reset_status" in asked.document:
            self._find_volume(caller, volume_id).status = asked.document["os-reset_status"]["status"]
        return Reply(202)

    def _set_metadata(self, asked: Asked, caller: Caller, volume_id: str) -> Reply:
        volume = self._find_volume(caller, volume_id)
        volume.metadata.update(asked.document["metadata"])
        return Reply(200, {"metadata": volume.metadata})

    def _create_backup(self, asked: Asked, caller: Caller) -> Reply:
        wanted = asked.document["backup"]
        volume = self._find_volume(caller, wanted["volume_id"])
        if volume.status not in ("available", "in-use"):
            text = "Volume to be backed up must be available or in-use, but the current status is"
            raise Refuses(400, "badRequest", f'Invalid volume: {text} "{volume.status}".')
        if volume.status == "in-use" and not wanted.get("force"):
            raise Refuses(400, "badRequest", "Invalid volume: Backing up an in-use volume must use the force flag.")
        self._reserve(caller.project_id, "backups", "backup_gigabytes", volume.size)
        parent = self._newest(volume.id, caller.project_id) if wanted.get("incremental") else None
        if wanted.get("incremental") and parent is None:
            raise Refuses(400, "badRequest", _NO_PARENT)
        self._state.previous_status[volume.id], volume.status = volume.status, "backing-up"
        if any(ord(letter) > 0xFFFF for letter in wanted.get("name") or ""):
            raise Refuses(
                500,
                "computeFault",
                "The server has either erred or is incapable of performing the requested operation.",
            )
        backup = StoredBackup(
            new_id(),
            wanted.get("name") or "",
            caller.project_id,
            caller.user_id,
            volume.id,
            size=volume.size,
            parent_id=parent.id if parent else None,
            metadata=wanted.get("metadata") or {},
        )
        if parent is not None:
            parent.dependants += 1
        self._state.backups[backup.id] = backup
        return Reply(202, {"backup": {"id": backup.id, "name": backup.name}})

    def _newest(self, volume_id: str, project_id: str) -> StoredBackup | None:
        """The parent of an incremental backup: the newest available backup of the volume in the project."""
        found = [
            backup
            for backup in self._state.backups.values()
            if (backup.volume_id, backup.project_id, backup.status) == (volume_id, project_id, "available")
        ]
        return max(found, key=lambda backup: backup.created_at, default=None)

    def _backup(self, asked: Asked, caller: Caller, backup_id: str) -> Reply:
        return Reply(200, {"backup": shown_backup(self._find(caller, backup_id), caller, microversion(asked))})

    def _delete_backup(self, asked: Asked, caller: Caller, backup_id: str) -> Reply:
        backup = self._find(caller, backup_id)
        if backup.status not in ("available", "error"):
            raise Refuses(400, "badRequest", "Invalid backup: Backup status must be available or error")
        # Cinder looks for them in the project of the caller only.
        if backup.dependants and backup.project_id == caller.project_id:
            raise Refuses(400, "badRequest", "Invalid backup: Incremental backups exist for this backup.")
        backup.status = "deleting"
        return Reply(202)

    def _drop(self, backup: StoredBackup) -> None:
        del self._state.backups[backup.id]
        parent = self._state.backups.get(backup.parent_id or "")
        if parent is not None:
            parent.dependants -= 1

    def _export(self, asked: Asked, caller: Caller, backup_id: str) -> Reply:
        backup = self._find(caller, backup_id)
        _administrators_only(caller, "backup:export-import")
        if backup.status != "available":
            text = f"Invalid backup: Backup status must be available and not {backup.status}."
            raise Refuses(400, "badRequest", text)
        fields = {"id": backup.id, "parent_id": backup.parent_id, "user_id": backup.user_id, "status": backup.status}
        encoded = base64.b64encode(json.dumps(fields).encode()).decode()
        return Reply(200, {"backup-record": {"backup_service": "posix", "backup_url": encoded}})

    def _restore(self, asked: Asked, caller: Caller, backup_id: str) -> Reply:
        backup = self._find(caller, backup_id)
        volume = self._find_volume(caller, asked.document["restore"]["volume_id"])
        if backup.status != "available":
            raise Refuses(400, "badRequest", "Invalid backup: Backup status must be available")
        if volume.size < backup.size:
            raise Refuses(
                400,
                "badRequest",
                f"Invalid volume: volume size {volume.size} is too small to restore backup of size {backup.size}.",
            )
        backup.status, volume.status = "restoring", "restoring-backup"
        return Reply(202, {"restore": {"backup_id": backup.id, "volume_id": volume.id, "volume_name": volume.name}})

    def _quota(self, asked: Asked, caller: Caller, project: str) -> Reply:
        quota = self._state.quotas[project]
        rows = {
            name: {"limit": limit, "in_use": self._state.used(project, name), "reserved": 0}
            for name, limit in quota.items()
        }
        return Reply(200, {"quota_set": {"id": project, **rows}})

    def _set_quota(self, asked: Asked, caller: Caller, project: str) -> Reply:
        self._state.quotas[project].update(asked.document["quota_set"])
        return Reply(200, {"quota_set": self._state.quotas[project]})

    def _reserve(self, project: str, number: str, gigabytes: str, size: int) -> None:
        quota, used = self._state.quotas[project], self._state.used
        if 0 <= quota[gigabytes] < used(project, gigabytes) + size:
            what = "backup" if number == "backups" else "volume or snapshot"
            text = f"Requested {what} exceeds allowed {gigabytes.replace('_g', ' g').capitalize()} quota."
            consumed = used(project, gigabytes)
            figures = f"Requested {size}G, quota is {quota[gigabytes]}G and {consumed}G has been consumed."
            raise Refuses(413, "overLimit", f"{text} {figures}", Retry_After="0")
        if 0 <= quota[number] < used(project, number) + 1:
            raise Refuses(
                413, "overLimit", f"Maximum number of {number} allowed ({quota[number]}) exceeded", Retry_After="0"
            )

    def _find(self, caller: Caller, backup_id: str) -> StoredBackup:
        backup = self._state.backups.get(backup_id)
        if backup is None or (backup.project_id != caller.project_id and not caller.is_admin):
            raise Refuses(404, "itemNotFound", f"Backup {backup_id} could not be found.")
        return backup

    def _find_volume(self, caller: Caller, volume_id: str) -> StoredVolume:
        volume = self._state.volumes.get(volume_id)
        if volume is None or (volume.project_id != caller.project_id and not caller.is_admin):
            raise Refuses(404, "itemNotFound", f"Volume {volume_id} could not be found.")
        return volume


def _administrators_only(caller: Caller, rule: str) -> None:
    if not caller.is_admin:
        raise Refuses(403, "forbidden", f"Policy doesn't allow {rule} to be performed.")


def _is_wanted(row: StoredVolume | StoredBackup, asked: Asked, caller: Caller) -> bool:
    """Whether filters let a row through; one that Cinder does not have lets nothing through."""
    filters = {name: value for name, value in asked.query.items() if name not in _LISTING}
    if not filters.keys() <= _FILTERS:
        return False
    is_for_all = caller.is_admin and asked.query.get("all_tenants") == "1"
    if not is_for_all and row.project_id != caller.project_id:
        return False
    return all(getattr(row, name, None) == value for name, value in filters.items())
