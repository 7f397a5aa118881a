"""Revision 0006 adds the tables of snapshots, and touches nothing else."""

from __future__ import annotations

from tests.support.databases import Rows, at_revision, broken_off, differences, read_rows, remove_tables, write_rows
from tests.unit.migrations.test_drill_revision import BACKUP, DRILL, FEDERATION

TABLES = ("snapshot_jobs", "snapshot_copies", "snapshot_instances", "snapshot_images")


def test_every_value_of_a_database_of_revision_0005_stays(empty: str) -> None:
    at_revision(empty, "0005", FEDERATION)
    write_rows(empty, {"volume_backups": [BACKUP], "volume_drills": [DRILL]})
    before = read_rows(empty)
    at_revision(empty, "0006", FEDERATION)
    added: Rows = {table: [] for table in TABLES}
    assert read_rows(empty) == before | added | {"alembic_version": [{"version_num": "0006"}]}
    at_revision(empty, "0005", FEDERATION, down=True)
    assert read_rows(empty) == before


def test_an_upgrade_that_was_broken_off_is_finished_by_the_next(empty: str) -> None:
    def prepare() -> None:
        remove_tables(empty)
        at_revision(empty, "0005", FEDERATION)

    def upgrade() -> None:
        at_revision(empty, "head", FEDERATION)

    for _ in broken_off(prepare, upgrade):
        upgrade()
        assert differences(empty) == []
