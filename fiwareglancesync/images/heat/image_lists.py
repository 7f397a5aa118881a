"""The lists and the table that other programs read (vault 5.2). Pure: texts in, texts out."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping

from .image_status import LIST_FILES, WORST_FIRST, ImageStatus, TableRow, classify

NEEDED_FILE, REGION_FILE, SHELF_FILE = "images_in_bps.txt", "images_on_cluster.txt", "images_on_disk.txt"
"""The lists of the images that templates need, that the region has, that the shelf has."""

TABLE_FILE = "table1.csv"

EXIT_ALERT = 4
"""The exit code that says that an image which templates need is nowhere."""

EXIT_PENDING = 3
"""The exit code that says that something has to be done or looked at."""

HEADER = ("imageName", "inBPs", "onDisk", "onCluster", "Status")


def given_lists(rows: Iterable[TableRow]) -> dict[str, bytes]:
    """The lists of the three places. Images that are shown apart are in none.

    :return: the content of each file by its name
    """
    found = [row for row in rows if row.status.is_of_table]
    return {
        NEEDED_FILE: _lines(row.name for row in found if row.needed),
        REGION_FILE: _lines(row.name for row in found if row.on_region),
        SHELF_FILE: _lines(row.name for row in found if row.on_shelf),
    }


def result_files(rows: Collection[TableRow]) -> dict[str, bytes]:
    """A list for each status that the table has, and the table.

    :return: the content of each file by its name
    """
    files = {
        file: _lines(row.name for row in rows if row.status is status) for status, file in LIST_FILES.items()
    }
    return {**files, TABLE_FILE: table(rows).encode("utf-8", "surrogatepass")}


def table(rows: Iterable[TableRow]) -> str:
    """The table as CSV, sorted by name."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEADER)
    cells = ((row.name, row.needed, row.on_shelf, row.on_region, row.status.value) for row in rows)
    writer.writerows(sorted(cells))
    return text.getvalue()


def names_in_list(content: bytes) -> frozenset[str]:
    """The names in a list: a name in a line, whatever ends the lines; blank lines and repetitions do not count.

    :raises UnicodeDecodeError: it is not UTF-8
    """
    lines = content.decode("utf-8-sig", "strict").split("\n")
    return frozenset(name for name in (line.removesuffix("\r") for line in lines) if name.strip())


def classify_lists(lists: Mapping[str, Collection[str]]) -> list[TableRow]:
    """Compare three lists.

    :param lists: the names in each file, by its name
    :return: a row for each name, the worst first
    """
    needed, region, shelf = (frozenset(lists[file]) for file in (NEEDED_FILE, REGION_FILE, SHELF_FILE))
    rows = [_row(name, name in needed, name in region, name in shelf) for name in needed | region | shelf]
    return sorted(rows, key=lambda row: (WORST_FIRST.index(row.status), row.name))


def _row(name: str, needed: bool, on_region: bool, on_shelf: bool) -> TableRow:
    status = classify(needed=needed, on_region=on_region, on_shelf=on_shelf)
    return TableRow(name, needed, on_shelf, on_region, status)


def exit_code_of(rows: Collection[TableRow]) -> int:
    """The exit code that says how images stand: 4 for an ALERT, 3 for what has to be done or looked at, else 0."""
    if any(row.status is ImageStatus.ALERT for row in rows):
        return EXIT_ALERT
    return 0 if all(row.is_well for row in rows) else EXIT_PENDING


def _lines(names: Iterable[str]) -> bytes:
    """Names, one in a line, sorted; a line break in a name would make two of it."""
    lines = sorted({name.replace("\r", "\\r").replace("\n", "\\n") for name in names})
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")
