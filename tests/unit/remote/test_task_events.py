"""The events of a task whose state is asked for again and again."""

from __future__ import annotations

from typing import Any

from fiwareglancesync.base.units import MIB
from fiwareglancesync.events import Done, Event, Progress, RegionPlanned, Started
from fiwareglancesync.remote.server_answers import Result, WholeTask
from fiwareglancesync.remote.task_events import TaskEvents
from fiwareglancesync.terminal.narrative import lines


def task(*images: Result, status: str = "syncing", **more: Any) -> WholeTask:
    """A task of Burgos as it stands."""
    moved = [image for image in images if image.action == "upload"]
    usual = {
        "region": "Burgos",
        "dry_run": False,
        "created": "2026-11-21T12:00:00.000+00:00",
        "started": None,
        "finished": None,
        "reason": None,
        "images_total": len(moved),
        "images_done": sum(image.state == "done" for image in moved),
        "images_failed": sum(image.state == "failed" for image in images),
        "undecided": 0,
        "bytes_total": sum(image.size for image in moved),
        "bytes_done": sum(image.bytes_done for image in moved),
        "errors": [],
        "warnings": [],
    }
    return WholeTask(task_id="1", status=status, images=list(images), **{**usual, **more})


def upload(name: str, state: str, done: int = 0, error: str | None = None) -> Result:
    """An image of 3 MiB on its way."""
    return Result(name=name, action="upload", state=state, size=3 * MIB, bytes_done=done, error=error)


def reported(task_events: TaskEvents, stands: WholeTask) -> list[str]:
    """The lines of the events that are new."""
    return [text for event in task_events.events(stands) for level, text in lines(event) if level >= 20]


def kinds(task_events: TaskEvents, stands: WholeTask) -> list[type[Event]]:
    """The types of the events that are new."""
    return [type(event) for event in task_events.events(stands)]


def test_an_upload_is_reported_when_it_begins_moves_and_ends() -> None:
    task_events = TaskEvents("Burgos")
    assert kinds(task_events, task(bytes_total=3 * MIB)) == [RegionPlanned]
    assert kinds(task_events, task(upload("one", "running"))) == [Started, Progress]
    assert kinds(task_events, task(upload("one", "running", MIB))) == [Progress]
    assert kinds(task_events, task(upload("one", "running", MIB))) == []
    assert kinds(task_events, task(upload("one", "done", 3 * MIB), upload("two", "running"))) == [
        Done,
        Started,
        Progress,
    ]


def test_the_whole_narrative_is_that_of_the_command() -> None:
    ended = task(
        Result(name="old_obsolete", action="obsolete", state="done"),
        Result(name="changed", action="metadata", state="done"),
        upload("one", "done", 3 * MIB),
        status="synced",
        undecided=2,
    )
    assert reported(TaskEvents("Burgos"), ended) == [
        "Burgos: updating obsolete image old_obsolete",
        "Burgos: Updating the metadata of image changed",
        "Burgos: Uploading image one (3 MB)",
        "Burgos: Image uploaded.",
        "Burgos: 2 images await a decision.",
        "Burgos:   Total uploaded to region: 3 (MB)",
    ]


def test_nothing_to_do_is_reported() -> None:
    assert reported(TaskEvents("Burgos"), task(status="synced")) == ["Burgos: Region is synchronized."]


def test_a_dry_run_reports_what_is_pending() -> None:
    assert reported(TaskEvents("Burgos"), task(upload("one", "pending"), status="synced", dry_run=True)) == [
        "Burgos: Pending: one (3 MB)",
        "Burgos: MBs pending : 3",
    ]


def test_a_failure_is_reported_once() -> None:
    task_events = TaskEvents("Burgos")
    reported(task_events, task(upload("one", "running")))
    failed = task(upload("one", "failed", error="no room"), status="failed", errors=["Burgos: one: no room"])
    assert reported(task_events, failed) == [
        "Burgos: Upload of one failed. Cause: no room",
        "Burgos: 1 images failed.",
        "Burgos:   Total uploaded to region: 0 (MB)",
    ]


def test_what_a_server_reports_of_an_unknown_action_is_not_lost() -> None:
    settling = Result(name="old", action="settle", state="failed", error="in use")
    assert reported(TaskEvents("Burgos"), task(settling, errors=["Burgos: old: in use"])) == ["Burgos: old: in use"]


def test_warnings_and_errors_are_reported_once_each() -> None:
    task_events = TaskEvents("Burgos")
    assert reported(task_events, task(warnings=["w1", "w1"])) == ["w1"]
    assert reported(task_events, task(warnings=["w1", "w2"], errors=["e1"])) == ["w2", "e1"]


def test_a_region_that_fails_as_a_whole_has_no_sum() -> None:
    assert reported(TaskEvents("Burgos"), task(status="failed", reason="Keystone is down")) == []
