"""Tables of volume backups: the plan, and how well volumes are protected (volumes 1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

from ..base.units import readable_duration
from ..volumes.planning.backup_removal import Fate
from .record_tables import write_rows

if TYPE_CHECKING:
    from ..volumes.planning.volume_preview import Preview
    from ..volumes.planning.volume_survey import VolumeSurvey

LATER = "it goes after the backups that build on it"
"""Of an expired backup that a cycle removes later: backups that are removed before build on it."""

PLAN_HEADS = ("Project", "Server", "Volume", "Action", "Why")
STATUS_HEADS = ("Project", "Server", "Volume", "Verdict", "Last good", "Age", "Chain", "Why", "Drilled")


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
                preview.project_names.get(entry.project_id, entry.project_name),
                entry.server.name or entry.server.id,
                entry.volume_name or entry.volume_id,
                entry.verdict.value,
                why,
                entry.volume_id,
                until=until,
            )
    for each in (*preview.retention.removals, *preview.retention.later):
        record = each.record
        if preview.shows(record.project_id):
            later = f"; {LATER}" if each.fate is Fate.LATER else ""
            yield PlanRow(
                record.project_name,
                record.server_name,
                record.volume_name or record.volume_id,
                "expire",
                f"{record.name}: {each.why}{later}",
                record.volume_id,
                record.backup_id or "",
            )


def write_plan(rows: Iterable[PlanRow], form: str, stream: TextIO) -> None:
    """Write a plan.

    :param form: ``table``, ``csv`` or ``json``
    """
    found = list(rows)
    cells = [(row.project, row.server, row.volume, row.action, row.why) for row in found]
    write_rows(PLAN_HEADS, cells, [asdict(row) for row in found], form, stream)


@dataclass(frozen=True, slots=True)
class StatusRow:
    """How well a volume is protected; or a server without the mark, whose verdict is ``unprotected``.

    :param age: seconds since the end of the last good backup, None when there is none
    :param chain: how many backups that one consists of
    :param drilled: when the last restore drill of one of its backups ended
    :param drill: what that one found: ``good`` or ``failed``
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
    drilled: str = ""
    drill: str = ""


def status_rows(found: VolumeSurvey) -> Iterator[StatusRow]:
    """The rows of a status: the volumes, the worst first, then servers without the mark."""
    def name(project_id: str) -> str:
        return found.project_names.get(project_id, project_id)

    for each in sorted(
        found.volumes,
        key=lambda each: (-each.protection.rank, name(each.project_id), each.server.name, each.volume_name),
    ):
        end = None if each.last_good is None else each.last_good.finished
        drill = each.last_drill
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
            "" if drill is None or drill.finished is None else _time(drill.finished),
            "" if drill is None else drill.state.value,
        )
    for server in found.unprotected:
        yield StatusRow(name(server.project_id), server.name or server.id, "", "unprotected")


def write_statuses(rows: Iterable[StatusRow], form: str, stream: TextIO) -> None:
    """Write a status.

    :param form: ``table``, ``csv`` or ``json``
    """
    found = list(rows)
    age = readable_duration if form == "table" else str
    cells = [_status_cells(row, age) for row in found]
    write_rows(STATUS_HEADS, cells, [asdict(row) for row in found], form, stream)


def _status_cells(row: StatusRow, age: Callable[[int], str]) -> Sequence[str]:
    old = "" if row.age is None else age(row.age)
    chain = str(row.chain or "")
    return row.project, row.server, row.volume, row.verdict, row.last_good, old, chain, row.why, row.drilled


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
