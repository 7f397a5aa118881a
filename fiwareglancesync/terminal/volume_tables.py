"""Tables of volume backups: the plan (volumes 1)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

from ..base.text import printable
from .text_tables import dump, print_table

if TYPE_CHECKING:
    from ..volumes.volume_preview import Preview

PLAN_COLUMNS = ("project", "server", "volume", "action", "why")


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One line of a plan: what is done with a volume, or a backup that expires.

    :param until: when it is due, or looked at again; "" when that is now, or not known
    """

    project: str
    server: str
    volume: str
    action: str
    why: str
    volume_id: str = ""
    backup_id: str = ""
    until: str = ""


def plan_rows(preview: Preview) -> Iterator[PlanRow]:
    """The rows of a plan: volumes by project, server and volume, then backups that go."""
    for entry in preview.plan.entries:
        if preview.shows(entry.project_id):
            until = "" if entry.until is None else _time(entry.until)
            why = f"{entry.why} (until {until})" if until and entry.why else entry.why
            yield PlanRow(
                entry.project_name,
                entry.server.name or entry.server.id,
                entry.volume_name or entry.volume_id,
                entry.verdict.value,
                why,
                entry.volume_id,
                until=until,
            )
    for each in preview.retention.removals:
        record = each.record
        if preview.shows(record.project_id):
            yield PlanRow(
                record.project_name,
                record.server_name,
                record.volume_name or record.volume_id,
                "expire",
                f"{record.name}: {each.why}",
                record.volume_id,
                record.backup_id or "",
            )


def write_plan(rows: Iterable[PlanRow], form: str, stream: TextIO) -> None:
    """Write a plan.

    :param form: ``table``, ``csv`` or ``json``
    """
    found = list(rows)
    if form == "json":
        dump([asdict(row) for row in found], stream)
    elif form == "csv":
        writer = csv.writer(stream)
        writer.writerow(PLAN_COLUMNS)
        writer.writerows(_cells(row) for row in found)
    else:
        print_table(("Project", "Server", "Volume", "Action", "Why"), map(_cells, found), stream)


def _cells(row: PlanRow) -> Sequence[str]:
    return [printable(text) for text in (row.project, row.server, row.volume, row.action, row.why)]


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
