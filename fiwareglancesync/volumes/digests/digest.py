"""Arranges a digest for its readers: subject, counts, rows in their order, quotas, warnings (volumes 6). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

from ...base.text import escaped
from .digest_model import Digest, ProjectDigest
from .digest_quota import QuotaBar, quota_bars
from .digest_rows import DigestTimes, Row, Topic, count, one_row_text, rows

MAX_ROWS = 1000
"""Rows of a digest; what is beyond is counted."""

MAX_QUOTAS, MAX_WARNINGS = 100, 100
"""How many of these rows may be quotas and warnings."""


@dataclass(frozen=True, slots=True)
class ProjectRows:
    """The rows of one project, one below the other.

    :param project: its full name
    """

    project: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """All that is said about one topic.

    :param count: how many rows there would be
    :param left_out: how many there are not
    """

    topic: Topic
    count: int
    projects: tuple[ProjectRows, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class ProjectWarning:
    """A warning.

    :param project: the full name of the project that it is about, "" for none
    """

    project: str
    text: str


@dataclass(frozen=True, slots=True)
class DigestPage:
    """A digest as it is rendered; every text is one line of printable characters.

    :param project: the full name of the project that it is about, "" for all; then rows say which is theirs
    :param period: from when to when, with the time zone
    :param counts: rows by topic
    :param sections: the topics that have rows
    :param quotas: the fullest first
    """

    subject: str
    project: str
    region: str
    period: str
    counts: Mapping[Topic, int]
    sections: tuple[Section, ...]
    quotas: tuple[QuotaBar, ...]
    quotas_left_out: int
    warnings: tuple[ProjectWarning, ...]
    warnings_left_out: int


def whole_page(digest: Digest, *, max_rows: int = MAX_ROWS) -> DigestPage:
    """The digest of all projects.

    :param digest: what there is to report
    :param max_rows: how many rows it may have
    """
    projects = sorted(digest.projects, key=lambda project: project.project_name)
    general = [ProjectWarning("", one_row_text(text)) for text in digest.warnings]
    return _page(digest, projects, "", general + _warnings(projects), max_rows)


def project_page(digest: Digest, project: ProjectDigest, *, max_rows: int = MAX_ROWS) -> DigestPage:
    """The digest of one project, for its members; it says nothing of others.

    :param digest: whose period it is about
    :param project: one of the digest
    :param max_rows: how many rows it may have
    """
    return _page(digest, [project], escaped(project.project_name), _warnings([project]), max_rows)


def _page(
    digest: Digest, projects: Sequence[ProjectDigest], single: str, warnings: list[ProjectWarning], max_rows: int
) -> DigestPage:
    """Arrange projects in their order.

    :param single: the name of the only project, "" for all
    """
    bars = quota_bars(projects)
    shown_warnings = warnings[: min(MAX_WARNINGS, max_rows)]
    shown_bars = bars[: min(MAX_QUOTAS, max_rows - len(shown_warnings))]
    times = DigestTimes(digest.zone)
    counts = {topic: sum(count(project, topic) for project in projects) for topic in Topic}
    region = escaped(digest.region)
    return DigestPage(
        subject=_subject(counts, single, region),
        project=single,
        region=region,
        period=times.period(digest.begin, digest.end),
        counts=counts,
        sections=_sections(projects, counts, times, max_rows - len(shown_warnings) - len(shown_bars)),
        quotas=tuple(shown_bars),
        quotas_left_out=len(bars) - len(shown_bars),
        warnings=tuple(shown_warnings),
        warnings_left_out=len(warnings) - len(shown_warnings),
    )


def _subject(counts: Mapping[Topic, int], project: str, region: str) -> str:
    of = f" of {project}" if project else ""
    where = f" in {region}" if region else ""
    return f"Volume backups{of}{where}: {', '.join(f'{number} {topic.value}' for topic, number in counts.items())}"


def _warnings(projects: Sequence[ProjectDigest]) -> list[ProjectWarning]:
    return [
        ProjectWarning(escaped(project.project_name), one_row_text(text))
        for project in projects
        for text in project.warnings
    ]


def _sections(
    projects: Sequence[ProjectDigest], counts: Mapping[Topic, int], times: DigestTimes, room: int
) -> tuple[Section, ...]:
    """The topics that have rows; the first ones take the room.

    :param room: how many rows there may be
    """
    found = []
    for topic, number in counts.items():
        if number:
            section = _section(projects, topic, number, times, room)
            room -= section.count - section.left_out
            found.append(section)
    return tuple(found)


def _section(
    projects: Sequence[ProjectDigest], topic: Topic, number: int, times: DigestTimes, room: int
) -> Section:
    numbered = ((place, row) for place, project in enumerate(projects) for row in rows(project, topic, times))
    shown = list(islice(numbered, room))
    groups = tuple(
        ProjectRows(escaped(projects[place].project_name), tuple(row for _, row in pairs))
        for place, pairs in groupby(shown, key=lambda pair: pair[0])
    )
    return Section(topic, number, groups, number - len(shown))
