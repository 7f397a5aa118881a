"""Tables of how images stand in templates, a region and a shelf, and the lists for other programs (vault 5.2)."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ..base.errors import NotWritten
from ..base.file_replacement import replace_file
from ..images.heat.image_lists import HEADER, TABLE_FILE, table
from ..images.heat.image_status import WORST_FIRST, ImageStatus, TableRow
from ..images.vault.vault_times import time_text
from .text_tables import dump, print_table

if TYPE_CHECKING:
    from ..images.healing.healing_inventory import HealingInventory

SHOWN_POSITIONS = 2
"""Templates that a row names, at most."""

HEADS = ("Status", "Image", "Templates", "Region", "Shelf", "Remarks")


def write_table(rows: Sequence[TableRow], form: str, stream: TextIO) -> None:
    """Write how images stand.

    :param rows: the worst first
    :param form: ``table``, ``csv`` or ``json``
    """
    if form == "json":
        dump([row_as_json(row) for row in rows], stream)
    elif form == "csv":
        stream.write(table(rows))
    else:
        print_table(HEADS, map(_cells, rows), stream)


def write_status(inventory: HealingInventory, form: str, stream: TextIO) -> None:
    """Write how the images of a region and its shelf stand.

    :param form: ``table``, ``csv`` or ``json``
    """
    rows = [row.row for row in inventory.comparison.rows]
    if form != "json":
        write_table(rows, form, stream)
        return
    unresolved = [
        {"file": e.position.file, "line": e.position.line, "expression": e.expression, "reason": e.reason}
        for e in inventory.comparison.templates.unresolved
    ]
    found = {
        "region": inventory.ref.full,
        "shelf": inventory.shelf.name,
        "run": None if inventory.run is None else time_text(inventory.run.listed),
        "images": [row_as_json(row) for row in rows],
        "unresolved": unresolved,
    }
    dump(found, stream)


def summary(inventory: HealingInventory, *, done: bool) -> str:
    """The last line of healing: how many images stand how.

    :param done: whether all that was to be done succeeded
    """
    where = f"{inventory.ref.full} and shelf {inventory.shelf.name}"
    rows = [row.row for row in inventory.comparison.rows]
    statuses = Counter(row.status for row in rows if row.needed)
    unneeded = sum(not row.needed for row in rows)
    text = f"{statuses[ImageStatus.ALL_GOOD]} images that templates need are there"
    templates = inventory.comparison.templates
    if inventory.comparison.tag_matches_nothing:
        text = f"nothing is compared: no image has the tag {inventory.comparison.tag} in its name"
    elif not all(row.is_well for row in rows):
        others = (f"{statuses[status]} {status}" for status in WORST_FIRST if statuses[status])
        text = ", ".join(others)
    elif done and not templates.unresolved:
        text = f"All is well: {text}"
    if templates.unresolved:
        text += f"; {templates.unresolved_text}"
    more = f"; no template needs {unneeded} other{'' if unneeded == 1 else 's'}" if unneeded else ""
    return f"{where}: {text}{more}{'' if done else '; not everything could be done'}"


def row_as_json(row: TableRow) -> dict[str, object]:
    """One image for programs."""
    return {
        "image": row.name,
        "status": row.status.value,
        "needed": row.needed,
        "on_region": row.on_region,
        "on_shelf": row.on_shelf,
        "reason": row.reason or None,
        "templates": list(row.positions),
    }


def _cells(row: TableRow) -> tuple[str, ...]:
    places = (row.needed, row.on_region, row.on_shelf)
    remarks = row.reason
    if not remarks and row.status is ImageStatus.ALERT:
        remarks = ", ".join(row.positions[:SHOWN_POSITIONS])
    return (row.status.value, row.name, *("yes" if is_there else "no" for is_there in places), remarks)


def write_lists(folder: Path, files: Mapping[str, bytes]) -> str:
    """Write lists and tables, each whole or not at all; the folder is made if it is missing.

    :param folder: where to
    :param files: the content of each file by its name
    :return: which files are written, for people
    :raises NotWritten: a file cannot be written, or ``table1.csv`` has other content
    """
    _prepare(folder, files)
    for name, content in files.items():
        try:
            replace_file(folder / name, content)
        except OSError as error:
            raise NotWritten.because(error, folder / name) from error
    return f"Written into {folder}: {', '.join(files)}"


def _prepare(folder: Path, files: Iterable[str]) -> None:
    """Make the folder, and refuse what stands in the way before any file is written.

    :raises NotWritten: see :func:`write_lists`
    """
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError as error:
        raise NotWritten(f"{folder} is no folder, so no lists are written into it") from error
    except OSError as error:
        raise NotWritten.because(error, folder) from error
    for path in (folder / name for name in files):
        if path.is_dir():
            raise NotWritten(f"{path} cannot be written: {os.strerror(errno.EISDIR)}")
    path = folder / TABLE_FILE
    try:
        with path.open("rb") as former:
            first = former.readline().rstrip(b"\r\n")
    except FileNotFoundError:
        return
    except OSError as error:
        raise NotWritten.because(error, path) from error
    if first not in (b"", ",".join(HEADER).encode()):
        raise NotWritten(f"{path} is no table of images, and is not replaced; no list is written: name another folder")
