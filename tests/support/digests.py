"""Digests as they are of a small cloud in a usual week, and odd ones."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from fiwareglancesync.openstack.cloud_model import BackupQuota, Limit
from fiwareglancesync.volumes.digests.digest_model import (
    Digest,
    ExpiredBackup,
    FailedBackup,
    GoodBackup,
    LateVolume,
    ProjectDigest,
    SkippedVolume,
)
from fiwareglancesync.volumes.volume_model import BackupType

END = datetime(2026, 11, 28, 6, tzinfo=timezone.utc)
BEGIN = END - timedelta(days=1)


def good(
    server: str, volume: str, minutes: int, kind: BackupType = BackupType.INCREMENTAL, size: int = 40
) -> GoodBackup:
    """A backup that was begun some minutes after ten in the evening."""
    begun = BEGIN + timedelta(hours=16, minutes=minutes)
    name = f"{server}_{volume}_{begun:%Y%m%dT%H%M%SZ}"
    return GoodBackup(server, volume, name, kind, size, begun, begun + timedelta(seconds=47 * size))


def expired(server: str, volume: str, days: int) -> ExpiredBackup:
    """A backup that was removed in the morning."""
    made = BEGIN + timedelta(hours=16) - timedelta(days=days)
    return ExpiredBackup(server, volume, f"{server}_{volume}_{made:%Y%m%dT%H%M%SZ}", END - timedelta(hours=1))


WEB = ProjectDigest(
    "6f70656e737461636b20697320636f6f",
    "Default/web",
    failed=(
        FailedBackup("db-01", "db-01-data", BEGIN + timedelta(hours=17), "Cinder: no space left on device (/backups)"),
    ),
    late=(LateVolume("db-01", "db-01-data", BEGIN - timedelta(hours=8)),),
    skipped=(SkippedVolume("web-02", "web-02-cache", "The volume has the metadata skip-volume-backup."),),
    unprotected=("bastion", "build-07"),
    good=(
        good("web-01", "web-01-root", 0, BackupType.FULL, 20),
        good("web-02", "web-02-root", 3),
        good("web-02", "web-02-uploads", 9, BackupType.INCREMENTAL, 250),
    ),
    expired=(expired("web-01", "web-01-root", 14), expired("web-02", "web-02-root", 14)),
    quota=BackupQuota(Limit(100, 86, 2), Limit(5000, 1850, 310)),
    warnings=("Server web-02: the metadata backup-retention is '2 weeks', expected such as 2w; the default is used.",),
)
ANALYTICS = ProjectDigest(
    "a1b2c3d4e5f60718293a4b5c6d7e8f90",
    "Default/analytics",
    good=(good("spark-01", "spark-01-hdfs", 31, BackupType.FULL, 500), good("spark-02", "spark-02-hdfs", 44)),
    quota=BackupQuota(Limit(50, 30), Limit(None, 12400)),
)
USUAL = Digest(BEGIN, END, (WEB, ANALYTICS), region="RegionOne")
QUIET = Digest(BEGIN, END, (ANALYTICS,), region="RegionOne")


def of_names(name: str, text: str) -> Digest:
    """A digest in which everything has one name, and every reason one text."""
    project = ProjectDigest(
        "1",
        f"{name}/{name}",
        failed=(FailedBackup(name, name, BEGIN, text),),
        late=(LateVolume(name, name, None),),
        skipped=(SkippedVolume(name, name, text),),
        unprotected=(name,),
        good=(GoodBackup(name, name, name, BackupType.FULL, 1, BEGIN, END),),
        expired=(ExpiredBackup(name, name, name, END),),
        quota=BackupQuota(Limit(10, 5, 1), Limit(None, 5)),
        warnings=(text,),
    )
    return Digest(BEGIN, END, (project,), region=name, warnings=(text,))
