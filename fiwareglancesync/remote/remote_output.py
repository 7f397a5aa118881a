"""Regions, images and tasks of a server as CSV, as a table, as JSON; the latter as the server writes it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from typing import TextIO

from ..base.units import MIB
from ..terminal.record_tables import print_records
from ..terminal.text_tables import LEFT_OUT, dump, print_table
from .server_answers import Image, Images, LeftOut, Region, Task

REGION_HEADS = ("Region", "Checked", "OK", "Pending", "Errors", "Task", "Remarks")
IMAGE_HEADS = ("Status", "Region", "Image", "Remarks")
TASK_HEADS = ("Task", "Status", "Dry run", "Created", "Finished", "Images", "MB", "Remarks")


def write_regions(regions: Sequence[Region], form: str, stream: TextIO) -> None:
    """Write regions.

    :param regions: what was last seen of them
    :param form: ``csv``, ``table`` or ``json``
    :param stream: where to
    """
    if form == "json":
        dump([region.model_dump(by_alias=True) for region in regions], stream)
    else:
        _write(REGION_HEADS, [_region(region) for region in regions], form, stream)


def write_images(found: Mapping[str, Images], form: str, stream: TextIO) -> None:
    """Write statuses; CSV and JSON are like those of ``--show-status`` (sync 1.4).

    :param found: the images by region
    :param form: ``csv``, ``table`` or ``json``
    :param stream: where to
    """
    pairs = [(region, image) for region, listed in found.items() for image in listed.images]
    left_out = [(region, left) for region, listed in found.items() for left in listed.left_out]
    if form == "json":
        images = [_as_json(region, image) for region, image in pairs]
        dump({"images": images, "left_out": [_left_out_as_json(region, left) for region, left in left_out]}, stream)
    elif form == "csv":
        csv.writer(stream).writerows((image.status, region, image.name) for region, image in pairs)
    else:
        rows = [(image.status, region, image.name, image.message or "") for region, image in pairs]
        rows += [(LEFT_OUT, region, left.name, left.reason) for region, left in left_out]
        print_table(IMAGE_HEADS, rows, stream)


def write_tasks(tasks: Sequence[Task], form: str, stream: TextIO) -> None:
    """Write tasks.

    :param tasks: in their order
    :param form: ``csv``, ``table`` or ``json``
    :param stream: where to
    """
    if form == "json":
        dump([task.model_dump(by_alias=True) for task in tasks], stream)
    else:
        _write(TASK_HEADS, [_task(task) for task in tasks], form, stream)


def _write(heads: Sequence[str], rows: Sequence[Sequence[str]], form: str, stream: TextIO) -> None:
    if form == "csv":
        csv.writer(stream).writerows(rows)
    else:
        print_records(heads, rows, stream)


def _as_json(region: str, image: Image) -> dict[str, object]:
    return {
        "status": image.status, "region": region, "image": image.name, "id": image.id, "message": image.message,
    }  # fmt: skip


def _left_out_as_json(region: str, left: LeftOut) -> dict[str, object]:
    return {"region": region, "image": left.name, "reason": left.reason, "deliberate": left.deliberate}


def _region(region: Region) -> tuple[str, ...]:
    task = region.task.task_id if region.task else ""
    return region.id, _short(region.checked), *_sums(region.counts), task, region.error or ""


def _sums(counts: Mapping[str, int] | None) -> tuple[str, str, str]:
    """How many images are in step, pending and in error; empty for a region without known counts."""
    if counts is None:
        return "", "", ""

    def those(prefix: str) -> str:
        return str(sum(count for status, count in counts.items() if status.startswith(prefix)))

    return those("ok"), those("pending"), those("error")


def _task(task: Task) -> tuple[str, ...]:
    return (
        task.task_id,
        task.status,
        "yes" if task.dry_run else "",
        _short(task.created),
        _short(task.finished),
        f"{task.images_done}/{task.images_total}",
        f"{task.bytes_done // MIB}/{task.bytes_total // MIB}",
        task.reason or "",
    )


def _short(moment: str | None) -> str:
    """A time without fractions of a second."""
    if moment is None:
        return ""
    whole, dot, rest = moment.partition(".")
    return whole + rest.lstrip("0123456789") if dot else moment
