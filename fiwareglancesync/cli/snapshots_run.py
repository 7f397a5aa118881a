"""``glancesync snapshots run`` (snapshots 1.3)."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from threading import Lock

from ..base.errors import UsageError
from ..base.signals import cancellable
from ..jobs.command_database import open_command_database
from ..snapshots.ceph.ceph_cluster_port import CephCluster
from ..snapshots.execution.interruptible_run import InterruptibleRun
from ..snapshots.execution.snapshot_session import SnapshotSession
from ..snapshots.schedule.server_list import ListedServer
from ..snapshots.snapshot_events import (
    CopyClosed,
    CopyFailed,
    CopyKept,
    CopyMade,
    CopyRemoved,
    CopyUnknown,
    SnapshotEvent,
    SnapshotWarning,
)
from ..terminal.snapshot_outcomes import OutcomeRow, copy_row, planned_rows, write_outcomes
from ..terminal.streams import write_line, write_warnings
from .snapshots_inventory import refresh_servers
from .snapshots_opening import open_configuration, open_schedule


class Recorder:
    """Makes rows of events, and writes warnings at once, each once; threads may share it."""

    def __init__(self) -> None:
        self.rows: list[OutcomeRow] = []
        self.has_failed = False
        self._warnings: set[str] = set()
        self._lock = Lock()

    def __call__(self, event: SnapshotEvent) -> None:
        """Take an event."""
        with self._lock:
            if isinstance(event, SnapshotWarning):
                if event.text not in self._warnings:
                    write_warnings([event.text])
                self._warnings.add(event.text)
                return
            self.has_failed |= isinstance(event, CopyFailed | CopyUnknown)
            self.has_failed |= isinstance(event, CopyKept) and event.is_error
            self.rows.append(_row(event))

    def write(self, servers: Iterable[ListedServer], form: str, none: str) -> None:
        """Write the rows; when there are none and no warning says why, a line on standard error.

        :param servers: all that there are
        :param none: that line
        """
        write_outcomes(self.rows, servers, form, sys.stdout)
        if not self.rows and not self._warnings:
            write_line(sys.stderr, f"INFO:{none}")


def run_snapshots(options: argparse.Namespace) -> int:
    """Make copies now, and remove what is excess.

    :param options: the parsed command line
    :return: the exit code
    :raises CephError: the cluster cannot be reached
    :raises ConfigError: the configuration or the schedule file has mistakes
    :raises UsageError: a server or a set is not known
    """
    for name in ("prune", "orphans"):
        if getattr(options, name) and (options.server or options.set):
            raise UsageError(f"--{name} is for all servers and sets: leave out --server and --set")
    configuration, settings, database = open_configuration(options, os.environ)
    recorder = Recorder()
    engine = open_command_database(database)
    ceph = CephCluster(settings.ceph_conf, settings.ceph_user, settings.ceph_timeout)
    run = InterruptibleRun()
    try:
        refresh_servers(configuration, settings, engine, ceph.fsid, recorder)
        schedule = open_schedule(settings)
        servers, set_name = schedule.servers or (), options.set or ""
        session = SnapshotSession(ceph, engine, settings, schedule, recorder)
        if options.dry_run:
            preview = session.preview(options.server, set_name, prune=options.prune, orphans=options.orphans)
            recorder.rows += planned_rows(preview.jobs, preview.removals)
            recorder.write(servers, options.format, "there is nothing to make or remove")
            return 0
        try:
            with cancellable():
                run.call(
                    lambda: session.run(options.server, set_name, prune=options.prune, orphans=options.orphans),
                    session.stop,
                    session.hangs,
                )
        except BaseException:  # what was done until then, also when a signal ended it
            if recorder.rows:
                with suppress(OSError):  # nobody reads them; what ended the run decides how the process ends
                    write_outcomes(recorder.rows, servers, options.format, sys.stdout)
            raise
        recorder.write(servers, options.format, "nothing was made or removed")
    finally:
        if run.has_ended:
            ceph.close()
            engine.dispose()
    return 1 if recorder.has_failed else 0


def _row(event: CopyMade | CopyUnknown | CopyFailed | CopyRemoved | CopyKept | CopyClosed) -> OutcomeRow:
    if isinstance(event, CopyMade):
        return copy_row("made", event.copy)
    if isinstance(event, CopyUnknown):
        return OutcomeRow("unknown", event.intent.set_name, event.intent.volume_id, event.intent.name, event.why)
    if isinstance(event, CopyFailed):
        return OutcomeRow("failed", event.job.set_name, event.volume_id, "", event.why)
    actions = {CopyRemoved: "removed", CopyKept: "kept", CopyClosed: "closed"}
    return copy_row(actions[type(event)], event.copy, event.why)
