"""The records of a region in memory, and what is found of them."""

from __future__ import annotations

from fiwareglancesync.volumes.execution.project_work import Records
from fiwareglancesync.volumes.volume_model import RecordState
from tests.support.volumes import DAY, NOW, make_record

OLD = make_record("old", NOW - DAY)
NEW = make_record("new", NOW, state=RecordState.RUNNING)
MOVED = make_record("moved", NOW - 2 * DAY, project_id="p2")
OTHER = make_record("other", NOW, project_id="p2", volume_id="v2")


def ids(found: object) -> list[str]:
    assert isinstance(found, list | tuple)
    return [record.id for record in found]


def test_the_records_of_a_project_a_volume_and_what_is_not_finished_are_found() -> None:
    records = Records([NEW, OLD, MOVED, OTHER])
    assert set(records.of_project("p1")) == {"old", "new"}
    assert ids(records.of_volume("v1")) == ["moved", "old", "new"]
    assert ids(records.unfinished()) == ["new"]
    assert (records.of_project("p3"), records.of_volume("v3")) == ({}, [])


def test_a_record_that_is_changed_is_found_as_it_is_now() -> None:
    records = Records([NEW, OLD])
    good = records.change(NEW, state=RecordState.GOOD)
    assert records.unfinished() == []
    assert records.of_project("p1")["new"] is good
    assert list(records.of_volume("v1")) == [OLD, good]
    assert set(records.all) == {OLD, good}


def test_a_record_that_is_dropped_is_not_found() -> None:
    records = Records([NEW, OLD])
    records.drop(NEW)
    assert ids(records.of_volume("v1")) == list(records.of_project("p1")) == ["old"]
    assert (list(records.all), records.unfinished()) == ([OLD], [])
