"""The tables of snapshots (snapshots 4.7). Times are seconds since the epoch.

``cluster`` is the id of the Ceph cluster: several clusters may share a database. Columns that end in ``_key`` are
:func:`~fiwareglancesync.base.database.key_of` of what makes a row the only one of its kind.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, String, Table

from ...base.database import LARGE_BYTES, ExactText, metadata

jobs = Table(
    "snapshot_jobs",
    metadata,
    Column("job_key", String(64), primary_key=True),
    Column("cluster", String(64), nullable=False),
    # service, scheduled_snaps or general_snaps
    Column("schedule", String(16), nullable=False),
    # Of a job of the service itself pool, image and volume are "", and the set is its name.
    Column("pool", ExactText, nullable=False),
    Column("image_id", ExactText, nullable=False),
    Column("set_name", String(64), nullable=False),
    Column("volume_id", ExactText, nullable=False),
    Column("count", Integer, nullable=False),
    Column("calendar", ExactText, nullable=False),
    # Since when the job has this calendar: earlier slots do not count.
    Column("since", Double, nullable=False),
    # The instant of the last slot that was begun.
    Column("last", Double),
    Column("problem", ExactText, nullable=False),
    Column("problem_since", Double),
    # Why no job of the schedule covers the copies any more, and since when; NULL while one does.
    Column("uncovered", String(16)),
    Column("uncovered_since", Double),
    Index("snapshot_jobs_of_cluster", "cluster"),
)

copies = Table(
    "snapshot_copies",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("cluster", String(64), nullable=False),
    Column("pool", ExactText, nullable=False),
    Column("image_id", ExactText, nullable=False),
    Column("set_name", String(64), nullable=False),
    Column("volume_id", ExactText, nullable=False),
    Column("name", ExactText, nullable=False),
    Column("slot", Double, nullable=False),
    Column("state", String(16), nullable=False),
    # The job while the request is open, NULL afterwards: so the database allows one open request of a job.
    Column("open_key", String(64), unique=True),
    Column("highest_id", BigInteger, nullable=False),
    Column("asked", Double, nullable=False),
    Column("snapshot_id", BigInteger),
    # Image and id of the snapshot once it is known: so no snapshot is recorded twice.
    Column("snapshot_key", String(64), unique=True),
    Index("snapshot_copies_of_cluster", "cluster"),
)

instances = Table(
    "snapshot_instances",
    metadata,
    Column("instance_key", String(64), primary_key=True),
    Column("cluster", String(64), nullable=False),
    Column("server_id", ExactText, nullable=False),
    Column("set_name", String(64), nullable=False),
    Column("slot", Double, nullable=False),
    # The ids of all volumes that the server had then: compressed JSON.
    Column("volume_ids", LARGE_BYTES, nullable=False),
    Index("snapshot_instances_of_cluster", "cluster"),
)

images = Table(
    "snapshot_images",
    metadata,
    Column("image_key", String(64), primary_key=True),
    Column("cluster", String(64), nullable=False),
    Column("volume_id", ExactText, nullable=False),
    Column("pool", ExactText, nullable=False),
    Column("image_id", ExactText, nullable=False),
    # The name that the image had when it was last the volume's.
    Column("name", ExactText, nullable=False),
    Column("seen", Double, nullable=False),
    Index("snapshot_images_of_cluster", "cluster"),
)

inventories = Table(
    "snapshot_inventories",
    metadata,
    Column("cluster", String(64), primary_key=True),
    # When its first request was sent.
    Column("begun", Double, nullable=False),
    # Whether it is of all projects, or of the account's own one.
    Column("covers_all", Boolean, nullable=False),
    # Volumes with their places, servers, and those without snapshots by their metadata: compressed JSON.
    Column("content", LARGE_BYTES, nullable=False),
)
