"""The lines of sync 1.4, word for word."""

from __future__ import annotations

import io
import logging
from typing import Any

import pytest

from fiwareglancesync.base.messages import Message
from fiwareglancesync.base.units import MIB
from fiwareglancesync.events import (
    Action,
    Done,
    Event,
    Failed,
    MessageReported,
    Pending,
    Progress,
    RegionFinished,
    RegionStarted,
    RunStarted,
    Started,
    Waiting,
)
from fiwareglancesync.terminal.narrative import LogWriter, RegionLog, lines

SIZE = 3 * MIB + MIB // 2


def failed(action: Action, uuid: str | None = None) -> Failed:
    """A failure of image N of region R."""
    return Failed("R", "N", action, uuid, message=Message.error("C"))


def warning(text: str) -> MessageReported:
    """A warning about region R."""
    return MessageReported("R", None, Message.warning(text))


def reported(found: Event) -> list[str]:
    return [f"{logging.getLevelName(level)}:{text}" for level, text in lines(found) if level > logging.DEBUG]


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (RegionStarted("R"), ["INFO:======R"]),
        (Started("R", "N", Action.METADATA), ["INFO:R: Updating the metadata of image N"]),
        (Started("R", "N", Action.RELINK), ["INFO:R: Updating the metadata of image N"]),
        (Pending("R", "N", Action.METADATA), ["INFO:R: Image pending to update the metadata N"]),
        (Pending("R", "N", Action.RELINK), ["INFO:R: Image pending to update the metadata N"]),
        (Started("R", "N", Action.UPLOAD, size=SIZE), ["INFO:R: Uploading image N (3 MB)"]),
        (Done("R", "N", Action.UPLOAD, size=SIZE), ["INFO:R: Image uploaded."]),
        (Pending("R", "N", Action.UPLOAD, size=SIZE), ["INFO:R: Pending: N (3 MB)"]),
        (Started("R", "N", Action.REPLACE, size=SIZE), ["INFO:R: Replacing image N (3 MB)"]),
        (Done("R", "N", Action.REPLACE, size=SIZE), ["INFO:R: Image uploaded."]),
        (
            Pending("R", "N", Action.REPLACE, size=SIZE),
            ["INFO:R: Replacing image N (3 MB)", "INFO:R: Pending: N (3 MB)"],
        ),
        (Started("R", "N", Action.RENAME, size=SIZE), ["INFO:R: Renaming and replacing image N (3 MB)"]),
        (Done("R", "N", Action.RENAME, size=SIZE), ["INFO:R: Image uploaded."]),
        (
            Pending("R", "N", Action.RENAME, size=SIZE),
            ["INFO:R: Renaming and replacing image N (3 MB)", "INFO:R: Pending: N (3 MB)"],
        ),
        (Started("R", "N_obsolete", Action.OBSOLETE), ["INFO:R: updating obsolete image N_obsolete"]),
        (
            Pending("R", "N_obsolete", Action.OBSOLETE),
            ["INFO:R: Image pending to be marked obsolete: N_obsolete"],
        ),
        (Pending("R", "N", Action.TIDY, uuid="U"), ["INFO:R: Image pending to be tidied: N (UUID U)"]),
        (
            failed(Action.METADATA),
            ["ERROR:R: Update of N failed. Cause: C"],
        ),
        (failed(Action.RELINK), ["ERROR:R: Update of N failed. Cause: C"]),
        (failed(Action.OBSOLETE), ["ERROR:R: Update of N failed. Cause: C"]),
        (failed(Action.UPLOAD), ["ERROR:R: Upload of N failed. Cause: C"]),
        (failed(Action.REPLACE), ["ERROR:R: Upload of N failed. Cause: C"]),
        (failed(Action.RENAME), ["ERROR:R: Upload of N failed. Cause: C"]),
        (
            failed(Action.SETTLE, "U"),
            ["ERROR:R: Deletion of image U failed. Cause: C"],
        ),
        (warning("careful"), ["WARNING:careful"]),
        (Waiting("R", None, 30.0, Message.warning("waiting 30s")), ["WARNING:waiting 30s"]),
        (Done("R", "N", Action.METADATA), []),
        (Done("R", "N", Action.SETTLE), []),
        (Progress("R", "N", Action.UPLOAD, done=1), []),
        (RunStarted("R"), []),
    ],
)
def test_each_event_has_its_words(found: Event, text: list[str]) -> None:
    assert reported(found) == text


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"in_step": True}, ["INFO:R: Region is synchronized."]),
        ({"in_step": True, "dry": True}, ["INFO:R: Region is synchronized."]),
        ({"size": SIZE}, ["INFO:R:   Total uploaded to region: 3 (MB)"]),
        ({}, ["INFO:R:   Total uploaded to region: 0 (MB)"]),
        ({"size": SIZE, "dry": True}, ["INFO:R: MBs pending : 3"]),
        (
            {"size": SIZE, "undecided": 2, "failures": 1},
            [
                "INFO:R: 2 images await a decision.",
                "INFO:R: 1 images failed.",
                "INFO:R:   Total uploaded to region: 3 (MB)",
            ],
        ),
        (
            {"in_step": True, "undecided": 1},
            ["INFO:R: 1 images await a decision; nothing else is to be done.", "INFO:R: Region is synchronized."],
        ),
        (
            {"in_step": True, "undecided": 2, "dry": True},
            ["INFO:R: 2 images await a decision; nothing else is to be done.", "INFO:R: Region is synchronized."],
        ),
        (
            {"in_step": True, "undecided": 1, "failures": 1},
            ["INFO:R: 1 images await a decision.", "INFO:R: 1 images failed.", "INFO:R: Region is synchronized."],
        ),
        ({"error": True}, []),
    ],
)
def test_the_last_lines_of_a_region(more: dict[str, Any], text: list[str]) -> None:
    assert reported(RegionFinished("R", **more)) == text


@pytest.mark.parametrize(
    ("found", "texts"),
    [
        (
            Done("R", "N", Action.UPLOAD, way="stream", seconds=1.25, notes=("file: it is not there",)),
            ["R: N was copied with way stream, 1.2 s", "R: N was not copied with way file: it is not there"],
        ),
        (
            Done("R", "N", Action.UPLOAD, way="file", seconds=1.0, notes=("gets the UUID U: V is not free",)),
            ["R: N was copied with way file, 1.0 s"],
        ),
        (
            Pending("R", "N", Action.UPLOAD, way="stream", notes=("file: it is not there",)),
            ["R: N would be copied with way stream", "R: N would not be copied with way file: it is not there"],
        ),
    ],
)
def test_how_bytes_move_is_written_for_those_who_want_more(found: Event, texts: list[str]) -> None:
    assert [text for level, text in lines(found) if level == logging.DEBUG] == texts


@pytest.mark.parametrize("action", [Action.METADATA, Action.RELINK])
@pytest.mark.parametrize(("kind", "level"), [(Pending, logging.INFO), (Started, logging.DEBUG)])
def test_what_differs_is_on_a_line_of_its_own(kind: type[Pending | Started], level: int, action: Action) -> None:
    found = kind("R", "N", action, differences=("nid_version 1 → 2", "visibility private → public"))
    _, second = lines(found)
    assert second == (level, "R: Image N differs: nid_version 1 → 2; visibility private → public")


def test_the_narrative_goes_to_stdout_and_warnings_and_errors_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    log_writer = LogWriter()
    log_writer(Started("R", "N", Action.METADATA))
    log_writer(warning("careful"))
    log_writer(failed(Action.METADATA))
    assert capsys.readouterr() == (
        "INFO:R: Updating the metadata of image N\n",
        "WARNING:careful\nERROR:R: Update of N failed. Cause: C\n",
    )


def test_the_narrative_may_give_way_to_events(capsys: pytest.CaptureFixture[str]) -> None:
    LogWriter(to_stderr=True)(RegionStarted("R"))
    assert capsys.readouterr() == ("", "INFO:======R\n")


def test_without_narrative_warnings_are_still_written(capsys: pytest.CaptureFixture[str]) -> None:
    log_writer = LogWriter(narrate=False)
    log_writer(RegionStarted("R"))
    log_writer(warning("careful"))
    assert capsys.readouterr() == ("", "WARNING:careful\n")


def test_a_full_disk_ends_the_narrative_and_raises_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log_writer = LogWriter()
    with open("/dev/full", "w") as full:
        monkeypatch.setattr("sys.stdout", full)
        for _ in range(2):
            log_writer(RegionStarted("R"))
    assert not log_writer.is_whole
    assert capsys.readouterr().err == "ERROR:standard output cannot be written to its end: No space left on device\n"


def test_a_quiet_log_writer_writes_only_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    LogWriter(logging.WARNING)(RegionStarted("R"))
    assert capsys.readouterr() == ("", "")


def test_each_warning_is_written_once(capsys: pytest.CaptureFixture[str]) -> None:
    log_writer = LogWriter()
    for text in ("one", "two", "one"):
        log_writer(warning(text))
    for _ in range(2):
        log_writer(Started("R", "N", Action.METADATA))
    assert capsys.readouterr() == ("INFO:R: Updating the metadata of image N\n" * 2, "WARNING:one\nWARNING:two\n")


def test_each_wait_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    log_writer = LogWriter(logging.WARNING)
    for _ in range(2):
        log_writer(Waiting("R", None, 30.0, Message.warning("waiting 30s")))
    assert capsys.readouterr() == ("", "WARNING:waiting 30s\n" * 2)


def test_hostile_names_stay_on_their_line(capsys: pytest.CaptureFixture[str]) -> None:
    LogWriter()(Started("R\x1b[2J", "a\nERROR:forged\ud83d", Action.METADATA))
    assert capsys.readouterr().out == "INFO:R\\x1b[2J: Updating the metadata of image a\\x0aERROR:forged\\ud83d\n"


def test_the_log_of_a_region_has_time_and_level() -> None:
    stream = io.StringIO()
    region_log = RegionLog(stream)
    region_log(Started("R", "N", Action.METADATA))
    region_log(warning("care\nful"))
    first, second = stream.getvalue().splitlines()
    assert first[19:] == " INFO R: Updating the metadata of image N"
    assert second[19:] == " WARNING care\\x0aful"
    assert [character for character in first[:19] if not character.isdigit()] == ["-", "-", " ", ":", ":"]
