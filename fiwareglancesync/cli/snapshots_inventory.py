"""Has the servers listed before a verb works by their list (snapshots 3)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import Engine

from ..config.reader import Configuration
from ..snapshots.inventory.inventory_account import open_inventory
from ..snapshots.inventory.inventory_keeper import InventoryKeeper
from ..snapshots.snapshot_events import Listener, SnapshotWarning
from ..snapshots.snapshot_options import SnapshotSettings
from ..snapshots.state.snapshot_changes import SnapshotChanges
from ..snapshots.state.snapshot_store import SnapshotStore


def refresh_servers(
    configuration: Configuration,
    settings: SnapshotSettings,
    engine: Engine,
    cluster: str,
    listener: Listener,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """List servers and volumes if that is due; without an account the list is as somebody wrote it.

    :param configuration: that has been read without problems
    :param engine: the database, its tables in place
    :param cluster: id of the cluster
    :param listener: takes warnings
    :param environ: the environment
    :raises ConfigError: the account cannot be used
    """
    source = open_inventory(configuration, settings, environ, is_needed=False)
    if source is None:
        return
    store, changes = SnapshotStore(engine, cluster), SnapshotChanges(engine, cluster)
    keeper = InventoryKeeper(source, store, changes, settings.server_list, listener)
    outcome = keeper.refresh_if_due(timedelta(seconds=settings.inventory_period))
    if outcome.problem:
        listener(SnapshotWarning(f"servers and volumes are as they were listed before: {outcome.problem}"))
