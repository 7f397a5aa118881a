"""Lists of snapshots, ours and others' (snapshots 1.4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, TextIO
from zoneinfo import ZoneInfo

from ..base.units import readable_size
from .record_tables import write_rows

if TYPE_CHECKING:
    from ..snapshots.execution.snapshot_listing import ListedSnapshot

HEADS = ("Image", "Snapshot", "Set", "Time", "Namespace")
SIZE = "Size"


@dataclass(frozen=True, slots=True)
class ListRow:
    """A snapshot.

    :param set: "" when it is not ours
    :param time: of its slot, "" when it is not ours
    :param size: in bytes, None when it is not known
    """

    image: str
    snapshot: str
    set: str
    time: str
    namespace: str
    id: int
    pool: str
    size: int | None


def list_row(each: ListedSnapshot, zone: ZoneInfo) -> ListRow:
    """The row of a snapshot.

    :param zone: of its time
    """
    time = "" if each.slot is None else each.slot.astimezone(zone).isoformat(timespec="seconds")
    found = each.snapshot
    return ListRow(each.image, found.name, each.set_name, time, found.namespace.value, found.id, each.pool, each.size)


def write_list(rows: Iterable[ListRow], form: str, stream: TextIO, *, with_sizes: bool = False) -> None:
    """Write rows.

    :param form: ``table``, ``csv`` or ``json``
    :param with_sizes: whether they have sizes
    """
    found = list(rows)
    heads = (*HEADS, SIZE) if with_sizes else HEADS
    cells = [
        (row.image, row.snapshot, row.set, row.time, row.namespace, *([_size(row, form)] if with_sizes else []))
        for row in found
    ]
    write_rows(heads, cells, [_document(row, with_sizes=with_sizes) for row in found], form, stream)


def _size(row: ListRow, form: str) -> str:
    """The size of a row; "" when it is not known."""
    if row.size is None:
        return ""
    return readable_size(row.size) if form == "table" else str(row.size)


def _document(row: ListRow, *, with_sizes: bool) -> dict[str, object]:
    document = asdict(row)
    if not with_sizes:
        del document["size"]
    return document
