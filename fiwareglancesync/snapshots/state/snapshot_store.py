"""What the database knows about snapshots (snapshots 4.7).

One process writes, with :class:`~fiwareglancesync.snapshots.state.snapshot_changes.SnapshotChanges`; reading
needs no lock.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Table, select

from ...base.database import database_errors
from ...base.errors import DatabaseUnavailable
from ..inventory.server_inventory import InventoryRecord
from ..planning.snapshot_records import SnapshotRecords
from .inventory_rows import read_inventory
from .snapshot_rows import (
    CopyState,
    read_copy,
    read_image,
    read_instance,
    read_intent,
    read_job,
)
from .snapshot_schema import copies, images, instances, inventories, jobs

INVENTORY = "inventory"
"""The job of the program itself that lists servers and volumes."""


class SnapshotStore:
    """The snapshots of a cluster.

    :param engine: the database, its tables in place
    :param cluster: id of the cluster
    """

    def __init__(self, engine: Engine, cluster: str) -> None:
        self._engine = engine
        self._cluster = cluster

    def read(self) -> SnapshotRecords:
        """Read everything, in one transaction.

        :raises DatabaseUnavailable: the database cannot be used
        """
        with self._reading() as connection:
            return self._read(connection)

    def inventory(self) -> InventoryRecord | None:
        """The last inventory that was used, None before the first.

        :raises DatabaseUnavailable: the database cannot be used
        """
        with self._reading() as connection:
            return self._inventory(connection)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with database_errors(), self._engine.connect() as connection:
                yield connection
        except (ValueError, TypeError, KeyError, zlib.error) as error:
            remedy = "restore the database from a backup"
            text = f"the records of snapshots in the database cannot be read: {error}; {remedy}"
            raise DatabaseUnavailable(text) from error

    def _read(self, connection: Connection) -> SnapshotRecords:
        of_state: dict[CopyState, list[Any]] = {state: [] for state in CopyState}
        for row in self._rows(connection, copies):
            of_state[CopyState(row.state)].append(row)
        found = map(read_job, self._rows(connection, jobs))
        return SnapshotRecords(
            jobs={each.key: each for each in found},
            copies=list(map(read_copy, of_state[CopyState.THERE])),
            lingering=list(map(read_copy, of_state[CopyState.LINGERING])),
            intents=list(map(read_intent, of_state[CopyState.OPEN])),
            instances=list(map(read_instance, self._rows(connection, instances))),
            images={row.volume_id: read_image(row) for row in self._rows(connection, images)},
            inventory=self._inventory(connection),
        )

    def _inventory(self, connection: Connection) -> InventoryRecord | None:
        return next(map(read_inventory, self._rows(connection, inventories)), None)

    def _rows(self, connection: Connection, table: Table) -> Sequence[Any]:
        return connection.execute(select(table).filter_by(cluster=self._cluster)).all()


def recorded_clusters(engine: Engine) -> list[str]:
    """The ids of the clusters of which copies are recorded.

    :param engine: the database, its tables in place
    :raises DatabaseUnavailable: the database cannot be used
    """
    with database_errors(), engine.connect() as connection:
        return sorted(connection.execute(select(copies.c.cluster).distinct()).scalars())
