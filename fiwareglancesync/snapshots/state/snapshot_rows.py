"""Turns what is recorded of snapshots into rows of the database and back; times are aware, in UTC (snapshots 4.7)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Any

from ...base.database import key_of, packed, unpacked
from ..ceph.ceph_model import ImageRef
from ..planning.snapshot_jobs import Job
from ..planning.snapshot_plan import JobState
from ..planning.snapshot_records import KnownImage, Schedule, StoredJob
from ..planning.uncovered_copies import Seen, Uncovered
from ..schedule.snapshot_spec import GENERAL
from ..snapshot_model import Copy, Instance, Intent, JobKey

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class CopyState(Enum):
    """What is known of a snapshot that was requested."""

    OPEN = "open"
    THERE = "there"
    LINGERING = "lingering"
    """It was removed, and clones keep it in the namespace *trash*: it is no copy any more."""


def seconds(moment: datetime) -> float:
    """A moment as the database has it."""
    return (moment - EPOCH) / timedelta(seconds=1)


def moment_of(stored: float) -> datetime:
    """A moment of the database, whose fractions some databases round."""
    return datetime.fromtimestamp(round(stored, 6), timezone.utc)


def optional_moment(stored: float | None) -> datetime | None:
    """A moment of the database, or None."""
    return None if stored is None else moment_of(stored)


def job_key(cluster: str, job: JobKey) -> str:
    """What makes a job the only one of its kind."""
    return _key(cluster, *job.image, job.set_name)


def snapshot_key(cluster: str, copy: Copy) -> str:
    """What makes a snapshot the only one of its kind: its id is that of the pool with the data, which images share."""
    return _key(cluster, *copy.image, str(copy.snapshot_id))


def volume_key(cluster: str, volume_id: str) -> str:
    """What makes the image of a volume the only one of its kind."""
    return _key(cluster, volume_id)


def instance_key(cluster: str, instance: Instance) -> str:
    """What makes an instance the only one of its kind."""
    return _key(cluster, instance.server_id, instance.set_name, repr(seconds(instance.slot)))


def schedule_of(job: JobKey) -> Schedule:
    """Which of the three databases of the original program a job of a volume was in."""
    return Schedule.GENERAL if job.set_name == GENERAL else Schedule.SCHEDULED


def job_values(job: Job, state: JobState) -> dict[str, Any]:
    """The columns of a job that the schedule decides, but for its key."""
    return {
        **_place(job.key),
        "schedule": schedule_of(job.key).value,
        "volume_id": job.volume_id,
        "count": job.count,
        "calendar": state.calendar,
        "since": seconds(state.since),
        "last": None if state.last is None else seconds(state.last),
    }


def uncovered_job_values(key: JobKey, volume_id: str, since: datetime) -> dict[str, Any]:
    """The columns of a job that has copies, and was never in the schedule."""
    return {
        **_place(key),
        "schedule": schedule_of(key).value,
        "volume_id": volume_id,
        "count": 0,
        "calendar": "",
        "since": seconds(since),
        "problem": "",
    }


def read_job(row: Any) -> StoredJob:
    """A job of a row."""
    state = JobState(row.calendar, moment_of(row.since), optional_moment(row.last))
    seen = None
    if row.uncovered is not None:
        seen = Seen(Uncovered(row.uncovered), moment_of(row.uncovered_since))
    since = optional_moment(row.problem_since)
    schedule = Schedule(row.schedule)
    return StoredJob(_job_of(row), schedule, row.volume_id, row.count, state, row.problem, since, seen)


def intent_values(cluster: str, intent: Intent) -> dict[str, Any]:
    """The columns of a request that is open."""
    return {
        **_place(intent.job),
        "id": str(uuid.uuid4()),
        "cluster": cluster,
        "volume_id": intent.volume_id,
        "name": intent.name,
        "slot": seconds(intent.slot),
        "state": CopyState.OPEN.value,
        "open_key": job_key(cluster, intent.job),
        "highest_id": intent.highest_id,
        "asked": seconds(intent.asked),
    }


def read_intent(row: Any) -> Intent:
    """A request of a row."""
    asked, slot = moment_of(row.asked), moment_of(row.slot)
    image = ImageRef(row.pool, row.image_id)
    return Intent(image, row.set_name, row.volume_id, row.name, slot, row.highest_id, asked)


def copy_values(cluster: str, copy: Copy) -> dict[str, Any]:
    """The columns of a copy that a request that has become one changes."""
    return {
        "state": CopyState.THERE.value,
        "open_key": None,
        "snapshot_id": copy.snapshot_id,
        "snapshot_key": snapshot_key(cluster, copy),
    }


def adopted_values(cluster: str, copy: Copy) -> dict[str, Any]:
    """The columns of a copy that nothing of ours requested."""
    asked = Intent(copy.image, copy.set_name, copy.volume_id, copy.name, copy.slot, copy.snapshot_id - 1, copy.slot)
    return intent_values(cluster, asked) | copy_values(cluster, copy)


def read_copy(row: Any) -> Copy:
    """A copy of a row."""
    image = ImageRef(row.pool, row.image_id)
    return Copy(image, row.snapshot_id, row.name, row.set_name, row.volume_id, moment_of(row.slot))


def instance_values(cluster: str, instance: Instance) -> dict[str, Any]:
    """The columns of an instance."""
    return {
        "instance_key": instance_key(cluster, instance),
        "cluster": cluster,
        "server_id": instance.server_id,
        "set_name": instance.set_name,
        "slot": seconds(instance.slot),
        "volume_ids": packed(json.dumps(sorted(instance.volume_ids))),
    }


def read_instance(row: Any) -> Instance:
    """An instance of a row."""
    volume_ids = frozenset(json.loads(unpacked(row.volume_ids)))
    return Instance(row.server_id, row.set_name, moment_of(row.slot), volume_ids)


def image_values(known: KnownImage) -> Mapping[str, Any]:
    """The columns of the image of a volume that change."""
    return {
        "pool": known.ref.pool,
        "image_id": known.ref.id,
        "name": known.name,
        "seen": seconds(known.seen),
    }


def read_image(row: Any) -> KnownImage:
    """The image of a volume of a row."""
    return KnownImage(ImageRef(row.pool, row.image_id), row.name, moment_of(row.seen))


def _place(job: JobKey) -> dict[str, str]:
    return {"pool": job.image.pool, "image_id": job.image.id, "set_name": job.set_name}


def _job_of(row: Any) -> JobKey:
    return JobKey(ImageRef(row.pool, row.image_id), row.set_name)


def _key(*parts: str) -> str:
    return key_of(json.dumps(parts))
