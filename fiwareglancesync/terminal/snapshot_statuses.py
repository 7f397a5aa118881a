"""Tables of how well servers are protected by snapshots (snapshots 1.7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, TextIO
from zoneinfo import ZoneInfo

from .record_tables import write_rows

if TYPE_CHECKING:
    from ..snapshots.planning.snapshot_status import SetStatus

HEADS = ("Project", "Server", "Set", "State", "Newest", "Remark")


@dataclass(frozen=True, slots=True)
class StatusRow:
    """A set of a server, an unprotected server, or copies that no job covers.

    :param server: its name; of copies without a job the volume
    :param newest: slot of the newest whole copy, "" for none
    """

    project: str
    server: str
    set: str
    state: str
    newest: str
    remark: str
    server_id: str = ""
    volume_id: str = ""


def status_row(each: SetStatus, zone: ZoneInfo) -> StatusRow:
    """The row of a status.

    :param zone: of its time
    """
    newest = "" if each.newest is None else each.newest.astimezone(zone).isoformat(timespec="minutes")
    server = each.server
    project = server.project if server else ""
    name = (server.name or server.id) if server else f"volume {each.volume_id}"
    server_id = server.id if server else ""
    return StatusRow(project, name, each.set_name, each.protection.value, newest, each.why, server_id, each.volume_id)


def write_statuses(rows: Iterable[StatusRow], form: str, stream: TextIO) -> None:
    """Write rows.

    :param form: ``table``, ``csv`` or ``json``
    """
    found = list(rows)
    cells = [(row.project, row.server, row.set, row.state, row.newest, row.remark) for row in found]
    write_rows(HEADS, cells, [asdict(row) for row in found], form, stream)
