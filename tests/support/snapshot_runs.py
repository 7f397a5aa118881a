"""Runs that make and remove snapshots in a cluster in memory, with strangers' snapshots beside ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Engine

from fiwareglancesync.snapshots.ceph.ceph_model import ImageRef, Namespace, SeenSnapshot
from fiwareglancesync.snapshots.ceph.cluster_lock import hold
from fiwareglancesync.snapshots.execution.run_limits import RunLimits
from fiwareglancesync.snapshots.execution.snapshot_ledger import SnapshotLedger
from fiwareglancesync.snapshots.execution.snapshot_run import SnapshotRun
from fiwareglancesync.snapshots.planning.snapshot_jobs import Jobs, make_jobs
from fiwareglancesync.snapshots.planning.snapshot_records import SnapshotRecords
from fiwareglancesync.snapshots.schedule.schedule_file import read_schedule
from fiwareglancesync.snapshots.schedule.server_list import ListedServer
from fiwareglancesync.snapshots.schedule.server_match import match_servers
from fiwareglancesync.snapshots.schedule.snapshot_spec import Times
from fiwareglancesync.snapshots.snapshot_events import SnapshotEvent
from fiwareglancesync.snapshots.state.snapshot_changes import SnapshotChanges
from fiwareglancesync.snapshots.state.snapshot_store import SnapshotStore

from .snapshot_records import NOW
from .stand_ins.ceph_stand_in import CephStandIn, StoredCluster, StoredImage

E = TypeVar("E")

POOL = "volumes"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WEB = ListedServer("11111111-0000-4000-8000-000000000000", "acme", "web", ("v1", "v2"))
DB = ListedServer("22222222-0000-4000-8000-000000000000", "acme", "db", ("v3",))

FOREIGN = (
    ("snapshot-of-cinder", Namespace.USER),
    ("daily_20260101T000000Z", Namespace.USER),
    (".group.0_1_2", Namespace.GROUP),
    (".mirror.primary.1", Namespace.MIRROR),
)
"""What strangers have on each image; one has a name as ours."""


@dataclass
class RunBench:
    """A cluster with three volumes of two servers, and a schedule.

    :param now: the present moment, which the runs have
    """

    engine: Engine
    schedule: str = "web: 2@2\ndb: 2@2\n"
    servers: list[ListedServer] = field(default_factory=lambda: [WEB, DB])
    limits: RunLimits = field(default_factory=lambda: RunLimits(max_parallel=1))
    now: datetime = NOW
    cluster: StoredCluster = field(default_factory=StoredCluster)
    events: list[SnapshotEvent] = field(default_factory=list)
    foreign: dict[ImageRef, list[SeenSnapshot]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for server in self.servers:
            for volume_id in server.volume_ids:
                ref = image_of(volume_id)
                self.cluster.images[ref] = StoredImage(f"volume-{volume_id}")
                for name, namespace in FOREIGN:
                    self.cluster.add(ref, name, namespace)
                self.foreign[ref] = list(self.cluster.images[ref].snapshots.values())

    @property
    def jobs(self) -> Jobs:
        """What the schedule asks for."""
        schedule = read_schedule(self.schedule.encode())
        assert schedule.mistakes == []
        entries = match_servers(schedule.entries, self.servers).entries
        images = {volume: image_of(volume) for server in self.servers for volume in server.volume_ids}
        return make_jobs(self.servers, entries, None, images, Times())

    def records(self) -> SnapshotRecords:
        """What is recorded."""
        return SnapshotStore(self.engine, self.cluster.fsid).read()

    @contextmanager
    def opened(self) -> Iterator[SnapshotRun]:
        """A run with the lock of the cluster."""
        ceph = CephStandIn(self.cluster)
        with hold(ceph, POOL) as lock:
            records = self.records()
            ledger = SnapshotLedger(records, SnapshotChanges(self.engine, self.cluster.fsid), self.events.append)
            yield SnapshotRun(
                ceph, lock, ledger, records, self.servers, self.jobs.by_key, self.limits, self.events.append,
                lambda: self.now,
            )  # fmt: skip

    def run(self, after: timedelta = DAY, *, prune: bool = False) -> int:
        """Go on, make copies of everything, and remove what is excess; how many copies wait."""
        self.now += after
        with self.opened() as run:
            if not prune:
                run.take([job for job in self.jobs.by_key.values() if job.count])
            return run.remove_excess(prune=prune)

    def ours(self, volume_id: str) -> Sequence[str]:
        """The names of the snapshots of a volume that are not strangers', the oldest first."""
        there = self.cluster.images[image_of(volume_id)].snapshots
        return [there[id].name for id in sorted(there) if there[id] not in self.foreign[image_of(volume_id)]]

    def check_foreign(self) -> None:
        """Check that what strangers have is as it was."""
        for ref, before in self.foreign.items():
            there = self.cluster.images[ref].snapshots
            assert [there.get(each.id) for each in before] == before

    def check_recorded(self) -> None:
        """Check that exactly our snapshots are recorded, and each once."""
        recorded = sorted((copy.volume_id, copy.name) for copy in self.records().copies)
        ids = [volume for server in self.servers for volume in server.volume_ids]
        assert recorded == sorted((volume, name) for volume in ids for name in self.ours(volume))

    def happened(self, kind: type[E]) -> list[E]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


def image_of(volume_id: str) -> ImageRef:
    """The image of a volume."""
    return ImageRef(POOL, f"image-{volume_id}")
