"""``glancesync snapshots list`` (snapshots 1.4)."""

from __future__ import annotations

import argparse
import sys
from zoneinfo import ZoneInfo

from ..base.text import printable
from ..jobs.command_database import open_existing_database
from ..snapshots.ceph.ceph_cluster_port import CephCluster
from ..snapshots.ceph.ceph_errors import UnreadableName
from ..snapshots.execution.snapshot_listing import list_snapshots
from ..snapshots.planning.snapshot_records import SnapshotRecords
from ..snapshots.state.snapshot_schema import jobs
from ..snapshots.state.snapshot_store import SnapshotStore
from ..terminal.snapshot_lists import list_row, write_list
from ..terminal.streams import write_line
from .snapshots_opening import open_settings_with_database


def print_list(options: argparse.Namespace) -> int:
    """Print all snapshots of the pools.

    :param options: the parsed command line
    :return: the exit code
    :raises CephError: the cluster cannot be read
    :raises ConfigError: the configuration cannot be used
    """
    settings, database = open_settings_with_database(options)
    unreadable: list[UnreadableName] = []
    engine = open_existing_database(database, jobs.name)
    ceph = CephCluster(settings.ceph_conf, settings.ceph_user, settings.ceph_timeout)
    try:
        records = SnapshotRecords() if engine is None else SnapshotStore(engine, ceph.fsid).read()
        found = list_snapshots(ceph, settings.pools.all, records, unreadable.append, with_sizes=options.size)
        zone = ZoneInfo(settings.timezone)
        rows = (list_row(each, zone) for each in found)
        write_list(rows, options.format, sys.stdout, with_sizes=options.size)
    finally:
        ceph.close()
        if engine is not None:
            engine.dispose()
    for error in unreadable:
        write_line(sys.stderr, f"ERROR:{printable(str(error))}")
    return int(bool(unreadable))
