"""Tables of a vault: runs, images, records, sizes (vault 2)."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple, dataclass, fields
from typing import TYPE_CHECKING, Any, TextIO

from ..base.units import MIB
from ..images.vault.vault_times import time_text
from .record_tables import print_records
from .text_tables import dump, print_table

if TYPE_CHECKING:
    from ..images.vault.forget_runs import ShelfVerdict
    from ..images.vault.run_diff import DiffRow
    from ..images.vault.vault_folder import Shelf
    from ..images.vault.vault_listing import ImageRow, RunRow
    from ..images.vault.vault_model import Record


@dataclass(frozen=True, slots=True)
class SizeRow:
    """What a backup of one region would do.

    :param fetch: number of images whose bytes would be read
    :param record: number of images that would only get a record
    :param bytes: to be read
    """

    region: str
    fetch: int
    record: int
    bytes: int


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """What is done with a run.

    :param reasons: why; a list in JSON
    """

    shelf: str
    run: str
    complete: bool
    kept: bool
    reasons: str | tuple[str, ...]


def write_runs(rows: Iterable[RunRow], form: str, stream: TextIO) -> None:
    """Write finished backups.

    :param form: ``table``, ``csv`` or ``json``
    """
    heads = ("Shelf", "Run", "Complete", "Images", "Failures", "Skipped", "MB", "MB on disk")
    _write(heads, rows, form, stream)


def write_images(rows: Iterable[ImageRow], form: str, stream: TextIO) -> None:
    """Write the images of runs.

    :param form: ``table``, ``csv`` or ``json``
    """
    found = list(rows)
    if form != "table":
        _write((), found, form, stream)
        return
    cells = [(r.shelf, r.id, r.name, str(r.record), _mib(r.apparent), _mib(r.stored), r.content) for r in found]
    print_records(("Shelf", "UUID", "Image", "Record", "MB", "MB on disk", "Content"), cells, stream)


def write_sizes(rows: Iterable[SizeRow], form: str, stream: TextIO) -> None:
    """Write what backups would do.

    :param form: ``table``, ``csv`` or ``json``
    """
    _write(("Region", "Images to fetch", "Images to record", "MB to fetch"), rows, form, stream)


def write_records(found: Sequence[tuple[Shelf, int, Record]], form: str, stream: TextIO) -> None:
    """Write all that is kept of an image.

    :param found: shelf, number and record
    :param form: ``table``, ``csv`` or ``json``
    """
    if form == "json":
        records = [json.loads(record.as_document(number)) for _, number, record in found]
        dump([{"shelf": f[0].name, **record} for f, record in zip(found, records, strict=True)], stream)
        return
    rows = [row for shelf, number, record in found for row in _fields_of(shelf.name, number, record)]
    if form == "csv":
        csv.writer(stream).writerows(rows)
    else:
        print_table(("Shelf", "Field", "Value"), rows, stream)


def write_verdicts(verdicts: Iterable[ShelfVerdict], form: str, stream: TextIO) -> None:
    """Write what is done with runs, and why.

    :param form: ``table``, ``csv`` or ``json``
    """
    rows = [
        VerdictRow(
            each.shelf.name,
            time_text(each.verdict.run.listed),
            each.verdict.run.complete,
            each.verdict.kept,
            each.verdict.reasons if form == "json" else "; ".join(each.verdict.reasons),
        )
        for each in verdicts
    ]
    _write(("Shelf", "Run", "Complete", "Kept", "Reason"), rows, form, stream)


def write_differences(rows: Iterable[DiffRow], form: str, stream: TextIO) -> None:
    """Write what differs between two runs.

    :param form: ``table``, ``csv`` or ``json``
    """
    _write(("Change", "UUID", "Image", "MB", "Differences"), rows, form, stream)


def _fields_of(shelf: str, number: int, record: Record) -> Iterable[tuple[str, str, str]]:
    """The fields of a record, a row each; those of Glance's document under their own names."""
    known = json.loads(record.as_document(number))
    image: dict[str, Any] = known.pop("image")
    del known["format"], known["kind"], known["hashes"]
    for name, value in (*known.items(), *((f"image.{name}", value) for name, value in sorted(image.items()))):
        yield shelf, name, value if isinstance(value, str) else json.dumps(value)


def _write(heads: Sequence[str], rows: Iterable[Any], form: str, stream: TextIO) -> None:
    found = list(rows)
    if form == "json":
        dump([asdict(row) for row in found], stream)
    elif form == "csv":
        csv.writer(stream).writerows(astuple(row) for row in found)
    else:
        cells = [[_cell(field.name, getattr(row, field.name)) for field in fields(row)] for row in found]
        print_records(heads, cells, stream)


def _cell(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return _mib(value) if name in ("apparent", "stored", "bytes", "size") else str(value)
    return str(value)


def _mib(size: int) -> str:
    return f"{size / MIB:.1f}"
