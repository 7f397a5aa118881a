"""The tables of volume backups (volumes 4). Times are seconds since the epoch.

``region_key`` is :func:`~fiwareglancesync.base.database.key_of` of a region's full name: several regions may share a
database, and what Cinder lists in one of them says nothing about the backups of another.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, String, Table, UniqueConstraint

from ...base.database import LARGE_BYTES, ExactText, metadata

backups = Table(
    "volume_backups",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("region_key", String(64), nullable=False),
    Column("project_id", String(64), nullable=False),
    Column("project_name", ExactText, nullable=False),
    Column("server_id", String(64), nullable=False),
    Column("server_name", ExactText, nullable=False),
    Column("volume_id", String(64), nullable=False),
    Column("volume_name", ExactText, nullable=False),
    Column("due", Double, nullable=False),
    # The volume while the record is open, NULL afterwards: so the database allows one such record of a volume.
    Column("open_volume", String(64), unique=True),
    Column("type", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("name", ExactText, nullable=False),
    Column("interval", BigInteger, nullable=False),
    Column("retention", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("begun", Double),
    Column("finished", Double),
    Column("backup_id", String(64), unique=True),
    Column("parent_id", String(64)),
    Column("expires", Double),
    Column("reason", ExactText, nullable=False),
    Column("held", Boolean, nullable=False),
    Column("refusals", Integer, nullable=False),
    Column("removal_asked", Double),
    Column("last_refusal", ExactText, nullable=False),
    Column("missing_since", Double),
    # When the outcome, and the removal, were written, by the database's clock: digests go by it.
    Column("recorded", Double),
    Column("removed", Double),
    # Whether the last restore drill of the backup failed.
    Column("drill_failed", Boolean, nullable=False),
    UniqueConstraint("volume_id", "due", name="volume_backups_of_a_due_time"),
    Index("volume_backups_of_project", "region_key", "project_id"),
    Index("volume_backups_expires", "expires"),
    Index("volume_backups_recorded", "recorded"),
    Index("volume_backups_removed", "removed"),
)

projects = Table(
    "volume_projects",
    metadata,
    Column("region_key", String(64), primary_key=True),
    Column("project_id", String(64), primary_key=True),
    Column("project_name", ExactText, nullable=False),
    # When the listing began in which everything of the project was last seen.
    Column("last_whole", Double),
    Column("last_cycle", Double),
    # So many removals in one cycle an operator has allowed once, beyond the usual limit.
    Column("allowed_deletions", Integer, nullable=False),
    # What the last cycle found, for the digest: compressed JSON.
    Column("summary", LARGE_BYTES),
)

listings = Table(
    "volume_listings",
    metadata,
    Column("region_key", String(64), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("id", String(36), nullable=False),
    Column("began", Double, nullable=False),
    Column("whole", Boolean, nullable=False),
)

listing_parts = Table(
    "volume_listing_parts",
    metadata,
    Column("listing_id", String(36), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("content", LARGE_BYTES, nullable=False),
)

regions = Table(
    "volume_regions",
    metadata,
    Column("region_key", String(64), primary_key=True),
    # The user whose backups these are, "" before the first cycle: another cloud, or another account, is refused.
    Column("account_id", String(64), nullable=False),
    # Everything before this moment, by the database's clock, is in a digest.
    Column("reported_until", Double, nullable=False),
)

drills = Table(
    "volume_drills",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("region_key", String(64), nullable=False),
    Column("project_id", String(64), nullable=False),
    Column("project_name", ExactText, nullable=False),
    Column("server_name", ExactText, nullable=False),
    Column("volume_id", String(64), nullable=False),
    Column("volume_name", ExactText, nullable=False),
    Column("backup_id", String(64), nullable=False),
    Column("backup_name", ExactText, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("own_project_id", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("begun", Double, nullable=False),
    Column("temporary_id", String(64), unique=True),
    Column("finished", Double),
    Column("reason", ExactText, nullable=False),
    # When the outcome was written, by the database's clock: digests go by it.
    Column("recorded", Double),
    # When the temporary volume was seen to be gone, by the same clock.
    Column("removed", Double),
    Index("volume_drills_of_region", "region_key"),
    Index("volume_drills_recorded", "recorded"),
)
