"""Statuses and regions as CSV, as a table, as JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal, TextIO

from ..base.text import printable
from ..base.units import MIB
from ..images.model import SyncStatus

if TYPE_CHECKING:
    from ..images.region_job import LeftOutRow, RegionResult, StatusRow
    from ..images.region_names import RegionRef

COLOURS: dict[str, str] = {
    SyncStatus.OK: "green",
    SyncStatus.OK_STALLED_CHECKSUM: "green dim",
    SyncStatus.ERROR_CHECKSUM: "bold red",
    SyncStatus.ERROR_AMI: "bold red",
}

LEFT_OUT = "left_out"
"""The word in the column of statuses for an image that cannot be synchronised (sync 3.1)."""

NUMBERS = frozenset({"MB", "OK", "Pending", "Errors", "Images"})
"""Columns of numbers."""

UNBROKEN = frozenset({"Task"})
"""Columns of identifiers, which people copy: they are never wrapped."""

UNLIMITED_WIDTH = 1_000_000
"""Characters of a line of a table that is not written to a terminal."""


class StatusWriter:
    """Writes the statuses of one region after the other.

    :param form: ``csv``, ``table`` or ``json``
    :param stream: where to
    """

    def __init__(self, form: str, stream: TextIO) -> None:
        self._form = form
        self._stream = stream
        self._rows: list[StatusRow] = []
        self._left_out: list[LeftOutRow] = []

    def write(self, result: RegionResult) -> None:
        """Take the statuses of a region and what is left out there; CSV, without the latter, is written at once."""
        if self._form == "csv":
            csv.writer(self._stream).writerows((row.status.value, row.region, row.image) for row in result.rows)
            self._stream.flush()
        else:
            self._rows.extend(result.rows)
            self._left_out.extend(result.left_out)

    def close(self) -> None:
        """Write what had to wait for the last region."""
        if self._form == "json":
            images = [_as_json(row) for row in self._rows]
            dump({"images": images, "left_out": [asdict(row) for row in self._left_out]}, self._stream)
        elif self._form == "table":
            heads = ("Status", "Region", "Image", "MB", "Way", "Remarks")
            rows = [*map(_as_cells, self._rows), *map(_left_out_cells, self._left_out)]
            print_table(heads, rows, self._stream)


def write_regions(refs: Sequence[RegionRef], form: str | None, stream: TextIO) -> None:
    """Write the names of regions.

    :param refs: the regions, in their order
    :param form: ``csv``, ``table``, ``json``, or None for plain words on one line
    :param stream: where to
    """
    if form == "json":
        dump([{"region": ref.full, "target": ref.target, "name": ref.region} for ref in refs], stream)
    elif form == "table":
        print_table(("Region", "Target"), ((ref.full, ref.target) for ref in refs), stream)
    elif form == "csv":
        csv.writer(stream).writerows((ref.full,) for ref in refs)
    else:
        stream.write(" ".join(printable(ref.full) for ref in refs) + "\n")


def _as_json(row: StatusRow) -> dict[str, object]:
    return {
        "status": row.status.value,
        "region": row.region,
        "image": row.image,
        "id": row.uuid,
        "size": row.size,
        "message": row.message,
        "way": row.way,
        "notes": list(row.notes),
        "differences": list(row.differences),
    }


def _as_cells(row: StatusRow) -> tuple[str, ...]:
    remarks = "; ".join([*filter(None, [row.message]), *row.differences, *row.notes])
    return row.status.value, row.region, row.image, str(row.size // MIB), row.way or "", remarks


def _left_out_cells(row: LeftOutRow) -> tuple[str, ...]:
    size = "" if row.size is None else str(row.size // MIB)
    return LEFT_OUT, row.region, row.image, size, "", row.reason


def dump(value: object, stream: TextIO) -> None:
    """Write a value as JSON for people and programs.

    :param value: anything that JSON can hold
    :param stream: where to
    """
    json.dump(value, stream, indent=2)
    stream.write("\n")


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]], stream: TextIO) -> None:
    """Write a table.

    :param heads: names of the columns; statuses have their colours where the first is "Status"
    :param rows: cells; their texts are escaped
    :param stream: where to
    """
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in heads:
        justify: Literal["left", "right"] = "right" if head in NUMBERS else "left"
        table.add_column(head, justify=justify, no_wrap=head in UNBROKEN, overflow="fold")
    for first, *others in rows:
        colour = COLOURS.get(first, "yellow") if heads[0] == "Status" else ""
        table.add_row(Text(printable(first), colour), *(escape(printable(cell)) for cell in others))
    if stream.isatty():
        Console(file=stream, highlight=False).print(table)
        return
    console = Console(file=stream, width=UNLIMITED_WIDTH, highlight=False)
    with console.capture() as captured:
        console.print(table)
    stream.write("\n".join(line.rstrip(" ") for line in captured.get().split("\n")))
