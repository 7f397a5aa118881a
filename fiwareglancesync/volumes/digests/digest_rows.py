"""The rows of a digest, made of what there is to report (volumes 6). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import Enum

from ...base.text import escaped
from ...base.units import readable_duration
from .digest_model import ExpiredBackup, FailedBackup, GoodBackup, LateVolume, ProjectDigest, SkippedVolume

MAX_TEXT = 400
"""Characters of a reason or a warning."""


SECONDS_SHOWN = 120
"""Seconds of the durations from which on seconds are not shown."""


class Topic(Enum):
    """The parts of a digest, in their order; each is a field of ``ProjectDigest``."""

    FAILED = "failed"
    LATE = "late"
    SKIPPED = "skipped"
    UNPROTECTED = "unprotected"
    GOOD = "good"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Cell:
    """A part of a row: one line of printable characters, and another one below it.

    :param note: "" for nothing
    """

    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """What is said of one volume, server or backup.

    :param what: its name
    :param result: what happened to it, None when the topic says all
    :param time: when, None where that does not matter
    """

    what: Cell
    result: Cell | None = None
    time: Cell | None = None


@dataclass(frozen=True, slots=True)
class DigestTimes:
    """Writes times in the zone of a digest."""

    zone: tzinfo

    def moment(self, time: datetime) -> str:
        """A time, to the minute."""
        return f"{time.astimezone(self.zone):%Y-%m-%d %H:%M}"

    def period(self, begin: datetime, end: datetime) -> str:
        """A period, with the name of the zone."""
        return f"{self.moment(begin)} to {self.moment(end)} ({self.zone})"

    def span(self, begin: datetime, end: datetime) -> Cell:
        """When something began and ended."""
        first, last = self.moment(begin), self.moment(end)
        same_day = first[:10] == last[:10]
        return Cell(first, f"until {last[11:] if same_day else last} ({_duration((end - begin).total_seconds())})")


def count(project: ProjectDigest, topic: Topic) -> int:
    """How many rows a project has about a topic."""
    return len(getattr(project, topic.value))


def rows(project: ProjectDigest, topic: Topic, times: DigestTimes) -> Iterator[Row]:
    """The rows of a project about a topic, by server and volume.

    :param times: how times are written
    """
    return _ROWS[topic](project, times)


def one_row_text(text: str) -> str:
    """A text of a service or a tenant as one line of printable characters, cut when it is long."""
    line = escaped(" ".join(text.split()))
    return line if len(line) <= MAX_TEXT else f"{line[: MAX_TEXT - 1]}…"


def _duration(seconds: float) -> str:
    """Whole minutes, but for the shortest ones."""
    return readable_duration(seconds if seconds < SECONDS_SHOWN else round(seconds / 60) * 60)


def _failed(project: ProjectDigest, times: DigestTimes) -> Iterator[Row]:
    for each in sorted(project.failed, key=lambda each: (each.server, each.volume, each.at)):
        yield Row(_volume(each), Cell(one_row_text(each.reason)), Cell(times.moment(each.at)))


def _late(project: ProjectDigest, times: DigestTimes) -> Iterator[Row]:
    for each in sorted(project.late, key=lambda each: (each.server, each.volume)):
        last = each.last_good
        yield Row(_volume(each), Cell("No good backup" if last is None else f"Last good backup: {times.moment(last)}"))


def _skipped(project: ProjectDigest, _: DigestTimes) -> Iterator[Row]:
    for each in sorted(project.skipped, key=lambda each: (each.server, each.volume)):
        yield Row(_volume(each), Cell(one_row_text(each.reason)))


def _unprotected(project: ProjectDigest, _: DigestTimes) -> Iterator[Row]:
    for server in sorted(project.unprotected):
        yield Row(Cell(escaped(server)))


def _good(project: ProjectDigest, times: DigestTimes) -> Iterator[Row]:
    for each in sorted(project.good, key=lambda each: (each.server, each.volume, each.begun)):
        result = Cell(escaped(each.backup), f"{each.type.value}, {each.size} GiB")
        yield Row(_volume(each), result, times.span(each.begun, each.ended))


def _expired(project: ProjectDigest, times: DigestTimes) -> Iterator[Row]:
    for each in sorted(project.expired, key=lambda each: (each.server, each.volume, each.removed)):
        yield Row(_volume(each), Cell(escaped(each.backup)), Cell(times.moment(each.removed)))


def _volume(each: FailedBackup | LateVolume | SkippedVolume | GoodBackup | ExpiredBackup) -> Cell:
    return Cell(escaped(each.volume), f"server {escaped(each.server)}")


_ROWS: Mapping[Topic, Callable[[ProjectDigest, DigestTimes], Iterator[Row]]] = {
    Topic.FAILED: _failed,
    Topic.LATE: _late,
    Topic.SKIPPED: _skipped,
    Topic.UNPROTECTED: _unprotected,
    Topic.GOOD: _good,
    Topic.EXPIRED: _expired,
}
