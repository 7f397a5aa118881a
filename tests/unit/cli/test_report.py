"""What programs read: the event stream and the report (sync 1.1)."""

from __future__ import annotations

import io
import json
from datetime import datetime, timezone
from functools import partial

from fiwareglancesync import __version__
from fiwareglancesync.base.messages import Message
from fiwareglancesync.base.units import MIB
from fiwareglancesync.cli.report import EventWriter, report
from fiwareglancesync.events import Action, Failed, Started
from fiwareglancesync.images.execution.outcome import ImageOutcome, RegionOutcome
from fiwareglancesync.images.model import SyncStatus
from fiwareglancesync.terminal.streams import write_line


def test_each_event_is_one_line_whatever_the_name() -> None:
    stream = io.StringIO()
    writer = EventWriter(partial(write_line, stream))
    name = 'a\n"b"\ud83d\u2028'
    writer(Started("R", name, Action.UPLOAD))
    writer(Failed("R", name, Action.UPLOAD, message=Message.error("C")))
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["image"], second["level"], second["message"]) == (name, "error", "C")
    assert isinstance(first["time"], float)


def test_the_report_has_every_image_with_its_status_before_and_what_was_done() -> None:
    status = SyncStatus.PENDING_UPLOAD
    outcome = RegionOutcome(
        "R",
        [
            ImageOutcome("a", Action.UPLOAD, status, "file", 3 * MIB, 1.23456),
            ImageOutcome("b", Action.UPLOAD, status, "file", 5, 1.0, "no room", ("stream: no",)),
            ImageOutcome("a", Action.SETTLE),
            ImageOutcome("left", Action.TIDY),
        ],
        statuses=(("a", status), ("b", status), ("c", SyncStatus.OK), ("d", SyncStatus.PENDING_METADATA)),
        differences={"d": ("nid 1 → 2",)},
        left_out=(("e", "it has no size"),),
        undecided=0,
    )
    started = datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    document = json.loads(report("sync", "Spain", started, [outcome, RegionOutcome("S", error="down")], 1))
    head = {key: document[key] for key in ("version", "mode", "master", "started", "exit_code")}
    assert head == {
        "version": __version__,
        "mode": "sync",
        "master": "Spain",
        "started": "2024-01-02T03:04:05+00:00",
        "exit_code": 1,
    }
    first, second = document["regions"]
    assert (first["region"], first["error"], first["failed"], first["bytes"]) == ("R", None, 1, 3 * MIB)
    assert (second["error"], second["images"]) == ("down", [])
    keys = ("image", "status", "action", "way", "bytes", "seconds", "mib_per_second", "error")
    assert [tuple(image[key] for key in keys) for image in first["images"]] == [
        ("a", "pending_upload", "upload", "file", 3 * MIB, 1.235, 2.4, None),
        ("a", "pending_upload", "settle", None, 0, 0.0, None, None),
        ("b", "pending_upload", "upload", "file", 5, 1.0, 0.0, "no room"),
        ("c", "ok", None, None, 0, 0.0, None, None),
        ("d", "pending_metadata", None, None, 0, 0.0, None, None),
        ("left", None, "tidy", None, 0, 0.0, None, None),
    ]
    assert {image["image"]: image["differences"] for image in first["images"]} == {
        "a": [],
        "b": [],
        "c": [],
        "d": ["nid 1 → 2"],
        "left": [],
    }
    assert (first["left_out"], second["left_out"]) == ([{"image": "e", "reason": "it has no size"}], [])
