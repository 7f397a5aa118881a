"""The journal of a run, and how the run ended (vms 2.8, 2.9)."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.vms.backup_journal import (
    ENDED,
    Journal,
    JournalMachine,
    KeptFile,
    SlaveState,
    Stage,
    journal_text,
    read_journal,
    replication_begins,
    strip_ended,
)
from fiwareglancesync.vms.planning.vm_result import Result, result_of, run_ended
from fiwareglancesync.vms.planning.vm_selection import LeftOut, Reason
from fiwareglancesync.vms.vm_errors import JournalUnreadable
from tests.support.vm_builders import journal, journal_machine, machine

NOW = "2026-11-28T18:30:00+00:00"
MERGED = {"stage": Stage.MERGED, "is_stripped": True}


@st.composite
def machines(draw: st.DrawFn, number: int) -> JournalMachine:
    stage = draw(st.sampled_from(Stage))
    is_stripped = stage is Stage.STRIPPED or (stage is Stage.MERGED and draw(st.booleans()))
    return journal_machine(number, stage=stage, is_stripped=is_stripped, is_dropped=draw(st.booleans()))


@st.composite
def journals(draw: st.DrawFn) -> Journal:
    found = [draw(machines(number)) for number in range(draw(st.integers(0, 4)))]
    checkpoint = draw(st.none() | st.integers(1, 2**40))
    is_complete = checkpoint is not None and draw(st.booleans())
    state = draw(st.sampled_from(SlaveState))
    ended = draw(st.sampled_from(["", NOW]))
    kept = tuple(draw(st.lists(st.just(KeptFile("d", "i", "n", 1, "ab")), max_size=2)))
    lines = tuple(draw(st.lists(st.text(), max_size=2)))
    return journal(
        *found, checkpoint=checkpoint, is_complete=is_complete, slave_state=state, since=NOW, kept=kept, ended=ended,
        left_out=lines, reasons=lines, alerts=lines, result=draw(st.sampled_from(["", "PARTIAL"])),
    )  # fmt: skip


@given(journals())
def test_a_journal_is_read_as_it_was_written(written: Journal) -> None:
    assert read_journal(journal_text(written)) == written


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", '{"v": 2}', '{"v": 1}', journal_text(journal())[:-5],
        journal_text(journal()).replace('"v": 1', '"v": 1, "x": 0'),
    ],
)  # fmt: skip
def test_another_text_is_no_journal(text: str) -> None:
    with pytest.raises(JournalUnreadable):
        read_journal(text)


def test_a_journal_without_alerts_is_an_older_one() -> None:
    document = json.loads(journal_text(journal()))
    del document["alerts"]
    assert read_journal(json.dumps(document)) == journal()


def test_a_journal_with_a_virtual_machine_twice_is_refused() -> None:
    document = json.loads(journal_text(journal(journal_machine(1))))
    document["machines"] *= 2
    with pytest.raises(JournalUnreadable):
        read_journal(json.dumps(document))


@given(journals(), st.data())
def test_a_journal_with_a_wrong_field_is_refused(written: Journal, data: st.DataObject) -> None:
    document = json.loads(journal_text(written))
    document[data.draw(st.sampled_from(sorted(document)))] = {"wrong": 1}
    with pytest.raises(JournalUnreadable):
        read_journal(json.dumps(document))


@pytest.mark.parametrize("key", ["id", "domain", "frozen", "overlay"])
def test_a_journal_with_an_empty_id_is_refused(key: str) -> None:
    document = json.loads(journal_text(journal(journal_machine(1))))
    document["machines"][0]["disks"][0][key] = ""
    with pytest.raises(JournalUnreadable):
        read_journal(json.dumps(document))


def test_a_run_that_ended_while_it_replicated_leaves_the_slave_torn() -> None:
    torn = replication_begins(journal(journal_machine(1, stage=Stage.SNAPSHOTTED)), 7, NOW)
    assert torn.slave_text == f"torn since {NOW}"
    assert strip_ended(torn, NOW) == torn


@given(journals())
def test_a_run_is_finished_when_it_has_ended_and_no_snapshot_is_left(found: Journal) -> None:
    left = [each for each in found.machines if each.stage not in ENDED]
    assert found.is_finished == (bool(found.ended) and not left)


def test_the_slave_is_consistent_when_all_that_was_not_given_up_is_stripped() -> None:
    stripped, dropped = journal_machine(1, stage=Stage.STRIPPED, is_stripped=True), journal_machine(2, is_dropped=True)
    found = replace(replication_begins(journal(stripped, dropped), 7, NOW), is_complete=True)
    assert strip_ended(found, NOW).slave_text == "consistent as of run-1"
    waiting = found.with_machine(replace(dropped, is_dropped=False))
    assert strip_ended(waiting, NOW) == waiting
    none_left = replace(found, machines=(dropped,))
    assert strip_ended(none_left, NOW) == none_left


@pytest.mark.parametrize(
    ("fields", "left_out", "result"),
    [
        ([MERGED], False, Result.SUCCESS),
        ([], False, Result.SUCCESS),
        ([MERGED], True, Result.PARTIAL),
        ([MERGED, {"stage": Stage.STRIPPED, "is_stripped": True}], False, Result.PARTIAL),
        ([{"stage": Stage.MERGED, "is_dropped": True}], True, Result.FAILED),
    ],
)
def test_how_a_run_ended(fields: list[dict], left_out: bool, result: Result) -> None:
    found = [journal_machine(number, **each) for number, each in enumerate(fields)]
    given_up = (LeftOut(machine("1"), Reason.DROPPED).text,) if left_out else ()
    ended = strip_ended(replace(replication_begins(journal(*found), 7, NOW), is_complete=True), NOW)
    assert result_of(replace(ended, left_out=given_up)) is result
    assert result.exit_code == (0 if result is Result.SUCCESS else 1)


def test_a_run_with_an_alert_is_no_success() -> None:
    ended = strip_ended(replace(replication_begins(journal(), 7, NOW), is_complete=True), NOW)
    assert result_of(replace(ended, reasons=("the older backup could not be kept",))) is Result.PARTIAL


@given(journals())
def test_no_run_succeeds_with_a_torn_slave_or_a_snapshot_that_is_left(found: Journal) -> None:
    ended = run_ended(found, NOW)
    if result_of(found) is Result.SUCCESS:
        assert found.is_consistent
        assert ended.is_finished


@given(journals())
def test_after_its_end_what_is_not_stripped_is_given_up(found: Journal) -> None:
    ended = run_ended(found, NOW)
    assert all(each.is_stripped or each.is_dropped for each in ended.machines)
    assert ended.result == result_of(ended).value
