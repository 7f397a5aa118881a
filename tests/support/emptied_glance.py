"""A Glance that has lost its database and its files, as after a disaster."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

TABLES = (
    "image_members",
    "image_tags",
    "image_properties",
    "image_locations",
    "task_info",
    "tasks",
    "images",
)
"""The tables of Glance's database that have images, each before the one that it refers to."""


def empty_glance(cloud: Path, region: str) -> None:
    """Delete all images of a region behind its Glance's back: no UUID is taken any more.

    :param cloud: the development cloud's ``devcloud.json``
    :param region: the region
    """
    described = json.loads(cloud.read_text(encoding="utf-8"))["regions"][region]
    with closing(sqlite3.connect(described["database"], timeout=180)) as connection, connection:
        for table in TABLES:
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - the names are ours
    for path in Path(described["store"]).iterdir():
        if path.is_file():
            path.unlink()
