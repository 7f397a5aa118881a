"""Tables of volume backups: the plan, and how well volumes are protected (volumes 1)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

from ..base.text import printable
from ..base.units import readable_duration
from .text_tables import dump, print_table

if TYPE_CHECKING:
    from ..volumes.volume_preview import Preview
    from ..volumes.volume_survey import VolumeSurvey

PLAN_COLUMNS = ("project", "server", "volume", "action", "why")
STATUS_COLUMNS = ("project", "server", "volume", "verdict", "last_good", "age", "chain", "why")


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


@dataclass(frozen=True, slots=True)
class StatusRow:
    """How well a volume is protected; or a server without the mark, whose verdict is ``unprotected``.

    :param age: seconds since the end of the last good backup, None when there is none
    :param chain: how many backups that one consists of
    """

    project: str
    server: str
    volume: str
    verdict: str
    last_good: str = ""
    age: int | None = None
    chain: int = 0
    why: str = ""
    volume_id: str = ""


def status_rows(found: VolumeSurvey) -> Iterator[StatusRow]:
    """The rows of a status: the volumes, the worst first, then servers without the mark."""
    name = found.inventory.project_name
    for each in sorted(
        found.volumes, key=lambda status: (-status.protection.rank, name(status.project_id), status.server.name)
    ):
        end = None if each.last_good is None else each.last_good.finished
        yield StatusRow(
            name(each.project_id),
            each.server.name or each.server.id,
            each.volume_name or each.volume_id,
            each.protection.value,
            "" if end is None else _time(end),
            None if end is None else int((found.moment - end).total_seconds()),
            each.chain,
            each.why,
            each.volume_id,
        )
    for server in found.unprotected:
        yield StatusRow(name(server.project_id), server.name or server.id, "", "unprotected")


def write_statuses(rows: Iterable[StatusRow], form: str, stream: TextIO) -> None:
    """Write a status.

    :param form: ``table``, ``csv`` or ``json``
    """
    found = list(rows)
    if form == "json":
        dump([asdict(row) for row in found], stream)
    elif form == "csv":
        writer = csv.writer(stream)
        writer.writerow(STATUS_COLUMNS)
        writer.writerows(_status_cells(row, str) for row in found)
    else:
        heads = ("Project", "Server", "Volume", "Verdict", "Last good", "Age", "Chain", "Why")
        print_table(heads, [_status_cells(row, readable_duration) for row in found], stream)


def _status_cells(row: StatusRow, age: Callable[[int], str]) -> Sequence[str]:
    old = "" if row.age is None else age(row.age)
    cells = (row.project, row.server, row.volume, row.verdict, row.last_good, old, str(row.chain or ""), row.why)
    return [printable(text) for text in cells]


def _cells(row: PlanRow) -> Sequence[str]:
    return [printable(text) for text in (row.project, row.server, row.volume, row.action, row.why)]


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
