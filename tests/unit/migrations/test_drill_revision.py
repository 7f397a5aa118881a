"""Revision 0005 adds the table of restore drills and a column of backups, and touches nothing else."""

from __future__ import annotations

from sqlalchemy import inspect

from fiwareglancesync.base.database import key_of, open_engine
from tests.support.databases import at_revision, broken_off, read_rows, remove_tables, write_rows

FEDERATION = "Spain@https://keystone.example.org"

BACKUP = {
    "id": "00000000-0000-4000-8000-000000000001", "region_key": key_of("Spain"), "project_id": "p",
    "project_name": '"p"', "server_id": "s", "server_name": '"s"', "volume_id": "v", "volume_name": '"v"', "due": 1e9,
    "type": "full", "state": "planned", "name": '"s_v"', "interval": 86400, "retention": 2**40, "size": 2**33,
    "reason": '""', "held": False, "refusals": 0, "last_refusal": '""',
}  # fmt: skip

DRILL = {
    "id": "00000000-0000-4000-8000-000000000002", "region_key": key_of("Spain"), "project_id": "p",
    "project_name": '"p"', "server_name": '"s"', "volume_id": "v", "volume_name": '"v"', "backup_id": "b",
    "backup_name": '"s_v"', "size": 2**33, "own_project_id": "o", "state": "creating", "begun": 1e9, "reason": '""',
}  # fmt: skip


def test_every_value_of_a_database_of_revision_0004_stays(empty: str) -> None:
    at_revision(empty, "0004", FEDERATION)
    write_rows(empty, {"volume_backups": [BACKUP]})
    before = read_rows(empty)
    at_revision(empty, "0005", FEDERATION)
    after = read_rows(empty)
    (backup,) = before["volume_backups"]
    assert after == before | {
        "alembic_version": [{"version_num": "0005"}],
        "volume_drills": [],
        "volume_backups": [backup | {"drill_failed": False}],
    }
    write_rows(empty, {"volume_drills": [DRILL]})
    at_revision(empty, "0004", FEDERATION, down=True)
    assert read_rows(empty) == before


def test_an_upgrade_that_was_broken_off_is_finished_by_the_next(empty: str) -> None:
    def prepare() -> None:
        remove_tables(empty)
        at_revision(empty, "0004", FEDERATION)

    def upgrade() -> None:
        at_revision(empty, "0005", FEDERATION)

    for _ in broken_off(prepare, upgrade):
        upgrade()
        assert "volume_drills" in read_rows(empty)
        assert "drill_failed" in columns_of(empty, "volume_backups")


def columns_of(url: str, table: str) -> set[str]:
    """The names of the columns of a table."""
    engine = open_engine(url)
    found = {column["name"] for column in inspect(engine).get_columns(table)}
    engine.dispose()
    return found
