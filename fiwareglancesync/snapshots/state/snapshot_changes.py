"""Every change of what is recorded of snapshots: one transaction each (snapshots 4.7).

::

    changes.keep_jobs(plan.states, jobs)                   # what is due from now on
    changes.begin(instance, intents)                       # the requests of a server are there before the first call
    ...                                                    # the calls
    changes.made(intent, copy)                             # or failed(); or neither, when the outcome is not known

Whoever takes over after a kill finds requests that are open, and settles them by the listings of their images.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ...base.database import database_errors
from ...base.errors import GlanceSyncError
from ..ceph.ceph_model import ImageRef
from ..inventory.server_inventory import InventoryRecord
from ..planning.snapshot_jobs import Job
from ..planning.snapshot_plan import JobState
from ..planning.snapshot_records import KnownImage, Schedule
from ..planning.uncovered_copies import Seen
from ..snapshot_model import Copy, Instance, Intent, JobKey
from .inventory_rows import inventory_values
from .snapshot_rows import (
    CopyState,
    adopted_values,
    copy_values,
    image_values,
    instance_key,
    instance_values,
    intent_values,
    job_key,
    job_values,
    seconds,
    snapshot_key,
    uncovered_job_values,
    volume_key,
)
from .snapshot_schema import copies, images, instances, inventories, jobs

NO_IMAGE = ImageRef("", "")
"""Stands for the image of a job of the service itself."""


class AlreadyRecorded(GlanceSyncError):
    """There is an open request of the same job, or a record of the same snapshot; nothing was written."""


class SnapshotChanges:
    """What the one process that has the lock of a cluster writes; its threads may share it.

    Every method raises :class:`~fiwareglancesync.base.errors.DatabaseUnavailable` when the database cannot be used;
    nothing is written then.

    :param engine: the database, its tables in place
    :param cluster: id of the cluster
    """

    def __init__(self, engine: Engine, cluster: str) -> None:
        self._engine = engine
        self._cluster = cluster

    def keep_jobs(self, states: Mapping[JobKey, JobState], present: Mapping[JobKey, Job]) -> None:
        """Record jobs that are new, or have another count or other times.

        :param states: what is recorded of each from now on
        :param present: the jobs themselves
        """
        rows = {job_key(self._cluster, key): job_values(present[key], state) for key, state in states.items()}
        with self._transaction() as connection:
            for key, values in rows.items():
                self._put(connection, jobs, {"job_key": key}, values, {"problem": ""})

    def begin(self, made: Iterable[Instance], intents: Collection[Intent]) -> None:
        """Record requests for snapshots before the first of them, and that their slots are begun.

        :param made: the servers whose volumes these are
        :param intents: one for each job
        :raises AlreadyRecorded: a job has an open request
        """
        with self._transaction() as connection:
            for intent in intents:
                self._slot(connection, intent.job, intent.slot)
                connection.execute(insert(copies).values(intent_values(self._cluster, intent)))
            for instance in made:
                values = instance_values(self._cluster, instance)
                self._put(connection, instances, {"instance_key": values.pop("instance_key")}, values)

    def skip(self, job: JobKey, slot: datetime, problem: str, now: datetime) -> None:
        """Record that a slot is begun of which nothing is requested.

        :param problem: why
        """
        with self._transaction() as connection:
            self._slot(connection, job, slot)
            self._problem(connection, job, problem, now)

    def unknown(self, intent: Intent, problem: str, now: datetime) -> None:
        """Record when a request ended whose outcome is not known: the snapshot may appear later.

        :param problem: why it is not known
        """
        with self._transaction() as connection:
            connection.execute(update(copies).where(*self._open(intent)).values(asked=seconds(now)))
            self._problem(connection, intent.job, problem, now)

    def made(self, intent: Intent, copy: Copy) -> None:
        """Record what a request made, also when the request is not recorded any more: no snapshot of ours is lost."""
        with self._transaction() as connection:
            is_recorded = select(copies.c.id).where(self._copy(copy))
            if connection.execute(is_recorded).first() is not None:  # somebody adopted it, or settled the request
                connection.execute(delete(copies).where(*self._open(intent)))
            else:
                change = update(copies).where(*self._open(intent)).values(copy_values(self._cluster, copy))
                if not connection.execute(change).rowcount and connection.execute(is_recorded).first() is None:
                    connection.execute(insert(copies).values(adopted_values(self._cluster, copy)))
            connection.execute(self._job(intent.job).values(problem="", problem_since=None))

    def failed(self, intent: Intent, problem: str, now: datetime) -> None:
        """Record that nothing came of a request, and nothing can.

        :param problem: why
        """
        with self._transaction() as connection:
            connection.execute(delete(copies).where(*self._open(intent)))
            self._problem(connection, intent.job, problem, now)

    def has_problem(self, job: JobKey, problem: str, now: datetime) -> None:
        """Record why an attempt failed.

        :param problem: why
        """
        with self._transaction() as connection:
            self._problem(connection, job, problem, now)

    def adopt(self, adopted: Iterable[Copy]) -> None:
        """Record snapshots that exist as copies.

        :raises AlreadyRecorded: there is a record of one of them
        """
        with self._transaction() as connection:
            for copy in adopted:
                connection.execute(insert(copies).values(adopted_values(self._cluster, copy)))

    def close(self, closed: Iterable[Copy]) -> None:
        """Forget copies: they are gone, or somebody else's."""
        with self._transaction() as connection:
            for copy in closed:
                connection.execute(delete(copies).where(self._copy(copy)))

    def linger(self, copy: Copy) -> None:
        """Record that a copy was removed, and that clones keep it: it is no copy any more."""
        with self._transaction() as connection:
            connection.execute(update(copies).where(self._copy(copy)).values(state=CopyState.LINGERING.value))

    def keep_uncovered(
        self, found: Mapping[JobKey, Seen], before: Iterable[JobKey], volume_ids: Mapping[JobKey, str]
    ) -> None:
        """Record which copies no job covers, and since when.

        :param found: by job
        :param before: the jobs of which that is recorded
        :param volume_ids: of the jobs that are found
        """
        with self._transaction() as connection:
            for key in set(before).difference(found):
                connection.execute(self._job(key).values(uncovered=None, uncovered_since=None))
            for key, seen in found.items():
                values = {"uncovered": seen.kind.value, "uncovered_since": seconds(seen.since)}
                row = {"job_key": job_key(self._cluster, key)}
                self._put(connection, jobs, row, values, uncovered_job_values(key, volume_ids[key], seen.since))

    def keep_images(self, known: Mapping[str, KnownImage]) -> None:
        """Record the images of volumes.

        :param known: by id of the volume
        """
        with self._transaction() as connection:
            for volume_id, image in known.items():
                key = {"image_key": volume_key(self._cluster, volume_id)}
                self._put(connection, images, key, {**image_values(image), "volume_id": volume_id})

    def keep_inventory(self, record: InventoryRecord) -> None:
        """Record what an inventory found."""
        with self._transaction() as connection:
            self._put(connection, inventories, {"cluster": self._cluster}, inventory_values(record))

    def drop(
        self, gone_jobs: Iterable[JobKey] = (), gone_images: Iterable[str] = (), gone: Iterable[Instance] = ()
    ) -> None:
        """Forget what nothing needs any more.

        :param gone_jobs: jobs without a schedule and without copies
        :param gone_images: ids of volumes
        :param gone: instances without copies
        """
        with self._transaction() as connection:
            for job in gone_jobs:
                connection.execute(delete(jobs).where(jobs.c.job_key == job_key(self._cluster, job)))
            for volume_id in gone_images:
                connection.execute(delete(images).where(images.c.image_key == volume_key(self._cluster, volume_id)))
            for instance in gone:
                key = instance_key(self._cluster, instance)
                connection.execute(delete(instances).where(instances.c.instance_key == key))

    def service_ran(self, name: str, now: datetime, problem: str = "") -> None:
        """Record that a job of the service itself was done, or that it failed.

        :param name: such as ``inventory``
        :param problem: why it failed, "" when it was done
        """
        key = JobKey(NO_IMAGE, name)
        new = {
            "schedule": Schedule.SERVICE.value, "pool": "", "image_id": "", "set_name": name, "volume_id": "",
            "count": 0, "calendar": "", "since": seconds(now),
        }  # fmt: skip
        done = {} if problem else {"last": seconds(now)}
        with self._transaction() as connection:
            self._put(connection, jobs, {"job_key": job_key(self._cluster, key)}, done, {**new, "problem": ""})
            self._problem(connection, key, problem, now)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with database_errors(), self._engine.begin() as connection:
            try:
                yield connection
            except IntegrityError as error:
                text = "there is an open request of the same job, or a record of the same snapshot"
                raise AlreadyRecorded(text) from error

    def _put(
        self,
        connection: Connection,
        table: Table,
        key: Mapping[str, str],
        values: Mapping[str, Any],
        at_first: Mapping[str, Any] | None = None,
    ) -> None:
        """Change a row, or make it.

        :param key: its primary key
        :param values: that it has from now on
        :param at_first: that it has besides when it is made
        """
        if connection.execute(select(*table.primary_key).filter_by(**key)).first() is None:
            everything = {**key, "cluster": self._cluster, **(at_first or {}), **values}
            connection.execute(insert(table).values(everything))
        elif values:
            connection.execute(update(table).filter_by(**key).values(values))

    def _job(self, job: JobKey) -> Any:
        return update(jobs).where(jobs.c.job_key == job_key(self._cluster, job))

    def _slot(self, connection: Connection, job: JobKey, slot: datetime) -> None:
        """Record that a slot is begun; the last one stays the newest."""
        connection.execute(
            self._job(job).where(jobs.c.last.is_(None) | (jobs.c.last < seconds(slot))).values(last=seconds(slot))
        )

    def _problem(self, connection: Connection, job: JobKey, problem: str, now: datetime) -> None:
        if not problem:
            connection.execute(self._job(job).values(problem="", problem_since=None))
            return
        connection.execute(self._job(job).where(jobs.c.problem_since.is_(None)).values(problem_since=seconds(now)))
        connection.execute(self._job(job).values(problem=problem))

    def _open(self, intent: Intent) -> tuple[Any, Any]:
        """Conditions for the row of a request, and of no later one of its job."""
        return copies.c.open_key == job_key(self._cluster, intent.job), copies.c.name == intent.name

    def _copy(self, copy: Copy) -> Any:
        return copies.c.snapshot_key == snapshot_key(self._cluster, copy)
