"""Turns the values of volume backups into rows of the database and back; every time is aware, in UTC (volumes 4)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, Table, Text, insert, literal, select, type_coerce
from sqlalchemy.exc import IntegrityError

from ...base.database import ExactText, database_errors
from ...base.database_clock import NOW
from ..volume_model import BackupRecord, BackupType, RecordState
from .volume_tables import backups

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

FIELDS = tuple("recorded" if field.name == "reported" else field.name for field in fields(BackupRecord))
TIMES = ("due", "begun", "finished", "expires", "removal_asked", "missing_since", "removed")
REPEATED = ("project_id", "server_id", "volume_id", "project_name", "server_name", "volume_name", "reason")
"""Texts that many records have in common."""

NEW_REGION = {"account_id": "", "reported_until": NOW}
"""The columns of a region that no cycle has seen yet."""


@dataclass(frozen=True, slots=True)
class ProjectState:
    """What is remembered of a project between two cycles (volumes 3 and 4).

    :param last_whole: when the last listing began in which everything of the project was seen
    :param last_cycle: when the last cycle of the project ended
    :param allowed_deletions: how many removals an operator has allowed in one cycle, beyond the usual limit
    :param summary: what the last cycle found for the digest, as JSON of the caller's own; "" before the first cycle
    """

    project_id: str
    project_name: str
    last_whole: datetime | None = None
    last_cycle: datetime | None = None
    allowed_deletions: int = 0
    summary: str = ""


def seconds(moment: datetime | None) -> float | None:
    """A moment as the database has it."""
    return None if moment is None else (moment - EPOCH) / timedelta(seconds=1)


def moment_of(stored: float | None) -> datetime | None:
    """A moment of the database."""
    return None if stored is None else moment(stored)


def moment(stored: float) -> datetime:
    """A moment of the database that is there."""
    return datetime.fromtimestamp(stored, timezone.utc)


def values_of(record: BackupRecord) -> dict[str, Any]:
    """The columns of a record, but for those that say where it is, whether it is open, and when it was reported."""
    values: dict[str, Any] = {name: getattr(record, name) for name in FIELDS if name != "recorded"}
    values |= {name: seconds(values[name]) for name in TIMES}
    return values | {"type": record.type.value, "state": record.state.value}


def record_columns() -> list[ColumnElement[Any]]:
    """What to select for ``RecordReader``: the columns in the order of a record's fields, texts as they are stored."""
    columns = [backups.c[name] for name in FIELDS]
    return [type_coerce(column, Text) if isinstance(column.type, ExactText) else column for column in columns]


class RecordReader:
    """Makes records of rows; fast, and without a copy of a text for each record: there may be 200,000 (volumes 8)."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        self._times = [FIELDS.index(name) for name in TIMES]
        exact = {name for name in FIELDS if isinstance(backups.c[name].type, ExactText)}
        self._shared = [(FIELDS.index(name), name in exact) for name in REPEATED]
        self._alone = [FIELDS.index(name) for name in exact.difference(REPEATED)]
        self._type, self._state, self._recorded = map(FIELDS.index, ("type", "state", "recorded"))

    def read(self, row: Row[Any]) -> BackupRecord:
        """Make a record of a row of ``record_columns``."""
        values = list(row)
        for place in self._times:
            if values[place] is not None:
                values[place] = moment(values[place])
        for place, is_exact in self._shared:
            text = values[place]
            values[place] = self._text(text) if is_exact else self._ids.setdefault(text, text)
        for place in self._alone:
            values[place] = json.loads(values[place])
        values[self._type] = BackupType(values[self._type])
        values[self._state] = RecordState(values[self._state])
        values[self._recorded] = values[self._recorded] is not None
        return BackupRecord(*values)

    def _text(self, stored: str) -> str:
        found = self._texts.get(stored)
        if found is None:
            found = self._texts[stored] = json.loads(stored)
        return found


def make_row(engine: Engine, table: Table, key: Mapping[str, str], values: Mapping[str, Any]) -> None:
    """Make a row unless it is there.

    :param key: the columns of its primary key
    :param values: all others that must not be empty
    :raises DatabaseUnavailable: the database cannot be used
    """
    with database_errors():
        with engine.connect() as connection:
            if connection.execute(select(literal(1)).select_from(table).filter_by(**key)).first() is not None:
                return
        with suppress(IntegrityError), engine.begin() as connection:  # another process may be first
            connection.execute(insert(table).values(**key, **values))
