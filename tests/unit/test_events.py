"""The events, and their JSON, which programs rely on (handbook, page Output)."""

from __future__ import annotations

import json
import pickle
from typing import get_args

import pytest

from fiwareglancesync.base.messages import Message
from fiwareglancesync.events import (
    Action,
    Done,
    Event,
    Failed,
    MessageReported,
    Pending,
    Progress,
    RegionFinished,
    RegionPlanned,
    RegionStarted,
    RunFinished,
    RunStarted,
    Started,
    Waiting,
)

WARNING, ERROR = Message.warning("careful", "N"), Message.error("gone", "N")

WHOLE = [
    (RunStarted("Spain"), '{"kind": "run-started", "region": "Spain"}'),
    (RegionStarted("R"), '{"kind": "region-started", "region": "R"}'),
    (RegionPlanned("R", 10, 2), '{"kind": "region-planned", "region": "R", "size": 10, "count": 2}'),
    (
        MessageReported("R", "N", WARNING),
        '{"kind": "message", "region": "R", "image": "N", "level": "warning", "message": "careful"}',
    ),
    (
        Waiting("R", "N", 30.0, WARNING),
        '{"kind": "waiting", "region": "R", "image": "N", "seconds": 30.0, "level": "warning", "message": "careful"}',
    ),
    (
        Pending("R", "N", Action.UPLOAD, "U", "pending_upload", "stream", 10, ("file: gone",), ("nid 1 → 2",)),
        '{"kind": "pending", "region": "R", "image": "N", "action": "upload", "uuid": "U", "status": "pending_upload", '
        '"way": "stream", "size": 10, "notes": ["file: gone"], "differences": ["nid 1 \\u2192 2"]}',
    ),
    (
        Started("R", "N", Action.METADATA, "U", "pending_metadata", 10, ("nid 1 → 2",)),
        '{"kind": "started", "region": "R", "image": "N", "action": "metadata", "uuid": "U", '
        '"status": "pending_metadata", "size": 10, "differences": ["nid 1 \\u2192 2"]}',
    ),
    (
        Progress("R", "N", Action.REPLACE, "U", "file", 10, 5),
        '{"kind": "progress", "region": "R", "image": "N", "action": "replace", "uuid": "U", "way": "file", '
        '"size": 10, "done": 5}',
    ),
    (
        Done("R", "N", Action.RENAME, "U", "pending_rename", "file", 10, 10, 1.23456, ("server: off",)),
        '{"kind": "done", "region": "R", "image": "N", "action": "rename", "uuid": "U", "status": "pending_rename", '
        '"way": "file", "size": 10, "done": 10, "seconds": 1.235, "notes": ["server: off"]}',
    ),
    (
        Failed("R", "N", Action.UPLOAD, "U", "pending_upload", "file", 10, 4, 1.5, message=ERROR),
        '{"kind": "failed", "region": "R", "image": "N", "action": "upload", "uuid": "U", "status": "pending_upload", '
        '"way": "file", "size": 10, "done": 4, "seconds": 1.5, "level": "error", "message": "gone"}',
    ),
    (
        RegionFinished("R", 10, 1, 2, True, True, True),
        '{"kind": "region-finished", "region": "R", "size": 10, "count": 1, "undecided": 2, "in_step": true, '
        '"error": true, "dry": true}',
    ),
    (RunFinished(3), '{"kind": "run-finished", "region": "", "count": 3}'),
]

BARE = [
    (RegionPlanned("R", statuses=(("a", "ok"),)), '{"kind": "region-planned", "region": "R"}'),
    (MessageReported("", None, ERROR), '{"kind": "message", "region": "", "level": "error", "message": "gone"}'),
    (Started("R", "", Action.TIDY), '{"kind": "started", "region": "R", "image": "", "action": "tidy"}'),
    (RegionFinished("R"), '{"kind": "region-finished", "region": "R"}'),
    (RunFinished(), '{"kind": "run-finished", "region": ""}'),
]


@pytest.mark.parametrize(("event", "text"), [*WHOLE, *BARE])
def test_the_json_of_an_event_is_stable_to_the_byte(event: Event, text: str) -> None:
    assert json.dumps(event.as_json()) == text


def test_every_type_of_event_is_among_these() -> None:
    assert [type(event) for event, _ in WHOLE] == list(get_args(Event))


@pytest.mark.parametrize(("event", "text"), WHOLE)
def test_the_names_of_a_type_are_those_that_its_json_can_have(event: Event, text: str) -> None:
    assert list(event.json_names()) == list(json.loads(text))


@pytest.mark.parametrize("event", [event for event, _ in WHOLE])
def test_an_event_goes_through_a_pipe(event: Event) -> None:
    assert pickle.loads(pickle.dumps(event)) == event  # noqa: S301 - our own
