"""What the database and Cinder say of a backup (volumes 5)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timezone
from threading import Event, Semaphore

import pytest
from sqlalchemy.exc import OperationalError

from fiwareglancesync.base.errors import CloudError
from fiwareglancesync.openstack.cloud_model import CloudBackup
from fiwareglancesync.volumes.policy_checks import policy_lookup
from fiwareglancesync.volumes.policy_checks.policy_decision import BackupOwner
from fiwareglancesync.volumes.policy_checks.policy_lookup import (
    CACHE_SECONDS,
    MAX_CINDER_CALLS,
    CinderLookup,
    RecordLookup,
)

ID = "6f1b7c1e-94d5-4b0c-8f6e-0c3b7d2a9e15"
OTHER = ID.replace("6f", "7f")


class Database:
    """Records of a test, which may fail."""

    def __init__(self, *recorded: str) -> None:
        self.recorded = set(recorded)
        self.error: Exception | None = None
        self.asked: list[str] = []

    def is_recorded(self, backup_id: str) -> bool:
        self.asked.append(backup_id)
        if self.error is not None:
            raise self.error
        return backup_id in self.recorded


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def away() -> OperationalError:
    return OperationalError("SELECT", {}, ConnectionRefusedError("connection refused"))


def test_only_what_is_recorded_is_remembered_and_only_for_a_minute() -> None:
    database, clock = Database(ID), Clock()
    lookup = RecordLookup(database.is_recorded, clock)
    assert [lookup.is_recorded(ID) for _ in range(3)] == [True] * 3
    assert [lookup.is_recorded(OTHER) for _ in range(3)] == [False] * 3
    assert database.asked == [ID, OTHER, OTHER, OTHER]
    database.recorded = {OTHER}
    clock.now += CACHE_SECONDS - 1
    assert (lookup.is_recorded(ID), lookup.is_recorded(OTHER)) == (True, True)
    clock.now += 2
    assert lookup.is_recorded(ID) is False


def test_a_database_that_is_away_says_nothing_and_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    database = Database(ID)
    lookup = RecordLookup(database.is_recorded)
    assert lookup.is_recorded(ID) is True
    database.error = away()
    assert [lookup.is_recorded(OTHER) for _ in range(3)] == [None] * 3
    assert lookup.is_recorded(ID) is True
    assert not lookup.works()
    database.error = None
    assert lookup.is_recorded(OTHER) is False
    assert lookup.works()
    assert caplog.messages == ["The database cannot be asked: connection refused", "The database answers again"]


def test_a_silent_database_is_waited_for_only_so_long() -> None:
    answer = Event()
    lookup = RecordLookup(lambda _: answer.wait(), timeout=0.01)
    assert lookup.is_recorded(ID) is None
    answer.set()


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_lookup, "MAX_CACHED", 3)
    ids = [f"{ID[:-1]}{number}" for number in range(5)]
    database = Database(*ids)
    lookup = RecordLookup(database.is_recorded)
    assert all(lookup.is_recorded(backup_id) for backup_id in ids)
    assert all(lookup.is_recorded(backup_id) for backup_id in ids[-2:])
    assert database.asked == ids


def described(**changes: str) -> CloudBackup:
    """A backup as Cinder describes it."""
    begun = datetime(2026, 11, 28, tzinfo=timezone.utc)
    made = CloudBackup(ID, "b", "0c", "0b", "0d", "available", 1, False, False, begun, metadata={"a": "b"})
    return replace(made, **changes)  # type: ignore[arg-type]  # both are texts


def test_cinder_describes_a_backup() -> None:
    assert CinderLookup(lambda _: described()).owner(ID) == BackupOwner("0b", {"a": "b"})


@pytest.mark.parametrize("found", [None, described(id=OTHER), described(user_id="")])
def test_what_leaves_a_doubt_is_nothing(found: CloudBackup | None) -> None:
    assert CinderLookup(lambda _: found).owner(ID) is None


def fail(error: Exception) -> Callable[[str], CloudBackup | None]:
    def backup(backup_id: str) -> CloudBackup | None:
        raise error

    return backup


@pytest.mark.parametrize(
    ("error", "reason"),
    [(CloudError("Cinder: HTTP 500"), "Cinder: HTTP 500"), (KeyError("secret of a body"), "KeyError")],
)
def test_a_cinder_that_fails_says_nothing(caplog: pytest.LogCaptureFixture, error: Exception, reason: str) -> None:
    assert CinderLookup(fail(error)).owner(ID) is None
    assert caplog.messages == [f"Cinder cannot be asked: {reason}"]


def test_a_silent_cinder_is_waited_for_only_so_long() -> None:
    answer = Event()

    def backup(backup_id: str) -> CloudBackup | None:
        answer.wait()
        return described()

    assert CinderLookup(backup, timeout=0.01).owner(ID) is None
    answer.set()


def test_questions_that_are_too_many_are_no_failure_of_cinder(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    asked, answer = Semaphore(0), Event()

    def backup(backup_id: str) -> CloudBackup | None:
        asked.release()
        answer.wait()
        return described()

    lookup = CinderLookup(backup, timeout=60.0)
    with ThreadPoolExecutor(MAX_CINDER_CALLS) as threads:
        waiting = [threads.submit(lookup.owner, ID) for _ in range(MAX_CINDER_CALLS)]
        for _ in waiting:
            asked.acquire()
        assert lookup.owner(ID) is None
        answer.set()
        assert [each.result() is None for each in waiting] == [False] * MAX_CINDER_CALLS
    assert caplog.messages == []
