"""``glancesync snapshots status`` and ``check`` (snapshots 1.7)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

from ..base.severity import Severity
from ..jobs.command_database import open_existing_database
from ..snapshots.ceph.ceph_cluster_port import CephCluster
from ..snapshots.execution.survey_reading import NothingRecorded, nothing_recorded, read_survey
from ..snapshots.inventory.files_in_use import schedule_in_force
from ..snapshots.planning.service_state import TITLES, State
from ..snapshots.planning.snapshot_status import Protection, SnapshotSurvey, counts_of
from ..snapshots.snapshot_options import SnapshotSettings
from ..snapshots.state.snapshot_schema import jobs
from ..terminal.snapshot_statuses import status_row, write_statuses
from ..terminal.streams import write_line, write_warnings
from ..terminal.textfile_metrics import Gauge, Sample, write_metrics
from .check_line import CheckResult, print_check
from .snapshots_opening import open_settings_with_database

SETS, AGE, UNPROTECTED, UNCOVERED, PROBLEMS, READ = (
    f"glancesync_snapshots{end}"
    for end in (
        "", "_oldest_whole_copy_seconds", "_unprotected_servers", "_uncovered", "_service_problems", "_checked_at",
    )
)  # fmt: skip

GAUGES = {
    SETS: Gauge("Sets of servers, by how well they are protected.", ("cluster", "state")),
    AGE: Gauge("Age of the oldest of the newest whole copies of all sets.", ("cluster",)),
    UNPROTECTED: Gauge("Servers with volumes for which no spec counts.", ("cluster",)),
    UNCOVERED: Gauge("Images with copies that no job covers, by the reason.", ("cluster", "kind")),
    PROBLEMS: Gauge("What the daemon cannot do, such as listing the servers.", ("cluster",)),
    READ: Gauge("When this was read, in seconds since the epoch.", ("cluster",)),
}

OF_SETS = (Protection.OK, Protection.LATE, Protection.NEVER, Protection.FAILING)
OF_COPIES = (Protection.ORPHAN, Protection.DEPARTED)


def print_status(options: argparse.Namespace) -> int:
    """Print how well each server is protected.

    :param options: the parsed command line
    :return: the exit code
    """
    settings, database = open_settings_with_database(options)
    try:
        _, found = _survey(settings, database)
    except NothingRecorded as error:
        write_line(sys.stderr, f"INFO:{error}")
        return int(options.exit_code)
    zone = ZoneInfo(settings.timezone)
    write_statuses((status_row(each, zone) for each in found.rows), options.format, sys.stdout)
    write_warnings(found.problems)
    return int(options.exit_code and found.severity is not Severity.OK)


def check(options: argparse.Namespace) -> int:
    """Print in one line how well the servers are protected.

    :param options: the parsed command line
    :return: the exit code of a plugin of Nagios
    """
    return print_check("SNAPSHOTS", lambda: _check(options))


def _check(options: argparse.Namespace) -> CheckResult:
    settings, database = open_settings_with_database(options)
    cluster, found = _survey(settings, database)
    if options.metrics_file:
        write_metrics(options.metrics_file, GAUGES, _samples(cluster, found), "--metrics-file")
    counts = [f"{number} {name}" for name, number in counts_of(found).items() if number]
    text = "; ".join((*found.problems, ", ".join(counts) or "no server has volumes"))
    data = [f"{name}={number}" for name, number in counts_of(found).items()]
    oldest = found.oldest()
    data += [] if oldest is None else [f"oldest={oldest:.0f}s"]
    return CheckResult(found.severity, text, data)


def _survey(settings: SnapshotSettings, database: str) -> tuple[str, SnapshotSurvey]:
    """The id of the cluster, and how well servers are protected."""
    engine = open_existing_database(database, jobs.name)
    if engine is None:
        raise NothingRecorded(nothing_recorded())
    schedule, problem = schedule_in_force(settings.schedule_file, settings.server_list)
    write_warnings(schedule.warnings)
    ceph = CephCluster(settings.ceph_conf, settings.ceph_user, settings.ceph_timeout)
    try:
        found = read_survey(ceph, engine, settings, schedule, datetime.now(timezone.utc))
        if problem and not any(each.startswith(TITLES[State.SCHEDULE]) for each in found.problems):
            found = replace(found, problems=(*found.problems, problem))  # the daemon has not reported it yet
        return ceph.fsid, found
    finally:
        ceph.close()
        engine.dispose()


def _samples(cluster: str, found: SnapshotSurvey) -> Iterator[Sample]:
    for state in OF_SETS:
        yield Sample(SETS, (cluster, state.value), found.counts[state])
    oldest = found.oldest()
    if oldest is not None:
        yield Sample(AGE, (cluster,), oldest)
    yield Sample(UNPROTECTED, (cluster,), found.counts[Protection.UNPROTECTED])
    for kind in OF_COPIES:
        yield Sample(UNCOVERED, (cluster, kind.value), found.counts[kind])
    yield Sample(PROBLEMS, (cluster,), len(found.problems))
    yield Sample(READ, (cluster,), found.moment.timestamp())
