"""Writes the statuses of regions as CSV, as a table, as a matrix, as JSON (sync 1.4)."""

from __future__ import annotations

import csv
from dataclasses import asdict
from typing import TYPE_CHECKING, TextIO

from ..base.units import MIB
from .text_tables import LEFT_OUT, dump, print_table

if TYPE_CHECKING:
    from ..images.region_job import LeftOutRow, RegionResult, StatusRow
    from .status_matrix import StatusMatrix


class StatusWriter:
    """Writes the statuses of one region after the other.

    :param form: ``csv``, ``table``, ``matrix`` or ``json``
    :param stream: where to
    :param only_pending: whether to leave out images in which nothing is pending and no decision is awaited
    """

    def __init__(self, form: str, stream: TextIO, *, only_pending: bool = False) -> None:
        self._form = form
        self._stream = stream
        self._only_pending = only_pending
        self._rows: list[StatusRow] = []
        self._left_out: list[LeftOutRow] = []
        self._matrix: StatusMatrix | None = None
        if form == "matrix":
            from .status_matrix import StatusMatrix

            self._matrix = StatusMatrix(stream, only_pending=only_pending)

    def write(self, result: RegionResult) -> None:
        """Take the statuses of a region and what is left out there; CSV, without the latter, is written at once."""
        if self._matrix is not None:
            self._matrix.add(result)
            return
        rows = [row for row in result.rows if not self._only_pending or row.status.pending or row.status.error]
        if self._form == "csv":
            csv.writer(self._stream).writerows((row.status.value, row.region, row.image) for row in rows)
            self._stream.flush()
        else:
            self._rows += rows
            self._left_out += [left for left in result.left_out if not (self._only_pending and left.deliberate)]

    def close(self) -> None:
        """Write what had to wait for the last region."""
        if self._matrix is not None:
            self._matrix.write()
        elif self._form == "json":
            images = [_as_json(row) for row in self._rows]
            dump({"images": images, "left_out": [asdict(row) for row in self._left_out]}, self._stream)
        elif self._form == "table":
            heads = ("Status", "Region", "Image", "MB", "Way", "Remarks")
            rows = [*map(_as_cells, self._rows), *map(_left_out_cells, self._left_out)]
            if rows or not self._only_pending:  # an empty table would make cron send a mail
                print_table(heads, rows, self._stream)


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


