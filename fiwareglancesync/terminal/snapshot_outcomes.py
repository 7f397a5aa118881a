"""What a run did with snapshots, as rows and as lines (snapshots 1.3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from .record_tables import write_rows

if TYPE_CHECKING:
    from ..snapshots.planning.snapshot_jobs import Job
    from ..snapshots.schedule.server_list import ListedServer
    from ..snapshots.snapshot_model import Copy

HEADS = ("Action", "Server", "Set", "Volume", "Snapshot", "Remark")
KEYS = ("action", "server", "set", "volume_id", "snapshot", "remark")


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """What was done with one snapshot.

    :param action: such as ``made``
    :param snapshot: its name, "" when it has none yet
    """

    action: str
    set: str
    volume_id: str
    snapshot: str = ""
    remark: str = ""


def copy_row(action: str, copy: Copy, remark: str = "") -> OutcomeRow:
    """The row of a copy."""
    return OutcomeRow(action, copy.set_name, copy.volume_id, copy.name, remark)


def planned_rows(jobs: Iterable[Job], removals: Iterable[tuple[Copy, str]]) -> list[OutcomeRow]:
    """The rows of what a run would do."""
    rows = [OutcomeRow("make", job.key.set_name, job.volume_id) for job in jobs]
    return [*rows, *(copy_row("remove", copy, why) for copy, why in removals)]


def names_by_volume(servers: Iterable[ListedServer]) -> Mapping[str, str]:
    """The servers that have a volume, as ``PROJECT/NAME``, by its id.

    :param servers: all that there are
    """
    from ..snapshots.inventory.server_inventory import DISK_SUFFIX

    found: defaultdict[str, list[str]] = defaultdict(list)
    for server in servers:
        for volume_id in (*server.volume_ids, f"{server.id}{DISK_SUFFIX}"):
            found[volume_id].append(f"{server.project}/{server.name or server.id}")
    return {volume_id: ", ".join(sorted(names)) for volume_id, names in found.items()}


def write_outcomes(rows: Iterable[OutcomeRow], servers: Iterable[ListedServer], form: str, stream: TextIO) -> None:
    """Write rows.

    :param servers: all that there are
    :param form: ``table``, ``csv`` or ``json``
    """
    names = names_by_volume(servers)
    cells = [
        (row.action, names.get(row.volume_id, ""), row.set, row.volume_id, row.snapshot, row.remark) for row in rows
    ]
    write_rows(HEADS, cells, [dict(zip(KEYS, each, strict=True)) for each in cells], form, stream, KEYS)
