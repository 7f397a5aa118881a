"""Tables, JSON, and the names of regions."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal, TextIO

from ..base.text import printable
from ..images.model import SyncStatus

if TYPE_CHECKING:
    from ..images.region_names import KnownRegion

COLOURS: dict[str, str] = {
    SyncStatus.OK: "green",
    SyncStatus.OK_STALLED_CHECKSUM: "green dim",
    SyncStatus.ERROR_CHECKSUM: "bold red",
    SyncStatus.ERROR_AMI: "bold red",
}

LEFT_OUT = "left_out"
"""The word in the column of statuses for an image that cannot be synchronised (sync 3.1)."""

NUMBERS = frozenset(
    {"MB", "MB on disk", "MB to fetch", "OK", "Pending", "Errors", "Failures", "Skipped", "Record"}
    | {"Images", "Images to fetch", "Images to record"}
)
"""Columns of numbers."""

UNBROKEN = frozenset({"Task"})
"""Columns of identifiers, which people copy: they are never wrapped."""

UNLIMITED_WIDTH = 1_000_000
"""Characters of a line of a table that is not written to a terminal."""


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
        colour = colour_of(first) if heads[0] == "Status" else ""
        table.add_row(Text(printable(first), colour), *(escape(printable(cell)) for cell in others))
    if stream.isatty():
        Console(file=stream, highlight=False).print(table)
        return
    console = Console(file=stream, width=UNLIMITED_WIDTH, highlight=False)
    with console.capture() as captured:
        console.print(table)
    stream.write("\n".join(line.rstrip(" ") for line in captured.get().split("\n")))
