"""The values that the parts of volume backups share (volumes 2–4). Times are aware, in UTC; durations are seconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

HOUR = 3_600
DAY = 86_400

LONGEST_PERIOD = 36500 * DAY
"""Seconds of the longest time in the configuration."""

SHORTEST_TIMEOUT = 12 * HOUR
"""Seconds that a backup may take, however small its volume is, unless the configuration says another time."""


class BackupType(Enum):
    """What a backup holds."""

    FULL = "full"
    INCREMENTAL = "incremental"


class RecordState(Enum):
    """How far a backup has come (volumes 4).

    ``PLANNED`` is committed before anything is asked for; ``CREATING`` just before the request, so that its outcome is
    unknown until Cinder shows the backup; ``RUNNING`` has Cinder's id. ``LOST`` was never found in a whole listing that
    began after the settling time.
    """

    PLANNED = "planned"
    CREATING = "creating"
    RUNNING = "running"
    GOOD = "good"
    FAILED = "failed"
    LOST = "lost"

    @property
    def is_open(self) -> bool:
        """Whether its outcome is not known yet; there is at most one such record of a volume."""
        return self in (RecordState.PLANNED, RecordState.CREATING, RecordState.RUNNING)


@dataclass(frozen=True, slots=True)
class BackupRecord:
    """One backup in our database: a volume at a due time, which occur together once (volumes 4).

    Names and the recipients' project stay here, because server, volume and project may be gone when it expires.

    :param id: our UUID, which the backup's metadata carries as ``glancesync_task``
    :param due: the due time that it is for
    :param backup_id: Cinder's id, None until it is known
    :param parent_id: the backup that an incremental one builds on, None for a full one and while it is not known
    :param name: the name that Cinder has, or was asked for
    :param begun: just before the request
    :param finished: when the outcome was seen
    :param size: of the volume, in GiB, as it was then
    :param interval: of the volume then
    :param retention: how long it is kept, counted from its end
    :param expires: fixed at completion, None before
    :param reason: why it failed, or is not good
    :param held: an operator forbids its removal
    :param refusals: how often Cinder refused its removal
    :param removal_asked: when its removal was asked for last
    :param last_refusal: why Cinder did not begin it then, "" while it may do so
    :param missing_since: first listing by id that answered 404; the record goes at the second in another cycle
    :param reported: whether its outcome is stored for a digest
    :param removed: when it was seen gone for good; the record is kept until that is in a digest
    :param drill_failed: the last restore drill of it could not restore it (volumes 1.3)
    """

    id: str
    project_id: str
    project_name: str
    server_id: str
    server_name: str
    volume_id: str
    volume_name: str
    due: datetime
    type: BackupType
    state: RecordState
    name: str
    interval: int
    retention: int
    size: int
    begun: datetime | None = None
    finished: datetime | None = None
    backup_id: str | None = None
    parent_id: str | None = None
    expires: datetime | None = None
    reason: str = ""
    held: bool = False
    refusals: int = 0
    removal_asked: datetime | None = None
    last_refusal: str = ""
    missing_since: datetime | None = None
    reported: bool = False
    removed: datetime | None = None
    drill_failed: bool = False

    @property
    def is_unfinished(self) -> bool:
        """Whether an outcome is to be looked for: it is open, or was lost and then found in Cinder (volumes 4)."""
        return self.state.is_open or (self.state is RecordState.LOST and self.backup_id is not None)

    @property
    def is_in_progress(self) -> bool:
        """Whether Cinder makes it, or may make it."""
        return self.is_unfinished and self.state is not RecordState.PLANNED

    @property
    def is_good(self) -> bool:
        """Whether it succeeded, and, for an incremental one, its parent is known (volumes 2)."""
        return self.state is RecordState.GOOD and (self.type is BackupType.FULL or self.parent_id is not None)


class Verdict(Enum):
    """What the plan says of a volume (volumes 1)."""

    FULL = "full"
    INCREMENTAL = "incremental"
    WAIT = "wait"
    SKIP = "skip"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class VolumeSettings:
    """Section ``[volumes]`` (volumes 2–5); durations in seconds.

    :param region: full name of the region, "" for that of the account
    :param backup_metadata_key: ``*`` means every server
    :param backup_window: minutes of the day from and to, which may cross midnight; None means always
    :param timezone: IANA name in which the window is meant
    :param backup_timeout: None means 12 h, or 1 h and 1 h for each 100 GiB where that is longer
    :param policy_listen: where the policy server listens: ``HOST:PORT``, ``[ADDRESS]:PORT`` or ``unix:PATH``
    :param allowed_clients: addresses and networks that may ask the policy server; none means all
    :param account_id: id of the account in Keystone, "" to find it by signing in
    """

    region: str = ""
    backup_metadata_key: str = "backup"
    skip_metadata_key: str = "skip-volume-backup"
    backup_interval: int = DAY
    min_interval: int = 3600
    backup_window: tuple[int, int] | None = None
    timezone: str = "UTC"
    cycle: int = 600
    full_backup_depth: int = 2
    max_running: int = 4
    max_running_per_project: int = 2
    max_running_per_host: int = 2
    retention: int = 14 * DAY
    min_retention: int = 7 * DAY
    max_retention: int = 365 * DAY
    retention_may_shrink: bool = False
    keep_at_least: int = 1
    keep_after_deletion: int = 30 * DAY
    settle: int = 900
    backup_timeout: int | None = None
    reconcile: int = 6 * 3600
    report_period: int = DAY
    policy_listen: str = "127.0.0.1:8808"
    allowed_clients: tuple[str, ...] = ()
    account_id: str = ""

    def timeout_of(self, size: int) -> int:
        """Seconds after which a backup has failed that Cinder still makes, restores or deletes.

        :param size: of the volume, in GiB
        """
        if self.backup_timeout is not None:
            return self.backup_timeout
        return max(SHORTEST_TIMEOUT, HOUR + size * HOUR // 100)
