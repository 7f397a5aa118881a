"""Rows as CSV, JSON and tables whose cells are never broken: on a narrow terminal each row is a paragraph."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import TextIO

from ..base.text import printable
from .text_tables import dump, print_table

MIN_LAST_COLUMN = 24
"""Columns of the terminal that the last cell of a row needs; it holds remarks, which may be wrapped."""

GAP = 3
"""Columns of the terminal between two cells."""


def write_rows(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    documents: Sequence[object],
    form: str,
    stream: TextIO,
    keys: Sequence[str] = (),
) -> None:
    """Write rows in the format that the user has chosen; CSV and JSON have texts as they are.

    :param heads: names of the columns of the table
    :param rows: cells
    :param documents: for JSON, one for each row
    :param form: ``table``, ``csv`` or ``json``
    :param keys: names of the columns of CSV; default: those of the table in lower case
    """
    if form == "json":
        dump(documents, stream)
    elif form == "csv":
        writer = csv.writer(stream)
        writer.writerow(keys or [head.lower().replace(" ", "_") for head in heads])
        writer.writerows(rows)
    else:
        print_records(heads, rows, stream)


def print_records(heads: Sequence[str], rows: Sequence[Sequence[str]], stream: TextIO) -> None:
    """Write rows as a table or, on a terminal that is too narrow, each as lines with a name and a value.

    :param heads: names of the columns
    :param rows: cells; their texts are escaped
    :param stream: where to
    """
    if not stream.isatty() or table_width(heads, rows) <= _terminal_width(stream):
        print_table(heads, rows, stream, unbroken=heads[:-1])
        return
    indent = max(map(len, heads)) + 1
    for number, row in enumerate(rows):
        if number:
            stream.write("\n")
        for head, cell in zip(heads, row, strict=True):
            if cell:
                stream.write(f"{head + ':':<{indent}} {printable(cell)}\n")


def table_width(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """How many columns of the terminal a table needs at least.

    :param heads: names of the columns
    :param rows: cells
    """
    from rich.cells import cell_len

    widths = [max(cell_len(printable(cell)) for cell in column) for column in zip(heads, *rows, strict=True)]
    widths[-1] = min(widths[-1], MIN_LAST_COLUMN)
    return sum(widths) + GAP * len(widths)


def _terminal_width(stream: TextIO) -> int:
    from rich.console import Console

    return Console(file=stream).width
