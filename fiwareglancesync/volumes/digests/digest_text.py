"""A digest as plain text, for the mail's plain alternative and for the log (volumes 6)."""

from __future__ import annotations

from collections.abc import Iterator

from .digest import DigestPage, Section
from .digest_rows import Row, Topic

HEADINGS = {
    Topic.FAILED: "Failed backups",
    Topic.LATE: "Late volumes",
    Topic.SKIPPED: "Skipped volumes",
    Topic.UNPROTECTED: "Unprotected servers",
    Topic.GOOD: "Good backups",
    Topic.EXPIRED: "Expired backups, removed",
}
"""What the sections are called, in HTML too."""


def digest_text(page: DigestPage) -> str:
    """Write a digest as plain text.

    :param page: the arranged digest
    """
    return "\n".join([*_head(page), *_sections(page), *_quotas(page), *_warnings(page)]) + "\n"


def _head(page: DigestPage) -> Iterator[str]:
    yield f"Volume backups of {page.project}" if page.project else "Volume backups of all projects"
    if page.region:
        yield f"Region: {page.region}"
    yield page.period
    yield ", ".join(f"{number} {topic.value}" for topic, number in page.counts.items())


def _sections(page: DigestPage) -> Iterator[str]:
    for section in page.sections:
        yield from _heading(HEADINGS[section.topic], section.count)
        yield from _rows(section, page)
        yield from _left_out(section.left_out)


def _rows(section: Section, page: DigestPage) -> Iterator[str]:
    for group in section.projects:
        if not page.project:
            yield f"{group.project}:"
        for row in group.rows:
            yield from _row(row)


def _row(row: Row) -> Iterator[str]:
    note = f" ({row.what.note})" if row.what.note else ""
    yield f"* {row.what.text}{note}"
    for cell in (row.result, row.time):
        if cell is not None:
            yield f"    {cell.text}{', ' if cell.note else ''}{cell.note}"


def _quotas(page: DigestPage) -> Iterator[str]:
    if page.quotas:
        yield from _heading("Quotas", None)
    for bar in page.quotas:
        yield f"* {bar.text}" if page.project else f"* {bar.project}: {bar.text}"
    yield from _left_out(page.quotas_left_out)


def _warnings(page: DigestPage) -> Iterator[str]:
    if page.warnings:
        yield from _heading("Warnings", len(page.warnings) + page.warnings_left_out)
    for warning in page.warnings:
        yield f"* {warning.text}" if page.project or not warning.project else f"* {warning.project}: {warning.text}"
    yield from _left_out(page.warnings_left_out)


def _heading(text: str, number: int | None) -> Iterator[str]:
    line = text if number is None else f"{text}: {number}"
    yield from ("", line, "=" * len(line))


def _left_out(number: int) -> Iterator[str]:
    if number:
        yield f"... and {number} more"
