"""``glancesync snapshots adopt`` (snapshots 1.8)."""

from __future__ import annotations

import argparse
import sys

from ..base.signals import cancellable
from ..jobs.command_database import open_command_database
from ..snapshots.ceph.ceph_cluster_port import CephCluster
from ..snapshots.execution.adoption_run import Adoption, adopt
from ..snapshots.execution.snapshot_session import SnapshotSession
from ..terminal.snapshot_outcomes import OutcomeRow, copy_row, write_outcomes
from .snapshots_opening import open_schedule, open_settings_with_database
from .snapshots_run import Recorder


def adopt_snapshots(options: argparse.Namespace) -> int:
    """Record snapshots that exist as copies of a set.

    :param options: the parsed command line
    :return: the exit code
    :raises UsageError: no server has the set, or no snapshot fits
    """
    settings, database = open_settings_with_database(options)
    schedule = open_schedule(settings)
    engine = open_command_database(database)
    ceph = CephCluster(settings.ceph_conf, settings.ceph_user, settings.ceph_timeout)
    try:
        session = SnapshotSession(ceph, engine, settings, schedule, Recorder())
        with cancellable():
            found = adopt(ceph, session, options.set, options.pattern, dry_run=options.dry_run)
    finally:
        ceph.close()
        engine.dispose()
    write_outcomes((_row(each, options.dry_run) for each in found), schedule.servers or (), options.format, sys.stdout)
    return 0


def _row(each: Adoption, dry_run: bool) -> OutcomeRow:
    if each.why_not:
        return copy_row("left", each.copy, each.why_not)
    remark = "excess: it is beyond the count of its set" if each.is_excess else ""
    return copy_row("adopt" if dry_run else "adopted", each.copy, remark)
