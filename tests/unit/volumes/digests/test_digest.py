"""How a digest is arranged: subject, order, and what is beyond a thousand rows (volumes 6)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.volumes.digests.digest import (
    MAX_QUOTAS,
    MAX_ROWS,
    MAX_WARNINGS,
    DigestPage,
    project_page,
    whole_page,
)
from fiwareglancesync.volumes.digests.digest_model import Digest, ProjectDigest, SkippedVolume
from fiwareglancesync.volumes.digests.digest_rows import Topic
from tests.support.digests import ANALYTICS, BEGIN, END, USUAL, WEB, good, of_names


def number_of_rows(page: DigestPage) -> int:
    listed = sum(len(group.rows) for section in page.sections for group in section.projects)
    return listed + len(page.quotas) + len(page.warnings)


def test_the_counts_are_in_the_subject() -> None:
    counts = "1 failed, 1 late, 1 skipped, 2 unprotected, 5 good, 2 expired"
    assert whole_page(USUAL).subject == f"Volume backups in RegionOne: {counts}"
    assert whole_page(replace(USUAL, region="")).subject == f"Volume backups: {counts}"


def test_a_project_has_a_digest_of_its_own_that_says_nothing_of_others() -> None:
    page = project_page(replace(USUAL, warnings=("A general warning.",)), ANALYTICS)
    assert page.subject == (
        "Volume backups of Default/analytics in RegionOne: "
        "0 failed, 0 late, 0 skipped, 0 unprotected, 2 good, 0 expired"
    )
    assert page.project == "Default/analytics"
    assert {group.project for section in page.sections for group in section.projects} == {"Default/analytics"}
    assert {bar.project for bar in page.quotas} == {"Default/analytics"}
    assert page.warnings == ()


def test_what_failed_comes_first_and_topics_without_rows_are_left_out() -> None:
    assert [section.topic for section in whole_page(USUAL).sections] == list(Topic)
    assert [section.topic for section in project_page(USUAL, ANALYTICS).sections] == [Topic.GOOD]
    assert [topic.value for topic in Topic] == ["failed", "late", "skipped", "unprotected", "good", "expired"]


def test_projects_are_in_the_order_of_their_names() -> None:
    (section,) = [section for section in whole_page(USUAL).sections if section.topic is Topic.GOOD]
    assert [group.project for group in section.projects] == ["Default/analytics", "Default/web"]
    assert [row.what.text for row in section.projects[1].rows] == ["web-01-root", "web-02-root", "web-02-uploads"]


def test_two_projects_of_one_name_stay_two() -> None:
    projects = tuple(ProjectDigest(number, "demo", unprotected=("a",)) for number in ("1", "2"))
    (section,) = whole_page(Digest(BEGIN, END, projects)).sections
    assert [group.project for group in section.projects] == ["demo", "demo"]


def test_general_warnings_come_first() -> None:
    page = whole_page(replace(USUAL, warnings=("No cinder-backup is up.",)))
    assert [warning.project for warning in page.warnings] == ["", "Default/web"]


def test_a_digest_without_anything_to_say_is_one_too() -> None:
    page = whole_page(Digest(BEGIN, END, ()))
    assert page.subject == "Volume backups: 0 failed, 0 late, 0 skipped, 0 unprotected, 0 good, 0 expired"
    assert page.period == "2026-11-27 06:00 to 2026-11-28 06:00 (UTC)"
    assert number_of_rows(page) == 0


def test_a_thousand_rows_are_listed_and_the_rest_is_counted() -> None:
    many = replace(WEB, good=tuple(good("s", f"v{number:05}", 0) for number in range(3000)))
    page = whole_page(Digest(BEGIN, END, (many,)))
    assert number_of_rows(page) == MAX_ROWS == 1000
    left_out = {section.topic: section.left_out for section in page.sections if section.left_out}
    listed = 1000 - 5 - 2 - 1  # those before, quotas, warnings
    assert left_out == {Topic.GOOD: 3000 - listed, Topic.EXPIRED: 2}
    assert page.counts[Topic.GOOD] == 3000


def test_what_failed_takes_the_room_first() -> None:
    many = replace(WEB, skipped=tuple(SkippedVolume("s", str(number), "") for number in range(2000)), warnings=())
    page = whole_page(Digest(BEGIN, END, (ANALYTICS, many)))
    assert [section.left_out for section in page.sections[:2]] == [0, 0]
    assert [section.count - section.left_out for section in page.sections[3:]] == [0, 0, 0]


def test_quotas_and_warnings_leave_room_for_rows() -> None:
    projects = tuple(replace(ANALYTICS, project_name=str(number), warnings=("w",)) for number in range(400))
    page = whole_page(Digest(BEGIN, END, projects))
    assert (len(page.quotas), page.quotas_left_out) == (MAX_QUOTAS, 700)
    assert (len(page.warnings), page.warnings_left_out) == (MAX_WARNINGS, 300)
    assert number_of_rows(page) == 1000


@given(st.integers(0, 12), st.integers(0, 4), st.integers(0, 4), st.integers(0, 20))
def test_there_are_never_more_rows_and_none_is_lost(rows: int, projects: int, warnings: int, max_rows: int) -> None:
    project = replace(ANALYTICS, unprotected=tuple(map(str, range(rows))), warnings=("w",) * warnings)
    named = tuple(replace(project, project_name=str(number)) for number in range(projects))
    page = whole_page(Digest(BEGIN, END, named), max_rows=max_rows)
    assert number_of_rows(page) <= max_rows
    left_out = page.quotas_left_out + page.warnings_left_out + sum(section.left_out for section in page.sections)
    assert number_of_rows(page) + left_out == projects * (rows + 2 + 2 + warnings)


@pytest.mark.parametrize("page", [whole_page, lambda digest: project_page(digest, digest.projects[0])])
@given(st.text(max_size=300), st.text(max_size=500))
def test_every_text_is_a_printable_line(page: object, name: str, text: str) -> None:
    arranged = page(of_names(name, text))  # type: ignore[operator]
    assert isinstance(arranged, DigestPage)
    texts = [arranged.subject, arranged.project, arranged.region, *(bar.project for bar in arranged.quotas)]
    texts += [each for warning in arranged.warnings for each in (warning.project, warning.text)]
    for section in arranged.sections:
        for group in section.projects:
            texts.append(group.project)
            cells = [cell for row in group.rows for cell in (row.what, row.result, row.time) if cell is not None]
            texts += [each for cell in cells for each in (cell.text, cell.note)]
    assert all(each.isprintable() for each in texts)
