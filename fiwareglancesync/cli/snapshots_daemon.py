"""``glancesync snapshots daemon`` (snapshots 1.5)."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from threading import Lock

from sqlalchemy import Engine

from ..base.environment_file import read_environment_file
from ..base.errors import Cancelled
from ..base.signals import cancellable
from ..config.mail_options import read_mail_settings
from ..config.reader import Configuration
from ..jobs.command_database import open_command_database
from ..snapshots.ceph.ceph_cluster_port import CephCluster
from ..snapshots.ceph.ceph_port import Ceph
from ..snapshots.ceph.stated_cluster import stated_cluster
from ..snapshots.daemon.daemon_start import opened_daemon
from ..snapshots.daemon.snapshot_daemon import END_SECONDS
from ..snapshots.daemon.wake_up import SocketWaker
from ..snapshots.execution.interruptible_run import InterruptibleRun
from ..snapshots.execution.snapshot_session import SnapshotSession
from ..snapshots.inventory.inventory_account import open_inventory
from ..snapshots.planning.snapshot_records import Schedule
from ..snapshots.snapshot_events import CopyFailed, CopyUnknown, SnapshotEvent, SnapshotWarning
from ..snapshots.snapshot_options import SnapshotSettings
from ..terminal.daemon_log import close_daemon_log, open_daemon_log
from ..terminal.snapshot_narrative import snapshot_line
from ..terminal.streams import write_warnings
from .snapshots_inventory import refresh_servers
from .snapshots_opening import open_configuration, open_schedule

ACCOUNT_PREFIX = "OS_"
"""How the variables of an account begin."""

SAME_WARNING_SECONDS = 86400.0
"""Within which a warning is not written again."""

FORGET_SECONDS = 3600.0
"""Between two times at which warnings that are older are forgotten."""

LEFT = "what was requested of Ceph is settled at the next start"


class DaemonLog:
    """Writes events as lines of the log; threads may share it."""

    def __init__(self, path: str) -> None:
        self.has_failed = False
        self._logger = open_daemon_log(path)
        self._lock = Lock()
        self._written: dict[str, float] = {}
        self._forget_at = 0.0

    def __call__(self, event: SnapshotEvent) -> None:
        """Take an event; a warning that goes on is written once a day."""
        with self._lock:
            self.has_failed |= isinstance(event, CopyFailed | CopyUnknown)
            if isinstance(event, SnapshotWarning) and not self._is_new(event.text):
                return
            level, text = snapshot_line(event)
            self._logger.log(level, "%s", text)

    def _is_new(self, text: str) -> bool:
        now = time.monotonic()
        if now >= self._forget_at:  # seldom, as there may be thousands
            self._forget_at = now + FORGET_SECONDS
            self._written = {each: at for each, at in self._written.items() if now - at < SAME_WARNING_SECONDS}
        before = self._written.get(text)
        if before is not None and now - before < SAME_WARNING_SECONDS:
            return False
        self._written[text] = now
        return True


def run_daemon(options: argparse.Namespace) -> int:
    """Make snapshots at the times of the schedule until a signal ends it; or all at once, and end.

    :param options: the parsed command line
    :return: the exit code
    :raises ConfigError: the configuration, or a file, cannot be used
    :raises GlanceSyncError: another daemon has the cluster, or the cluster excludes this one
    """
    environ = _environment(options.os_conf)
    configuration, settings, database = open_configuration(options, environ)
    if options.enable_general_snapshots:
        settings = replace(settings, general_snapshots=True)
    mail = read_mail_settings(configuration, environ)
    source = open_inventory(configuration, settings, environ, is_needed=options.os_conf is not None)
    engine = open_command_database(database)
    forced = _forced(options)
    log = DaemonLog(settings.log_file)

    def connect() -> Ceph:
        return CephCluster(settings.ceph_conf, settings.ceph_user, settings.ceph_timeout)

    try:
        if forced:
            return _force(forced, configuration, settings, engine, connect(), environ, log)
        expected = stated_cluster(settings.ceph_conf, settings.ceph_user)
        waker = SocketWaker()
        with (
            waker.signals(END_SECONDS + 1, _give_up),
            opened_daemon(settings, engine, connect, source, mail, expected, log, waker) as daemon,
        ):
            has_ended = daemon.run()
        if not has_ended:
            _end(waker.signal)
        engine.dispose()
        return 0
    finally:
        close_daemon_log()


def _forced(options: argparse.Namespace) -> Sequence[Schedule]:
    """The schedules whose snapshots are made at once."""
    forced = {
        Schedule.SCHEDULED: options.force_scheduled_snapshots,
        Schedule.GENERAL: options.force_general_snapshots,
    }
    return [schedule for schedule, is_forced in forced.items() if is_forced]


def _force(
    forced: Sequence[Schedule],
    configuration: Configuration,
    settings: SnapshotSettings,
    engine: Engine,
    ceph: Ceph,
    environ: Mapping[str, str],
    log: DaemonLog,
) -> int:
    """Make all snapshots of some schedules now, and wait for them; the exit code."""
    settings = replace(settings, general_snapshots=settings.general_snapshots or Schedule.GENERAL in forced)
    run = InterruptibleRun()
    try:
        refresh_servers(configuration, settings, engine, ceph.fsid, log, environ)
        session = SnapshotSession(ceph, engine, settings, open_schedule(settings), log)
        with cancellable():
            run.call(lambda: session.force(forced), session.stop, session.hangs)
    finally:
        if run.has_ended:
            ceph.close()
    return 1 if log.has_failed else 0


def _end(number: signal.Signals | None) -> None:
    """End although threads wait for answers of the cluster."""
    stopped = Cancelled(number or signal.SIGTERM)
    stopped.left = LEFT
    raise stopped


def _give_up(number: signal.Signals) -> None:
    """End although the main thread waits for an answer of the cluster; the locks end by themselves."""
    logging.getLogger("glancesync").error("interrupted: %s", LEFT)
    os._exit(128 + number)


def _environment(path: str | None) -> Mapping[str, str]:
    """The environment, with the account of a file in place of its own."""
    if path is None:
        return os.environ
    found = read_environment_file(path, ACCOUNT_PREFIX)
    write_warnings(found.warnings)
    others = {name: value for name, value in os.environ.items() if not name.startswith(ACCOUNT_PREFIX)}
    return {**others, **found.values}
