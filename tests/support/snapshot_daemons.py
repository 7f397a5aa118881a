"""A daemon on a cluster in memory, with a clock that goes on when the daemon waits."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from fiwareglancesync.snapshots.daemon.daemon_connection import DaemonConnection
from fiwareglancesync.snapshots.daemon.daemon_work import DaemonWork
from fiwareglancesync.snapshots.daemon.snapshot_daemon import DaemonParts, Inventory, NoInventory, SnapshotDaemon
from fiwareglancesync.snapshots.daemon.wake_up import Request
from fiwareglancesync.snapshots.daemon.work_phase import WorkThreads
from fiwareglancesync.snapshots.inventory.files_in_use import FilesInUse
from fiwareglancesync.snapshots.planning.service_state import State
from fiwareglancesync.snapshots.planning.snapshot_records import SnapshotRecords
from fiwareglancesync.snapshots.schedule.server_list import ListedServer, write_servers
from fiwareglancesync.snapshots.snapshot_events import SnapshotEvent, SnapshotWarning
from fiwareglancesync.snapshots.snapshot_options import SnapshotSettings
from fiwareglancesync.snapshots.state.snapshot_store import SnapshotStore

from .snapshot_records import NOW
from .snapshot_runs import DB, POOL, WEB, image_of
from .stand_ins.ceph_stand_in import CephStandIn, StoredCluster, StoredImage


class InlineExecutor(Executor):
    """Does work at once, or later when a test says so."""

    def __init__(self) -> None:
        self.is_delayed = False
        self.delayed: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, work: Any, /, *arguments: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.delayed.append((future, lambda: work(*arguments, **options)))
        if not self.is_delayed:
            self.finish()
        return future

    def finish(self) -> None:
        """Do what was delayed."""
        while self.delayed:
            future, work = self.delayed.pop(0)
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except Exception as error:  # noqa: BLE001 - the daemon judges it
                future.set_exception(error)


@dataclass
class TestClock:
    """A clock that stands until somebody waits, and what happens at some moments.

    :param offset: by how much the clock was set
    """

    __test__ = False

    start: datetime = NOW
    seconds: float = 0.0
    offset: timedelta = timedelta()
    waits: int = 0
    actions: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    requests: set[Request] = field(default_factory=set)

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds) + self.offset

    def passed(self) -> float:
        return self.seconds

    def at(self, after: timedelta, action: Callable[[], None]) -> None:
        """Have something happen, so much later than the present moment."""
        self.actions.append((self.seconds + after.total_seconds(), action))
        self.actions.sort(key=lambda each: each[0])

    def wake(self, request: Request) -> None:
        self.requests.add(request)

    def wait(self, seconds: float) -> set[Request]:
        self.waits += 1
        if not self.requests:
            end = self.seconds + max(seconds, 0.001)
            if self.actions and self.actions[0][0] <= end:
                self.seconds, action = self.actions.pop(0)
                action()
            else:
                self.seconds = end
        found, self.requests = self.requests, set()
        return found


@dataclass
class DaemonBench:
    """A cluster with three volumes of two servers, and a daemon."""

    engine: Engine
    folder: Path
    settings: SnapshotSettings = field(default_factory=SnapshotSettings)
    schedule: str = "web: 2@2\ndb: 2@2\n"
    servers: list[ListedServer] = field(default_factory=lambda: [WEB, DB])
    clock: TestClock = field(default_factory=TestClock)
    cluster: StoredCluster = field(default_factory=lambda: StoredCluster(str(uuid.uuid4())))
    events: list[SnapshotEvent] = field(default_factory=list)
    problems: list[dict[State, str]] = field(default_factory=list)
    executor: InlineExecutor = field(default_factory=InlineExecutor)
    upkeep: InlineExecutor = field(default_factory=InlineExecutor)
    clients: list[CephStandIn] = field(default_factory=list)

    def __post_init__(self) -> None:
        for server in self.servers:
            for volume_id in server.volume_ids:
                self.cluster.images[image_of(volume_id)] = StoredImage(f"volume-{volume_id}")
        self.write()

    @property
    def files(self) -> tuple[Path, Path]:
        """The schedule file and the list of servers."""
        return self.folder / "sched.yml", self.folder / "servers.txt"

    def write(self) -> None:
        """Write both files."""
        self.files[0].write_text(self.schedule)
        self.files[1].write_text(write_servers(self.servers))

    def connect(self) -> CephStandIn:
        """A new connection."""
        self.clients.append(CephStandIn(self.cluster))
        return self.clients[-1]

    def daemon(self, inventory: Inventory | None = None) -> SnapshotDaemon:
        """A daemon that has just been started.

        :param inventory: what lists servers, None when nobody does
        """
        clock = self.clock
        work = DaemonWork(
            DaemonConnection(lambda: self.connect(), POOL, clock.passed),
            self.engine,
            self.settings,
            WorkThreads(self.executor, InlineExecutor(), self.upkeep),
            self.events.append,
            clock.now,
            lambda: clock.wake(Request.WORK),
        )
        files = FilesInUse(*map(str, self.files))
        report = lambda problems: self.problems.append(dict(problems))  # noqa: E731
        listed = inventory or NoInventory()
        return SnapshotDaemon(
            DaemonParts(self.settings, files, listed, work, clock, clock, self.events.append, report)
        )

    def run(self, time: timedelta) -> bool:
        """Run a daemon for some time, from its start to its end."""
        self.clock.at(time, lambda: self.clock.wake(Request.STOP))
        return self.daemon().run()

    def ours(self, volume_id: str) -> list[str]:
        """The names of the snapshots of a volume, the oldest first."""
        there = self.cluster.images[image_of(volume_id)].snapshots
        return [there[id].name for id in sorted(there)]

    def records(self) -> SnapshotRecords:
        """What is recorded."""
        return SnapshotStore(self.engine, self.cluster.fsid).read()

    @property
    def warnings(self) -> list[str]:
        """What the daemon has warned of."""
        return [event.text for event in self.events if isinstance(event, SnapshotWarning)]

    @contextmanager
    def counted(self) -> Iterator[list[str]]:
        """The names of the requests to the cluster while it is open."""
        calls: list[str] = []
        self.cluster.calls = calls
        yield calls
        self.cluster.calls = None
