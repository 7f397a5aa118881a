"""Puts a daemon together (snapshots 1.5)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from ...notify.mail_settings import MailSettings
from ..ceph.ceph_port import Ceph
from ..inventory.file_watch import watched
from ..inventory.files_in_use import FilesInUse
from ..inventory.inventory_keeper import InventoryKeeper
from ..inventory.inventory_source import InventorySource
from ..inventory.snapshot_files import LoadedSchedule
from ..schedule.general_set import general_meaning
from ..snapshot_events import Listener, SnapshotWarning
from ..snapshot_options import SnapshotSettings
from ..state.snapshot_changes import SnapshotChanges
from ..state.snapshot_store import SnapshotStore
from .daemon_clock import SystemClock
from .daemon_connection import DaemonConnection
from .daemon_inventory import BackgroundInventory
from .daemon_notices import DaemonNotices
from .daemon_work import DaemonWork
from .snapshot_daemon import DaemonParts, Inventory, NoInventory, SnapshotDaemon
from .wake_up import Request, Waker
from .work_phase import WorkThreads

log = logging.getLogger("glancesync")


@contextmanager
def opened_daemon(
    settings: SnapshotSettings,
    engine: Engine,
    connect: Callable[[], Ceph],
    source: InventorySource | None,
    mail: MailSettings,
    expected: str,
    listener: Listener,
    waker: Waker,
) -> Iterator[SnapshotDaemon]:
    """A daemon with its threads.

    :param engine: the database, its tables in place
    :param connect: makes a connection to the cluster
    :param source: lists servers and volumes, None when somebody else writes the list of servers
    :param expected: what stands for the id of the cluster until it is known
    """
    clock = SystemClock()
    parallel, single = settings.max_parallel, 1
    pools = [ThreadPoolExecutor(size) for size in (parallel, parallel, single, single, single)]
    servers, calls, upkeep, listing, mailing = pools
    connection = DaemonConnection(connect, settings.ceph_pool, clock.passed)
    files = FilesInUse(settings.schedule_file, settings.server_list)
    work = DaemonWork(
        connection,
        engine,
        settings,
        WorkThreads(servers, calls, upkeep),
        listener,
        clock.now,
        lambda: waker.wake(Request.WORK),
    )
    notices = DaemonNotices(engine, mail, lambda: work.cluster, expected, clock, _no_members, mailing)
    inventory: Inventory = NoInventory()
    if source is None:
        log.info("there is no account of OpenStack: servers and volumes are those of %s", settings.server_list)
    else:
        keepers = _keepers(source, engine, lambda: work.cluster, settings, listener)
        inventory = BackgroundInventory(
            keepers, settings.inventory_period, listing, lambda: waker.wake(Request.WORK)
        )
    parts = DaemonParts(
        settings,
        files,
        inventory,
        work,
        clock,
        waker,
        listener,
        notices.report,
        lambda schedule: announce(schedule, settings, listener),
        notices.send,
    )
    names = [Path(path).name for path in (settings.schedule_file, settings.server_list)]
    with watched(files.folders, names, lambda: waker.wake(Request.FILES)) as why_not:
        if why_not:
            listener(SnapshotWarning(f"{why_not}: files are compared every 5 minutes"))
        try:
            yield SnapshotDaemon(parts)
        finally:
            for pool in pools:
                pool.shutdown(wait=False, cancel_futures=True)


def announce(schedule: LoadedSchedule, settings: SnapshotSettings, listener: Listener) -> None:
    """Report a schedule that is in force from now on, what is odd in it, and what its general set would be."""
    servers = schedule.servers or ()
    log.info("%s is in force, and names %d of %d servers", schedule.path, len(schedule.by_server), len(servers))
    for text in schedule.warnings:
        listener(SnapshotWarning(text))
    if not settings.general_snapshots:
        meaning = general_meaning(servers, schedule.by_server, settings.general)
        if meaning.servers:
            listener(SnapshotWarning(meaning.notice(settings.general)))


def _keepers(
    source: InventorySource,
    engine: Engine,
    cluster: Callable[[], str],
    settings: SnapshotSettings,
    listener: Listener,
) -> Callable[[], InventoryKeeper | None]:
    def keeper() -> InventoryKeeper | None:
        fsid = cluster()
        if not fsid:
            return None
        store, changes = SnapshotStore(engine, fsid), SnapshotChanges(engine, fsid)
        return InventoryKeeper(source, store, changes, settings.server_list, listener)

    return keeper


def _no_members(project_id: str) -> list[str]:
    """No mail of the daemon is for members of projects."""
    return []
