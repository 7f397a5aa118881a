"""A cloud in memory that is backed up by the real plans, cycle after cycle; nothing else decides (volumes 2–4)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from fiwareglancesync.openstack.cloud_model import CloudBackup, Server, Volume
from fiwareglancesync.volumes.planning.backup_chain import chain_of, data_time, is_whole
from fiwareglancesync.volumes.planning.backup_marks import marks_of
from fiwareglancesync.volumes.planning.backup_retention import RetentionPlan, plan_retention
from fiwareglancesync.volumes.planning.volume_inventory import VolumeInventory
from fiwareglancesync.volumes.planning.volume_plan import VolumeEntry, new_record, plan_volumes
from fiwareglancesync.volumes.volume_model import BackupRecord, BackupType, RecordState, Verdict, VolumeSettings
from tests.support.volumes import ACCOUNT, NOW, make_inventory


class Simulation:
    """Servers and volumes, what Cinder has of them, and what the database says.

    :param failing: how many of the next backups end in an error
    :param minutes: how long a backup takes
    """

    def __init__(
        self,
        servers: list[Server],
        volumes: list[Volume],
        settings: VolumeSettings,
        *,
        failing: int = 0,
        minutes: int = 15,
        now: datetime = NOW,
    ) -> None:
        self.servers = servers
        self.volumes = {volume.id: volume for volume in volumes}
        self.settings = settings
        self.now = now
        self.records: dict[str, BackupRecord] = {}
        self.backups: dict[str, CloudBackup] = {}
        self.removed: list[BackupRecord] = []
        self.history: list[BackupRecord] = []
        self.most_running = 0
        self.failing = failing
        self._parents: dict[str, str] = {}
        self._takes = timedelta(minutes=minutes)
        self._numbers = 0

    def run(self, days: float) -> None:
        """Let cycles follow each other."""
        end = self.now + timedelta(days=days)
        while self.now < end:
            self.cycle()
            self.now += timedelta(seconds=self.settings.cycle)

    def cycle(self) -> RetentionPlan:
        """One cycle: what has ended, what begins, what is removed."""
        self._end_backups()
        plan = plan_volumes(self.inventory(), self.records.values(), self.settings, self.now)
        for entry in plan.entries:
            if entry.verdict is Verdict.FAIL:
                self._record(new_record(entry, self._new_id(), self.now))
        for entry in plan.beginning:
            self._begin(entry)
        self.most_running = max(self.most_running, sum(record.is_in_progress for record in self.records.values()))
        retention = plan_retention(self.inventory(), self.records.values(), plan.marked, self.settings, self.now)
        self._carry_out(retention)
        return retention

    def inventory(self) -> VolumeInventory:
        """What a listing shows now."""
        bases = {self._parents[id] for id in self.backups if id in self._parents}
        backups = [replace(each, has_dependent_backups=each.id in bases) for each in self.backups.values()]
        read_again = {volume_id: self.now + timedelta(seconds=1) for volume_id in self.volumes}
        return make_inventory(self.servers, list(self.volumes.values()), backups, read_again=read_again)

    def make_foreign(self, id: str, volume_id: str, *, is_incremental: bool) -> None:
        """A user makes a backup: an incremental one builds on the newest, as Cinder has it."""
        volume = self.volumes[volume_id]
        if is_incremental:
            self._parents[id] = self._newest(volume_id).id
        self.backups[id] = CloudBackup(
            id, "", volume.project_id, "alice", volume_id, "available", volume.size, is_incremental, False, self.now
        )

    def good(self, volume_id: str) -> list[BackupRecord]:
        """The backups of a volume that can be restored, the oldest first."""
        by_backup_id = {record.backup_id: record for record in self.records.values() if record.backup_id}
        return [
            record
            for record in sorted(self.records.values(), key=lambda record: record.due)
            if record.volume_id == volume_id and is_whole(list(chain_of(record, by_backup_id)), self.backups)
        ]

    def has_all_bases(self) -> bool:
        """Whether every backup is there that another one builds on."""
        return all(base in self.backups for base in self._bases())

    def _begin(self, entry: VolumeEntry) -> None:
        """Cinder accepts the request; an incremental backup builds on the newest available one."""
        planned = new_record(entry, self._new_id(), self.now)
        id = f"backup-{self._numbers}"
        record = replace(planned, state=RecordState.RUNNING, begun=self.now, backup_id=id)
        is_incremental = record.type is BackupType.INCREMENTAL
        if is_incremental:
            self._parents[id] = self._newest(record.volume_id).id
        self.backups[id] = CloudBackup(
            id, record.name, record.project_id, ACCOUNT.user_id, record.volume_id, "creating", record.size,
            is_incremental, False, self.now, metadata=marks_of(record, self.now), host="host-1",
        )  # fmt: skip
        self.volumes[record.volume_id] = replace(self.volumes[record.volume_id], status="backing-up")
        self._record(record)

    def _newest(self, volume_id: str) -> CloudBackup:
        """The parent that Cinder takes."""
        own = [each for each in self.backups.values() if each.volume_id == volume_id and each.status == "available"]
        return max(own, key=data_time)

    def _end_backups(self) -> None:
        for record in list(self.records.values()):
            if record.state is RecordState.RUNNING and self.now - (record.begun or self.now) >= self._takes:
                self._end(record)

    def _end(self, record: BackupRecord) -> None:
        has_failed, id = self.failing > 0, record.backup_id or ""
        self.failing = max(0, self.failing - 1)
        self.backups[id] = replace(self.backups[id], status="error" if has_failed else "available")
        self.volumes[record.volume_id] = replace(self.volumes[record.volume_id], status="in-use")
        ended = replace(record, finished=self.now, parent_id=self._parents.get(id))
        if has_failed:
            self._record(replace(ended, state=RecordState.FAILED, reported=True))
        else:
            expires = self.now + timedelta(seconds=record.retention)
            self._record(replace(ended, state=RecordState.GOOD, expires=expires))

    def _carry_out(self, retention: RetentionPlan) -> None:
        """Cinder refuses to delete what something builds on."""
        for id, expires in retention.expiries.items():
            self._record(replace(self.records[id], expires=expires))
        for each in retention.removals:
            assert each.backup.id not in self._bases()
            del self.backups[each.backup.id]
            self.removed.append(each.record)
            if each.record.state is RecordState.FAILED:
                self._record(replace(each.record, missing_since=self.now))
            else:
                del self.records[each.record.id]
        for record in retention.outdated:
            del self.records[record.id]

    def _bases(self) -> Mapping[str, None]:
        return {self._parents[id]: None for id in self.backups if id in self._parents}

    def _record(self, record: BackupRecord) -> None:
        """The database refuses two open records of a volume, and two for one due time."""
        for other in self.records.values():
            if other.id != record.id and other.volume_id == record.volume_id:
                assert other.due != record.due
                assert not (other.state.is_open and record.state.is_open)
        self.records[record.id] = record
        self.history = [each for each in self.history if each.id != record.id] + [record]

    def _new_id(self) -> str:
        self._numbers += 1
        return str(uuid.UUID(int=self._numbers))
