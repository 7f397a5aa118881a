"""Revision 0004 adds the tables of volume backups, and touches nothing else."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError

from fiwareglancesync.base.database import key_of, open_engine
from fiwareglancesync.jobs.job import Job
from fiwareglancesync.jobs.store import TaskStore
from tests.support.databases import at_revision, broken_off, differences, read_rows, remove_tables, write_rows

FEDERATION = "Spain@https://keystone.example.org"

BACKUP = {
    "id": "00000000-0000-4000-8000-000000000001", "region_key": key_of("Spain"), "project_id": "p",
    "project_name": '"p"', "server_id": "s", "server_name": '"s"', "volume_id": "v", "volume_name": '"v"', "due": 1e9,
    "type": "full", "state": "planned", "name": '"s_v"', "interval": 86400, "retention": 2**40, "size": 2**33,
    "reason": '""', "held": False, "refusals": 0, "last_refusal": '""',
}  # fmt: skip


def test_every_value_of_a_database_of_revision_0003_stays(empty: str) -> None:
    at_revision(empty, "0003", FEDERATION)
    TaskStore(open_engine(empty)).create(Job("sync", "Burgos"))
    before = read_rows(empty)
    at_revision(empty, "0004", FEDERATION)
    after = read_rows(empty)
    assert {name: after[name] for name in before} == before | {"alembic_version": [{"version_num": "0004"}]}
    write_rows(empty, {"volume_backups": [BACKUP], "mails": []})
    at_revision(empty, "0003", FEDERATION, down=True)
    assert read_rows(empty) == before


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"id": "2", "open_volume": "w"}, id="the same volume and due time"),
        pytest.param({"id": "2", "due": 2e9, "open_volume": "v"}, id="two open ones of a volume"),
        pytest.param({"id": "2", "volume_id": "w", "backup_id": "b"}, id="the same backup of Cinder"),
    ],
)
def test_the_database_itself_refuses_what_must_not_be_twice(empty: str, other: dict[str, object]) -> None:
    at_revision(empty, "head", FEDERATION)
    write_rows(empty, {"volume_backups": [BACKUP | {"open_volume": "v", "backup_id": "b"}]})
    third = BACKUP | {"id": "3", "volume_id": "w", "open_volume": "w", "backup_id": "c"}
    with pytest.raises(IntegrityError):
        write_rows(empty, {"volume_backups": [BACKUP | {"backup_id": "d"} | other]})
    write_rows(empty, {"volume_backups": [third]})


def test_a_backup_is_found_by_its_id_with_an_index(empty: str) -> None:
    at_revision(empty, "head", FEDERATION)
    engine = open_engine(empty)
    found = inspect(engine)
    unique = {tuple(key["column_names"]) for key in found.get_unique_constraints("volume_backups")}
    assert unique == {("open_volume",), ("backup_id",), ("volume_id", "due")}
    indexes = {tuple(i["column_names"]) for i in found.get_indexes("volume_backups") if not i["unique"]}
    assert indexes == {("region_key", "project_id"), ("expires",), ("recorded",), ("removed",)}
    engine.dispose()


def test_an_upgrade_that_was_broken_off_at_any_statement_can_be_repeated(empty: str) -> None:
    def prepare() -> None:
        remove_tables(empty)
        at_revision(empty, "0003", FEDERATION)

    for number in broken_off(prepare, lambda: at_revision(empty, "head", FEDERATION)):
        at_revision(empty, "head", FEDERATION)
        assert differences(empty) == [], f"after a kill before statement {number}"
    assert number > 10
