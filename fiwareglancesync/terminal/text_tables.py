"""Tables, JSON, and the names of regions."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, TextIO

from ..base.text import printable
from ..images.heat.image_status import ImageStatus
from ..images.model import SyncStatus

if TYPE_CHECKING:
    from rich.console import Console

    from ..images.region_names import KnownRegion

COLOURS: dict[str, str] = {
    SyncStatus.OK: "green",
    SyncStatus.OK_STALLED_CHECKSUM: "green dim",
    SyncStatus.ERROR_CHECKSUM: "bold red",
    SyncStatus.ERROR_AMI: "bold red",
    ImageStatus.ALL_GOOD: "green",
    ImageStatus.ELSEWHERE: "green dim",
    ImageStatus.ALERT: "bold red",
}

LEFT_OUT = "left_out"
"""The word in the column of statuses for an image that cannot be synchronised (sync 3.1)."""

NUMBERS = frozenset(
    {"MB", "MB on disk", "MB to fetch", "OK", "Pending", "Errors", "Failures", "Skipped", "Record"}
    | {"Images", "Images to fetch", "Images to record", "Line"}
)
"""Columns of numbers."""

UNBROKEN = frozenset({"Task"})
"""Columns of identifiers, which people copy: they are never wrapped."""


def colour_of(status: str) -> str:
    """The colour of a status, or of another word in its column."""
    return COLOURS.get(status, "yellow")


def write_regions(regions: Sequence[KnownRegion], form: str | None, stream: TextIO) -> None:
    """Write the names of regions: as words and in CSV those that a run does, else all, with what they are.

    :param regions: the regions, in their order
    :param form: ``csv``, ``table``, ``json``, or None for plain words on one line
    :param stream: where to
    """
    done = [region.ref.full for region in regions if region.is_done]
    if form == "json":
        dump([_region_as_json(region) for region in regions], stream)
    elif form == "table":
        print_table(("Region", "Target", "Remarks"), map(_region_cells, regions), stream)
    elif form == "csv":
        csv.writer(stream).writerows((name,) for name in done)
    elif done:
        stream.write(" ".join(map(printable, done)) + "\n")


def _region_as_json(region: KnownRegion) -> dict[str, object]:
    return {
        "region": region.ref.full,
        "target": region.ref.target,
        "name": region.ref.region,
        "master": region.is_master,
        "ignored": region.is_ignored,
    }


def _region_cells(region: KnownRegion) -> tuple[str, ...]:
    remarks = {"master": region.is_master, "ignored": region.is_ignored}
    return region.ref.full, region.ref.target, ", ".join(word for word, holds in remarks.items() if holds)


def dump(value: object, stream: TextIO) -> None:
    """Write a value as JSON for people and programs.

    :param value: anything that JSON can hold
    :param stream: where to
    """
    json.dump(value, stream, indent=2)
    stream.write("\n")


def print_table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], stream: TextIO, unbroken: Collection[str] = UNBROKEN
) -> None:
    """Write a table.

    :param heads: names of the columns; statuses have their colours where the first is "Status"
    :param rows: cells; their texts are escaped
    :param stream: where to
    :param unbroken: names of the columns whose cells are never wrapped
    """
    cells = [tuple(map(printable, row)) for row in rows]
    if not stream.isatty():
        stream.write("\n".join(["", *_lines(heads, cells), "", ""]))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, highlight=False)
    if heads[0] != "Status":
        head, rule, *lines = _lines(heads, cells)
        if _width(rule) < console.width:
            console.print(Text(f"\n{head}", "bold"))
            stream.write("\n".join([rule, *lines, "", ""]))  # 10,000 rows take rich 5 s
            return
    _print_wrapped(heads, cells, console, unbroken)


def _lines(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table of any width."""
    widths = [max(map(_width, column)) for column in zip(heads, *rows, strict=True)]
    is_right = [head in NUMBERS for head in heads]
    head, *others = (
        " " + "   ".join(map(_aligned, row, widths, is_right)).rstrip(" ") for row in (heads, *rows)
    )
    yield head
    yield " " + "─" * (sum(widths) + 3 * (len(widths) - 1))
    yield from (line.rstrip(" ") for line in others)


def _aligned(cell: str, width: int, is_right: bool) -> str:
    space = " " * (width - _width(cell))
    return space + cell if is_right else cell + space


def _width(text: str) -> int:
    """The columns that a text takes on a terminal: some characters take two, some none."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _print_wrapped(
    heads: Sequence[str], rows: Iterable[Sequence[str]], console: Console, unbroken: Collection[str]
) -> None:
    """Write a table to a terminal, with colours, and wrapped where it is wider."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in heads:
        justify: Literal["left", "right"] = "right" if head in NUMBERS else "left"
        table.add_column(head, justify=justify, no_wrap=head in unbroken, overflow="fold")
    for first, *others in rows:
        colour = colour_of(first) if heads[0] == "Status" else ""
        table.add_row(Text(first, colour), *map(Text, others))
    console.print(table)
