"""Records of snapshots for tests, with little to write."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from fiwareglancesync.snapshots.ceph.ceph_model import ImageRef, Namespace, SeenSnapshot
from fiwareglancesync.snapshots.planning.snapshot_jobs import Job
from fiwareglancesync.snapshots.schedule.snapshot_slots import calendar_of
from fiwareglancesync.snapshots.schedule.spec_reader import read_spec
from fiwareglancesync.snapshots.snapshot_model import Copy, JobKey

NOW = datetime(2026, 3, 10, 12, tzinfo=timezone.utc)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
IMAGE = ImageRef("volumes", "1a2b")


def copy(id: int, set_name: str = "daily", *, image: ImageRef = IMAGE, volume: str = "v1", age: int = 0) -> Copy:
    """A copy.

    :param age: days since its slot
    """
    return Copy(image, id, f"{set_name}_{id}", set_name, volume, NOW - age * DAY)


def seen(*copies: Copy) -> list[SeenSnapshot]:
    """How an image lists copies."""
    return [SeenSnapshot(each.snapshot_id, each.name, Namespace.USER) for each in copies]


def job(text: str, *, image: ImageRef = IMAGE, volume: str = "v1", servers: tuple[str, ...] = ("a",)) -> Job:
    """The job of one spec."""
    spec = read_spec(text).spec
    assert spec is not None
    return Job(JobKey(image, spec.set_name), volume, spec.count, calendar_of([spec], 0, "UTC"), servers)
