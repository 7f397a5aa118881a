"""Journals that are damaged, or do not belong where they are (vms 2.9)."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.vms.backup_journal import KeptFile, journal_text
from fiwareglancesync.vms.engines.engine_event import EngineEvent, Severity
from fiwareglancesync.vms.execution.event_outbox import EventOutbox
from fiwareglancesync.vms.execution.journal_files import JournalFiles
from fiwareglancesync.vms.layers.check_records import CheckRecords
from fiwareglancesync.vms.vm_errors import JournalUnreadable
from tests.support.vm_builders import id_of, journal

NESTED = "[" * 100_000
WHEN = "2026-11-28T18:00:00+00:00"


def kept(folder: Path, **fields: Any) -> JournalFiles:
    """The journals of a volume: one, whose text has other values of some fields."""
    files = JournalFiles(folder, "data")
    files.write(journal())
    document = json.loads(journal_text(journal())) | fields
    (files.volume_folder / "journals" / "run-1.json").write_text(json.dumps(document))
    return files


@pytest.mark.parametrize("key", ["started", "since", "ended"])
@pytest.mark.parametrize("value", ["yesterday", "2026-11-28T18:00:00"])
def test_a_moment_that_cannot_be_compared_is_refused(tmp_path: Path, key: str, value: str) -> None:
    problem = r"run-1\.json: the journal cannot be read: a field is missing or wrong"
    with pytest.raises(JournalUnreadable, match=problem):
        kept(tmp_path, **{key: value}).all()


def test_moments_that_have_not_come_are_empty(tmp_path: Path) -> None:
    [found] = kept(tmp_path, since="", ended=WHEN).all()
    assert (found.since, found.ended) == ("", WHEN)


def test_a_journal_of_another_run_or_volume_is_refused(tmp_path: Path) -> None:
    files = kept(tmp_path)
    path = files.volume_folder / "journals" / "run-1.json"
    shutil.copy(path, path.with_name("run-2.json"))
    problem = r"run-2\.json: .* it is that of the run run-1 of the volume data; what"
    with pytest.raises(JournalUnreadable, match=problem):
        files.all()
    shutil.copytree(tmp_path / "data", tmp_path / "other")
    with pytest.raises(JournalUnreadable, match="it is that of the run run-1 of the volume data"):
        JournalFiles(tmp_path, "other").unfinished()


def test_a_journal_that_the_run_that_goes_on_removes_meanwhile_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = kept(tmp_path)
    listed = os.listdir(files.volume_folder / "journals")
    monkeypatch.setattr(os, "listdir", lambda folder: [*listed, "run-0.json"])
    assert [each.run for each in files.all()] == ["run-1"]
    (files.volume_folder / "journals" / "run-0.json").symlink_to(tmp_path / "nowhere")
    with pytest.raises(JournalUnreadable, match=r"run-0\.json: the journal is a link that leads nowhere"):
        files.all()


def test_a_deeply_nested_text_is_no_journal_and_holds_no_events_and_no_records(tmp_path: Path) -> None:
    files = kept(tmp_path)
    (files.volume_folder / "journals" / "run-1.json").write_text(NESTED)
    with pytest.raises(JournalUnreadable, match="it is no journal of a backup"):
        files.all()
    records = CheckRecords(tmp_path, "gs::copy", WHEN, "run-1")
    records.save()
    [path] = tmp_path.glob("checks-*.json")
    path.write_text(NESTED)
    assert not CheckRecords(tmp_path, "gs::copy", WHEN, "run-1").of_run("run-1")


@pytest.mark.parametrize("text", [NESTED, '"a text"', "[1]", "{", "{}"])
def test_an_event_that_cannot_be_read_does_not_keep_others(tmp_path: Path, text: str) -> None:
    outbox, event = EventOutbox(tmp_path), EngineEvent(7, Severity.ALERT, "a text")
    outbox.add(event)
    (tmp_path / "8.event").write_text(text)
    assert outbox.all() == [event]


def test_what_an_ended_run_has_kept_for_the_slave_is_removed_and_nothing_else(tmp_path: Path) -> None:
    files = JournalFiles(tmp_path, "data")
    content = KeptFile(id_of(1), id_of(2), id_of(3), 3, "a1")
    for run, ended in (("run-1", WHEN), ("run-2", WHEN), ("run-3", "")):
        files.write(replace(journal(), run=run, ended=ended, kept=(content,)))
        folder = tmp_path / "data" / "kept" / run
        folder.mkdir(parents=True)
        (folder / "a1").write_text("tar")
    (tmp_path / "data" / "kept" / "run-2" / "mine").touch()
    files.remove_old()
    left = {str(path.relative_to(tmp_path / "data" / "kept")) for path in (tmp_path / "data" / "kept").rglob("*")}
    assert left == {"run-2", "run-2/mine", "run-3", "run-3/a1"}
