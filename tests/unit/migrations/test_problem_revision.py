"""Revision 0008 adds the table of problems, and touches nothing else."""

from __future__ import annotations

from tests.support.databases import at_revision, broken_off, differences, read_rows, remove_tables, write_rows
from tests.unit.migrations.test_drill_revision import FEDERATION

INVENTORY = {"cluster": "c", "begun": 1.0, "covers_all": True, "content": b"x"}


def test_every_value_of_a_database_of_revision_0007_stays(empty: str) -> None:
    at_revision(empty, "0007", FEDERATION)
    write_rows(empty, {"snapshot_inventories": [INVENTORY]})
    before = read_rows(empty)
    at_revision(empty, "head", FEDERATION)
    assert read_rows(empty) == before | {"problems": [], "alembic_version": [{"version_num": "0008"}]}
    assert differences(empty) == []
    at_revision(empty, "0007", FEDERATION, down=True)
    assert read_rows(empty) == before


def test_an_upgrade_that_was_broken_off_is_finished_by_the_next(empty: str) -> None:
    def prepare() -> None:
        remove_tables(empty)
        at_revision(empty, "0007", FEDERATION)

    def upgrade() -> None:
        at_revision(empty, "head", FEDERATION)

    for _ in broken_off(prepare, upgrade):
        upgrade()
        assert differences(empty) == []
