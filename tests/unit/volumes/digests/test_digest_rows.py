"""What a row of a digest says (volumes 6)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from fiwareglancesync.volumes.digests.digest_model import ProjectDigest
from fiwareglancesync.volumes.digests.digest_rows import (
    MAX_TEXT,
    Cell,
    DigestTimes,
    Row,
    Topic,
    count,
    one_row_text,
    rows,
)
from tests.support.digests import WEB

UTC = DigestTimes(timezone.utc)
BEGUN = datetime(2026, 11, 27, 22, 31, tzinfo=timezone.utc)


def first(topic: Topic) -> Row:
    return next(rows(WEB, topic, UTC))


def test_each_topic_says_what_its_reader_has_to_know() -> None:
    assert {topic: first(topic) for topic in Topic} == {
        Topic.FAILED: Row(
            Cell("db-01-data", "server db-01"),
            Cell("Cinder: no space left on device (/backups)"),
            Cell("2026-11-27 23:00"),
        ),
        Topic.LATE: Row(Cell("db-01-data", "server db-01"), Cell("Last good backup: 2026-11-26 22:00")),
        Topic.SKIPPED: Row(
            Cell("web-02-cache", "server web-02"), Cell("The volume has the metadata skip-volume-backup.")
        ),
        Topic.UNPROTECTED: Row(Cell("bastion")),
        Topic.GOOD: Row(
            Cell("web-01-root", "server web-01"),
            Cell("web-01_web-01-root_20261127T220000Z", "full, 20 GiB"),
            Cell("2026-11-27 22:00", "until 22:15 (16 min)"),
        ),
        Topic.EXPIRED: Row(
            Cell("web-01-root", "server web-01"),
            Cell("web-01_web-01-root_20261113T220000Z"),
            Cell("2026-11-28 05:00"),
        ),
    }


def test_a_topic_is_counted_without_making_its_rows() -> None:
    assert {topic: count(WEB, topic) for topic in Topic} == {topic: len([*rows(WEB, topic, UTC)]) for topic in Topic}
    assert {count(ProjectDigest("1", "empty"), topic) for topic in Topic} == {0}


@pytest.mark.parametrize(
    ("seconds", "note"),
    [
        (0, "until 22:31 (0 s)"),
        (47, "until 22:31 (47 s)"),
        (119, "until 22:32 (1 min 59 s)"),
        (5000, "until 23:54 (1 h 23 min)"),
        (9 * 3600, "until 2026-11-28 07:31 (9 h)"),
    ],
)
def test_a_span_names_the_day_of_its_end_when_that_is_another_one(seconds: int, note: str) -> None:
    assert UTC.span(BEGUN, BEGUN + timedelta(seconds=seconds)) == Cell("2026-11-27 22:31", note)


def test_times_are_in_the_zone_of_the_digest() -> None:
    times = DigestTimes(ZoneInfo("Europe/Madrid"))
    assert times.moment(BEGUN) == "2026-11-27 23:31"
    assert times.period(BEGUN, BEGUN) == "2026-11-27 23:31 to 2026-11-27 23:31 (Europe/Madrid)"


def test_a_text_of_a_service_becomes_one_line() -> None:
    assert one_row_text("first\r\n  second\x1b[31m") == "first second\\x1b[31m"
    assert len(one_row_text("x" * 10**6)) == MAX_TEXT
