"""Revision 0007 adds the table of inventories, and touches nothing else."""

from __future__ import annotations

from tests.support.databases import at_revision, broken_off, read_rows, remove_tables, write_rows
from tests.unit.migrations.test_drill_revision import FEDERATION

IMAGE = {
    "image_key": "k", "cluster": "c", "volume_id": '"v1"', "pool": '"volumes"', "image_id": '"1a2b"',
    "name": '"volume-v1"', "seen": 1.0,
}  # fmt: skip


def test_every_value_of_a_database_of_revision_0006_stays(empty: str) -> None:
    at_revision(empty, "0006", FEDERATION)
    write_rows(empty, {"snapshot_images": [IMAGE]})
    before = read_rows(empty)
    at_revision(empty, "0007", FEDERATION)
    assert read_rows(empty) == before | {"snapshot_inventories": [], "alembic_version": [{"version_num": "0007"}]}
    at_revision(empty, "0006", FEDERATION, down=True)
    assert read_rows(empty) == before


def test_an_upgrade_that_was_broken_off_is_finished_by_the_next(empty: str) -> None:
    def prepare() -> None:
        remove_tables(empty)
        at_revision(empty, "0006", FEDERATION)

    def upgrade() -> None:
        at_revision(empty, "0007", FEDERATION)

    for _ in broken_off(prepare, upgrade):
        upgrade()
        assert "snapshot_inventories" in read_rows(empty)
