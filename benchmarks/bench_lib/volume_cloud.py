"""A large cloud with servers, volumes and backups, as values: what is listed, and what is recorded of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from fiwareglancesync.openstack.cloud_model import CloudBackup, Project, Server, Volume
from fiwareglancesync.volumes.planning.server_times import LAST_BACKUP_KEY
from fiwareglancesync.volumes.volume_model import BackupRecord, BackupType, RecordState, VolumeSettings
from tests.support.volumes import backup_of

SETTINGS = VolumeSettings(retention=9 * 86400, backup_window=(22 * 60, 6 * 60), timezone="Europe/Madrid")
VOLUMES_OF_A_PROJECT = 100
DEPTH = SETTINGS.full_backup_depth + 1
TAKES = timedelta(minutes=20)
"""From the due time of a backup until it is good."""


@dataclass(frozen=True)
class LargeCloud:
    """What is in a cloud.

    :param records: one for each backup
    """

    projects: list[Project]
    servers: list[Server]
    volumes: list[Volume]
    backups: list[CloudBackup]
    records: list[BackupRecord]


def make_cloud(count: int, backups: int, user_id: str, now: datetime) -> LargeCloud:
    """Servers with two volumes each, and chains of daily backups of them; half of the volumes are due.

    :param count: of volumes
    :param backups: of each volume
    :param user_id: who made the backups
    :param now: the present moment
    """
    volumes = [
        Volume(_id("volume", number), f"volume-{number}", _project_id(number), "in-use", 50) for number in range(count)
    ]
    last = now - timedelta(days=1) + TAKES + timedelta(hours=1)
    metadata = {"backup": "yes", LAST_BACKUP_KEY: f"{last:%Y-%m-%dT%H:%M:%SZ}"}
    servers = [
        Server(_id("server", number), f"server-{number}", volumes[2 * number].project_id, metadata,
               tuple(volume.id for volume in volumes[2 * number : 2 * number + 2]))
        for number in range(count // 2)
    ]  # fmt: skip
    projects = [Project(id, f"project-{id[:8]}", "default", "Default") for id in {each.project_id for each in volumes}]
    records = [
        record
        for number, volume in enumerate(volumes)
        for record in _history(volume, servers[min(number // 2, len(servers) - 1)], number, backups, now)
    ]
    parents = {record.parent_id for record in records}
    listed = [_listed(record, user_id, has_dependants=record.backup_id in parents) for record in records]
    return LargeCloud(projects, servers, volumes, listed, records)


def _history(volume: Volume, server: Server, number: int, count: int, now: datetime) -> Iterator[BackupRecord]:
    parent = None
    for index in range(count):
        due = now - timedelta(days=count - index, minutes=-(number % 2) * 60)
        is_full = index % DEPTH == 0
        backup_id = _id("backup", number * count + index)
        ended = due + TAKES
        yield BackupRecord(
            _id("record", number * count + index), volume.project_id, "Default/project", server.id, server.name,
            volume.id, volume.name, due, BackupType.FULL if is_full else BackupType.INCREMENTAL, RecordState.GOOD,
            f"{server.name}_{volume.name}_{due:%Y%m%dT%H%M%SZ}", 86400, SETTINGS.retention, volume.size, due, ended,
            backup_id, None if is_full else parent, ended + timedelta(seconds=SETTINGS.retention), reported=True,
        )  # fmt: skip
        parent = backup_id


def _listed(record: BackupRecord, user_id: str, *, has_dependants: bool) -> CloudBackup:
    return backup_of(
        record, user_id=user_id, has_dependent_backups=has_dependants, host="host-1", data_timestamp=record.begun,
        updated_at=record.finished,
    )  # fmt: skip


def _project_id(number: int) -> str:
    """The project of a volume."""
    return _id("project", number // VOLUMES_OF_A_PROJECT, 32)


def _id(kind: str, number: int, length: int = 36) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{number}"))[:length]
