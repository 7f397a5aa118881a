"""What is to be done with each volume now (volumes 1, 2). Pure: what was read and the present moment are parameters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain

from ...openstack.cloud_model import CloudBackup, Server, Volume
from ..volume_model import BackupRecord, BackupType, RecordState, Verdict, VolumeSettings
from .backup_chain import CinderStatus, by_volume, choose_type
from .backup_limits import Candidate, Choice, RunningBackup, choose
from .backup_names import backup_name, usable_name
from .backup_schedule import NEVER, ONE_SECOND, DueTime, next_due
from .backup_window import BackupWindow, window_of
from .server_metadata import Marked, MarkedVolume, find_marked
from .volume_inventory import VolumeInventory

READY = frozenset({CinderStatus.AVAILABLE.value, CinderStatus.IN_USE.value})
"""Statuses of volumes that are backed up."""

PASSING = frozenset(
    {
        "attaching",
        "awaiting-transfer",
        "backing-up",
        "creating",
        "detaching",
        "downloading",
        "extending",
        "maintenance",
        "reserved",
        "restoring-backup",
        "retyping",
        "uploading",
    }
)
"""Statuses of volumes that end by themselves: the backup waits."""

BEGINS = frozenset({Verdict.FULL, Verdict.INCREMENTAL})
"""Verdicts on a volume that is due and can be backed up."""

_VERDICTS = {BackupType.FULL: Verdict.FULL, BackupType.INCREMENTAL: Verdict.INCREMENTAL, None: Verdict.WAIT}


@dataclass(frozen=True, slots=True)
class VolumeEntry:
    """What the plan says of a volume, or of a marked server without volumes.

    :param volume_id: "" for a server without volumes
    :param why: the reason, for people
    :param marked: the volume with its servers and times, None when it is not to be backed up
    :param due: what the backup, or the failure, is for; None when the volume has no due time
    :param since: since when it waits
    :param closes: when the window closes in which its backup has to begin, None when it may begin later too
    :param until: when it is looked at again, or is due, or has failed; None when that is not known
    :param begins: whether a backup may begin now, as far as the limits allow it
    :param is_forced: it is due because somebody wants it now
    :param is_stuck: the volume is ``backing-up``, and no backup of it is being made
    :param record: the planned one that is carried out, None for a new one
    """

    project_id: str
    project_name: str
    server: Server
    volume_id: str
    volume_name: str
    verdict: Verdict
    why: str
    marked: MarkedVolume | None = None
    due: datetime | None = None
    since: datetime = NEVER
    closes: datetime | None = None
    until: datetime | None = None
    begins: bool = False
    is_forced: bool = False
    is_stuck: bool = False
    record: BackupRecord | None = None


@dataclass(frozen=True, slots=True)
class VolumePlan:
    """What is to be done with all volumes.

    :param entries: by the names of project, server and volume
    :param beginning: the entries of backups that may begin now, in their order
    :param marked: the volumes that are backed up, by id
    :param abandoned: planned records of volumes that are not to be backed up any more, or not in that project
    :param unprotected: servers without the mark
    :param warnings: what is wrong in metadata, with the server
    """

    entries: Sequence[VolumeEntry]
    beginning: Sequence[VolumeEntry]
    marked: Mapping[str, MarkedVolume]
    abandoned: Sequence[BackupRecord]
    unprotected: Sequence[Server]
    warnings: Sequence[tuple[Server, str]]


def plan_volumes(
    inventory: VolumeInventory,
    records: Iterable[BackupRecord],
    settings: VolumeSettings,
    now: datetime,
    forced: Collection[str] = (),
) -> VolumePlan:
    """Decide what is to be done with each volume.

    :param records: all that have not been removed
    :param now: in UTC
    :param forced: ids of servers and volumes that are due now, whatever schedule and window say
    """
    marked = find_marked(inventory.servers.items, inventory.volume_by_id, settings)
    histories = by_volume(records)
    planner = _Planner(inventory, settings, now, forced)
    entries = [planner.entry_of(each, histories.get(each.volume.id, ())) for each in marked.volumes.values()]
    entries.extend(planner.others(marked))
    running = running_backups(chain.from_iterable(histories.values()), inventory)
    choice = choose(candidates(entries), running, inventory.backup_hosts, settings)
    order = {volume_id: number for number, volume_id in enumerate(choice.begins)}
    entries = [_limited(entry, choice, order, settings) for entry in entries]
    entries.sort(
        key=lambda entry: (entry.project_name, entry.server.name, entry.server.id, entry.volume_name, entry.volume_id)
    )
    beginning = sorted((entry for entry in entries if entry.begins), key=lambda entry: order[entry.volume_id])
    abandoned = [] if inventory.why_incomplete else list(_abandoned(histories, marked.volumes))
    return VolumePlan(entries, beginning, marked.volumes, abandoned, marked.unprotected, marked.warnings)


def new_record(entry: VolumeEntry, id: str, now: datetime) -> BackupRecord:
    """The record of a backup that is to be made, or of a failure without a request; it is committed first.

    :param entry: of a volume that is due
    :param id: of the record, when no planned one is carried out
    :param now: in UTC
    """
    marked, server = entry.marked, entry.server
    if marked is None or entry.due is None:
        raise ValueError(f"{entry.volume_id}: the volume is not due")
    volume = marked.volume
    return BackupRecord(
        id=entry.record.id if entry.record is not None else id,
        project_id=volume.project_id,
        project_name=entry.project_name,
        server_id=server.id,
        server_name=server.name,
        volume_id=volume.id,
        volume_name=volume.name,
        due=entry.due,
        type=BackupType.INCREMENTAL if entry.verdict is Verdict.INCREMENTAL else BackupType.FULL,
        state=RecordState.FAILED if entry.verdict is Verdict.FAIL else RecordState.PLANNED,
        name=backup_name(usable_name(server.name, server.id), usable_name(volume.name, volume.id), now),
        interval=marked.interval,
        retention=marked.retention,
        size=volume.size,
        finished=now if entry.verdict is Verdict.FAIL else None,
        reason=entry.why if entry.verdict is Verdict.FAIL else "",
    )


def drop_closed(waiting: dict[str, VolumeEntry], now: datetime) -> None:
    """Drop the volumes whose window has closed since the plan was made: a cycle may take hours.

    :param waiting: the volumes that are due, by id
    :param now: in UTC
    """
    for entry in list(waiting.values()):
        if entry.closes is not None and entry.closes <= now:
            del waiting[entry.volume_id]


def volumes_to_read(plan: VolumePlan, records: Iterable[BackupRecord]) -> Mapping[str, str]:
    """The volumes whose backups are to be read before a plan is carried out, because it depends on the newest ones.

    Those of volumes that wait for others are read when the limits let them begin.

    :param plan: made of older listings
    :param records: those whose outcome is not known, at least
    :return: id → id of the project
    """
    unknown = {record.volume_id: record.project_id for record in records if record.state is RecordState.CREATING}
    now = {entry.volume_id: entry.project_id for entry in plan.entries if entry.is_stuck or entry.begins}
    return {**unknown, **now}


def with_type(
    entry: VolumeEntry,
    history: Sequence[BackupRecord],
    backups: Iterable[CloudBackup],
    user_id: str,
    settings: VolumeSettings,
) -> VolumeEntry:
    """The entry of a volume that can be backed up, with the type of its next backup; it waits while a restore hides it.

    :param history: its records, by due time, the oldest first
    :param backups: its backups, anybody's
    :param user_id: of our account
    """
    if entry.marked is None:
        raise ValueError(f"{entry.volume_id}: the volume is not backed up")
    choice = choose_type(entry.marked.volume, history, backups, user_id, settings.full_backup_depth)
    return replace(entry, verdict=_VERDICTS[choice.type], why=choice.why)


def candidates(entries: Iterable[VolumeEntry]) -> Iterator[Candidate]:
    """The volumes that are due and can be backed up, for the limits."""
    return (Candidate(entry.volume_id, entry.project_id, entry.since) for entry in entries if entry.verdict in BEGINS)


def running_backups(records: Iterable[BackupRecord], inventory: VolumeInventory) -> Sequence[RunningBackup]:
    """The backups that have been requested and have not ended, for the limits.

    :param records: those that are not finished, at least
    """
    found = []
    for record in records:
        if record.is_in_progress:
            backup = inventory.backup_by_id.get(record.backup_id or "")
            found.append(RunningBackup(record.project_id, "" if backup is None else backup.host))
    return found


class _Planner:
    """Decides about one volume after the other.

    :param forced: ids of servers and volumes
    """

    def __init__(
        self, inventory: VolumeInventory, settings: VolumeSettings, now: datetime, forced: Collection[str]
    ) -> None:
        self._inventory = inventory
        self._settings = settings
        self._now = now
        self._forced = forced
        self._window: BackupWindow | None = window_of(settings)

    def entry_of(self, marked: MarkedVolume, history: Sequence[BackupRecord]) -> VolumeEntry:
        """Decide about a volume.

        :param history: its records, the oldest first
        """
        volume = marked.volume
        entry = self._entry(marked.servers[0], volume.id, volume, Verdict.WAIT, "")
        entry = replace(
            entry, marked=marked, is_forced=self._is_forced(marked), is_stuck=self._is_stuck(volume, history)
        )
        why = self._inventory.why_untouchable(volume.project_id)
        if why:
            return replace(entry, verdict=Verdict.SKIP, why=why)
        record = next((each for each in reversed(history) if each.state.is_open), None)
        if record is not None and record.state is not RecordState.PLANNED:
            return self._in_progress(entry, record)
        if record is not None and _has_moved(record, volume):
            record = None
        due = self._due(marked, history)
        closes = None if self._window is None else due.limit
        entry = replace(entry, due=due.due, since=due.since, closes=closes, record=record)
        if not due.is_due:
            return replace(entry, why=due.why, until=due.due)
        if not self._inventory.backup_hosts:
            return replace(entry, why="no cinder-backup service is up")
        if volume.status in READY:
            return self._due_entry(entry, history, due)
        if volume.status in PASSING:
            stuck = ", but no backup of it is being made: set its state back" if entry.is_stuck else ""
            return self._waiting(entry, due, f"the volume is {volume.status}{stuck}")
        return replace(entry, verdict=Verdict.FAIL, why=f"the volume is {volume.status}")

    def others(self, marked: Marked) -> Iterator[VolumeEntry]:
        """The entries of what is not backed up."""
        seen: set[str] = set()
        for server, volume in marked.skipped:
            if volume.id not in seen:
                seen.add(volume.id)
                why = f"the volume has {self._settings.skip_metadata_key}"
                yield self._entry(server, volume.id, volume, Verdict.SKIP, why)
        for server, volume_id in marked.missing:
            why = "Nova has it attached, and Cinder does not list it"
            yield self._entry(server, volume_id, None, Verdict.WAIT, why)
        for server in marked.empty:
            yield self._entry(server, "", None, Verdict.SKIP, "the server has no volumes")

    def _entry(self, server: Server, volume_id: str, volume: Volume | None, verdict: Verdict, why: str) -> VolumeEntry:
        project_id = server.project_id if volume is None else volume.project_id
        name = self._inventory.project_name(project_id)
        return VolumeEntry(project_id, name, server, volume_id, "" if volume is None else volume.name, verdict, why)

    def _in_progress(self, entry: VolumeEntry, record: BackupRecord) -> VolumeEntry:
        if record.state is RecordState.RUNNING:
            return replace(entry, why="a backup of it is being made")
        settled = (record.begun or record.due) + timedelta(seconds=self._settings.settle)
        return replace(entry, why="the result of the last request is not known yet", until=settled)

    def _is_forced(self, marked: MarkedVolume) -> bool:
        return marked.volume.id in self._forced or any(server.id in self._forced for server in marked.servers)

    def _due(self, marked: MarkedVolume, history: Sequence[BackupRecord]) -> DueTime:
        if self._is_forced(marked):
            return self._due_now(history)
        return next_due(history, marked.interval, self._now, self._window)

    def _due_now(self, history: Sequence[BackupRecord]) -> DueTime:
        """Due by request: a time that no record is for."""
        taken = {record.due for record in history if record.state is not RecordState.PLANNED}
        due = self._now.replace(microsecond=0)
        while due in taken:
            due += ONE_SECOND
        return DueTime(due, NEVER, is_due=True)

    def _due_entry(self, entry: VolumeEntry, history: Sequence[BackupRecord], due: DueTime) -> VolumeEntry:
        inventory = self._inventory
        backups = inventory.backups_of.get(entry.volume_id, ())
        found = with_type(entry, history, backups, inventory.account.user_id, self._settings)
        return found if found.verdict in BEGINS else self._waiting(entry, due, found.why)

    def _waiting(self, entry: VolumeEntry, due: DueTime, why: str) -> VolumeEntry:
        """An entry of a volume in a passing state, which has failed when there is no further cycle before the limit."""
        if due.limit is not None and self._now + timedelta(seconds=self._settings.cycle) >= due.limit:
            return replace(entry, verdict=Verdict.FAIL, why=f"{why}, for too long")
        return replace(entry, why=why, until=due.limit)

    def _is_stuck(self, volume: Volume, history: Sequence[BackupRecord]) -> bool:
        if volume.status != CinderStatus.BACKING_UP:
            return False
        settled = self._now - timedelta(seconds=self._settings.settle)
        if any(
            record.state is RecordState.RUNNING
            or (record.state is RecordState.CREATING and (record.begun or record.due) > settled)
            for record in history
        ):
            return False
        backups = self._inventory.backups_of.get(volume.id, ())
        return not any(backup.status == CinderStatus.CREATING for backup in backups)


def _abandoned(
    histories: Mapping[str, Sequence[BackupRecord]], marked: Mapping[str, MarkedVolume]
) -> Iterator[BackupRecord]:
    for volume_id, history in histories.items():
        found = marked.get(volume_id)
        for record in history:
            if record.state is RecordState.PLANNED and (found is None or _has_moved(record, found.volume)):
                yield record


def _has_moved(record: BackupRecord, volume: Volume) -> bool:
    """Whether a volume went to another project since a record was made."""
    return record.project_id != volume.project_id


def _limited(entry: VolumeEntry, choice: Choice, order: Mapping[str, int], settings: VolumeSettings) -> VolumeEntry:
    """An entry with what the limits say."""
    if entry.verdict not in BEGINS:
        return entry
    if entry.volume_id in order:
        return replace(entry, begins=True)
    if entry.project_id in choice.full_projects:
        return replace(entry, why=f"{entry.why}; waits, as {settings.max_running_per_project} run in its project")
    return replace(entry, why=f"{entry.why}; waits for other backups to end")
