"""The lines of sync 1.4, word for word."""

from __future__ import annotations

import io
import logging
from typing import Any

import pytest

from fiwareglancesync.base.messages import Message
from fiwareglancesync.base.units import MIB
from fiwareglancesync.events import Action, Event, Kind
from fiwareglancesync.terminal.narrative import Narrator, RegionLog, lines

SIZE = 3 * MIB + MIB // 2


def event(kind: Kind, action: Action | None = None, **more: object) -> Event:
    """An event about image N of region R."""
    return Event(kind, "R", None if action is None else "N", action, **more)  # type: ignore[arg-type]


def reported(found: Event) -> list[str]:
    return [f"{logging.getLevelName(level)}:{text}" for level, text in lines(found) if level > logging.DEBUG]


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (event(Kind.REGION_STARTED), ["INFO:======R"]),
        (event(Kind.STARTED, Action.METADATA), ["INFO:R: Updating the metadata of image N"]),
        (event(Kind.STARTED, Action.RELINK), ["INFO:R: Updating the metadata of image N"]),
        (event(Kind.PENDING, Action.METADATA), ["INFO:R: Image pending to update the metadata N"]),
        (event(Kind.PENDING, Action.RELINK), ["INFO:R: Image pending to update the metadata N"]),
        (event(Kind.STARTED, Action.UPLOAD, size=SIZE), ["INFO:R: Uploading image N (3 MB)"]),
        (event(Kind.DONE, Action.UPLOAD, size=SIZE), ["INFO:R: Image uploaded."]),
        (event(Kind.PENDING, Action.UPLOAD, size=SIZE), ["INFO:R: Pending: N (3 MB)"]),
        (event(Kind.STARTED, Action.REPLACE, size=SIZE), ["INFO:R: Replacing image N (3 MB)"]),
        (event(Kind.DONE, Action.REPLACE, size=SIZE), ["INFO:R: Image uploaded."]),
        (
            event(Kind.PENDING, Action.REPLACE, size=SIZE),
            ["INFO:R: Replacing image N (3 MB)", "INFO:R: Pending: N (3 MB)"],
        ),
        (event(Kind.STARTED, Action.RENAME, size=SIZE), ["INFO:R: Renaming and replacing image N (3 MB)"]),
        (event(Kind.DONE, Action.RENAME, size=SIZE), ["INFO:R: Image uploaded."]),
        (
            event(Kind.PENDING, Action.RENAME, size=SIZE),
            ["INFO:R: Renaming and replacing image N (3 MB)", "INFO:R: Pending: N (3 MB)"],
        ),
        (Event(Kind.STARTED, "R", "N_obsolete", Action.OBSOLETE), ["INFO:R: updating obsolete image N_obsolete"]),
        (
            Event(Kind.PENDING, "R", "N_obsolete", Action.OBSOLETE),
            ["INFO:R: Image pending to be marked obsolete: N_obsolete"],
        ),
        (event(Kind.PENDING, Action.TIDY, uuid="U"), ["INFO:R: Image pending to be tidied: N (UUID U)"]),
        (
            event(Kind.FAILED, Action.METADATA, message=Message.error("C")),
            ["ERROR:R: Update of N failed. Cause: C"],
        ),
        (event(Kind.FAILED, Action.RELINK, message=Message.error("C")), ["ERROR:R: Update of N failed. Cause: C"]),
        (event(Kind.FAILED, Action.OBSOLETE, message=Message.error("C")), ["ERROR:R: Update of N failed. Cause: C"]),
        (event(Kind.FAILED, Action.UPLOAD, message=Message.error("C")), ["ERROR:R: Upload of N failed. Cause: C"]),
        (event(Kind.FAILED, Action.REPLACE, message=Message.error("C")), ["ERROR:R: Upload of N failed. Cause: C"]),
        (event(Kind.FAILED, Action.RENAME, message=Message.error("C")), ["ERROR:R: Upload of N failed. Cause: C"]),
        (
            event(Kind.FAILED, Action.SETTLE, uuid="U", message=Message.error("C")),
            ["ERROR:R: Deletion of image U failed. Cause: C"],
        ),
        (Event(Kind.MESSAGE, "R", message=Message.warning("careful")), ["WARNING:careful"]),
        (Event(Kind.WAITING, "R", seconds=30.0, message=Message.warning("waiting 30s")), ["WARNING:waiting 30s"]),
        (event(Kind.DONE, Action.METADATA), []),
        (event(Kind.DONE, Action.SETTLE), []),
        (event(Kind.PROGRESS, Action.UPLOAD, done=1), []),
        (Event(Kind.RUN_STARTED, "R"), []),
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
            {"size": SIZE, "undecided": 2, "count": 1},
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
            {"in_step": True, "undecided": 1, "count": 1},
            ["INFO:R: 1 images await a decision.", "INFO:R: 1 images failed.", "INFO:R: Region is synchronized."],
        ),
        ({"error": True}, []),
    ],
)
def test_the_last_lines_of_a_region(more: dict[str, Any], text: list[str]) -> None:
    assert reported(event(Kind.REGION_FINISHED, **more)) == text


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (Kind.DONE, ["R: N went by way of stream, 1.2 s", "R: N did not go by way of file: it is not there"]),
        (Kind.PENDING, ["R: N would go by way of stream", "R: N would not go by way of file: it is not there"]),
    ],
)
def test_how_bytes_move_is_told_to_those_who_want_more(kind: Kind, texts: list[str]) -> None:
    found = event(kind, Action.UPLOAD, way="stream", seconds=1.25, notes=("file: it is not there",))
    assert [text for level, text in lines(found) if level == logging.DEBUG] == texts


@pytest.mark.parametrize("action", [Action.METADATA, Action.RELINK])
@pytest.mark.parametrize(("kind", "level"), [(Kind.PENDING, logging.INFO), (Kind.STARTED, logging.DEBUG)])
def test_what_differs_is_told_on_a_line_of_its_own(kind: Kind, level: int, action: Action) -> None:
    found = event(kind, action, differences=("nid_version 1 → 2", "visibility private → public"))
    _, second = lines(found)
    assert second == (level, "R: Image N differs: nid_version 1 → 2; visibility private → public")


def test_the_narrative_goes_to_stdout_and_warnings_and_errors_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    narrator = Narrator()
    narrator(event(Kind.STARTED, Action.METADATA))
    narrator(Event(Kind.MESSAGE, "R", message=Message.warning("careful")))
    narrator(event(Kind.FAILED, Action.METADATA, message=Message.error("C")))
    assert capsys.readouterr() == (
        "INFO:R: Updating the metadata of image N\n",
        "WARNING:careful\nERROR:R: Update of N failed. Cause: C\n",
    )


def test_the_narrative_may_give_way_to_events(capsys: pytest.CaptureFixture[str]) -> None:
    Narrator(to_stderr=True)(event(Kind.REGION_STARTED))
    assert capsys.readouterr() == ("", "INFO:======R\n")


def test_without_narrative_warnings_are_still_told(capsys: pytest.CaptureFixture[str]) -> None:
    narrator = Narrator(narrate=False)
    narrator(event(Kind.REGION_STARTED))
    narrator(Event(Kind.MESSAGE, "R", message=Message.warning("careful")))
    assert capsys.readouterr() == ("", "WARNING:careful\n")


def test_a_story_that_the_disk_has_no_room_for_is_told_no_further_and_raises_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    narrator = Narrator()
    with open("/dev/full", "w") as full:
        monkeypatch.setattr("sys.stdout", full)
        for _ in range(2):
            narrator(event(Kind.REGION_STARTED))
    assert not narrator.is_whole
    assert capsys.readouterr().err == "ERROR:standard output cannot be written to its end: No space left on device\n"


def test_a_quiet_narrator_tells_only_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    Narrator(logging.WARNING)(event(Kind.REGION_STARTED))
    assert capsys.readouterr() == ("", "")


def test_each_warning_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    narrator = Narrator()
    for text in ("one", "two", "one"):
        narrator(Event(Kind.MESSAGE, "R", message=Message.warning(text)))
    for _ in range(2):
        narrator(event(Kind.STARTED, Action.METADATA))
    assert capsys.readouterr() == ("INFO:R: Updating the metadata of image N\n" * 2, "WARNING:one\nWARNING:two\n")


def test_each_wait_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    narrator = Narrator(logging.WARNING)
    for _ in range(2):
        narrator(Event(Kind.WAITING, "R", seconds=30.0, message=Message.warning("waiting 30s")))
    assert capsys.readouterr() == ("", "WARNING:waiting 30s\n" * 2)


def test_hostile_names_stay_on_their_line(capsys: pytest.CaptureFixture[str]) -> None:
    Narrator()(Event(Kind.STARTED, "R\x1b[2J", "a\nERROR:forged\ud83d", Action.METADATA))
    assert capsys.readouterr().out == "INFO:R\\x1b[2J: Updating the metadata of image a\\x0aERROR:forged\\ud83d\n"


def test_a_chronicle_has_time_and_level() -> None:
    stream = io.StringIO()
    region_log = RegionLog(stream)
    region_log(event(Kind.STARTED, Action.METADATA))
    region_log(Event(Kind.MESSAGE, "R", message=Message.warning("care\nful")))
    first, second = stream.getvalue().splitlines()
    assert first[19:] == " INFO R: Updating the metadata of image N"
    assert second[19:] == " WARNING care\\x0aful"
    assert [character for character in first[:19] if not character.isdigit()] == ["-", "-", " ", ":", ":"]
