"""What was last seen of the regions: the number of images by status, kept in the server's database (sync 5.2)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Column, Double, Engine, String, Table, Text, insert, select, update
from sqlalchemy.exc import IntegrityError

from ..base.database import ExactText, key_of, metadata

summaries = Table(
    "summaries",
    metadata,
    Column("region_key", String(64), primary_key=True),
    Column("region", ExactText, nullable=False),
    Column("checked", Double, nullable=False),
    Column("counts", Text, nullable=False),
    Column("error", ExactText),
)


@dataclass(frozen=True)
class Summary:
    """What was last seen of a region.

    :param checked: when, in seconds since the epoch
    :param counts: number of images by status
    :param error: why its images could not be listed, None when they could
    """

    region: str
    checked: float
    counts: Mapping[str, int]
    error: str | None = None


class SummaryStore:
    """The last summary of each region.

    :param engine: the database, its tables in place
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save(self, seen: Iterable[Summary]) -> None:
        """Keep summaries in place of older ones of the same regions."""
        for summary in seen:
            values = {
                "region": summary.region, "checked": summary.checked,
                "counts": json.dumps(dict(summary.counts)), "error": summary.error,
            }  # fmt: skip
            key = key_of(summary.region)
            change = update(summaries).where(summaries.c.region_key == key).values(values)
            with self._engine.begin() as connection:
                if connection.execute(change).rowcount:
                    continue
            try:
                with self._engine.begin() as connection:
                    connection.execute(insert(summaries).values(region_key=key, **values))
            except IntegrityError:  # another process was first
                with self._engine.begin() as connection:
                    connection.execute(change)

    def by_region(self) -> dict[str, Summary]:
        """All summaries, by the full name of the region."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(summaries)).all()
        return {row.region: Summary(row.region, row.checked, json.loads(row.counts), row.error) for row in rows}
