"""Volumes whose images are snapshotted over years by the pure functions, while much goes wrong."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone

from fiwareglancesync.snapshots.ceph.ceph_model import ImageRef, ImageState, Namespace, SeenSnapshot
from fiwareglancesync.snapshots.inventory.server_inventory import InventoryRecord, VolumeLocation
from fiwareglancesync.snapshots.planning.copy_removal import Fate, Judgement, RemovalLook, judge_removal
from fiwareglancesync.snapshots.planning.copy_retention import (
    MOST_AFTER_CREATION,
    beyond_count,
    listed_copies,
    whole_instances,
)
from fiwareglancesync.snapshots.planning.excess_plan import RemovalLimits, plan_excess
from fiwareglancesync.snapshots.planning.snapshot_intents import IntentState, highest_id, settle
from fiwareglancesync.snapshots.planning.snapshot_jobs import Jobs, make_jobs
from fiwareglancesync.snapshots.planning.snapshot_names import snapshot_name
from fiwareglancesync.snapshots.planning.snapshot_plan import DueJob, JobState, plan_snapshots
from fiwareglancesync.snapshots.planning.uncovered_copies import Seen, UncoveredCopies, find_uncovered
from fiwareglancesync.snapshots.schedule.schedule_file import read_schedule
from fiwareglancesync.snapshots.schedule.server_list import ListedServer
from fiwareglancesync.snapshots.schedule.server_match import match_servers
from fiwareglancesync.snapshots.schedule.snapshot_spec import Times
from fiwareglancesync.snapshots.schedule.spec_reader import read_spec
from fiwareglancesync.snapshots.snapshot_model import Copy, Instance, Intent, JobKey

GRACE = timedelta(hours=6)
GENERAL = read_spec("3@mon-fri@6,15").spec


@dataclass
class Image:
    """An image with what Ceph keeps of its snapshots."""

    ref: ImageRef
    state: ImageState = ImageState.LIVE
    snapshots: dict[int, SeenSnapshot] = field(default_factory=dict)
    protected: set[int] = field(default_factory=set)
    cloned: set[int] = field(default_factory=set)
    delayed: list[tuple[datetime, SeenSnapshot]] = field(default_factory=list)


@dataclass
class Removed:
    """A snapshot at the moment when the program removed it."""

    image: Image
    snapshot: SeenSnapshot
    was_protected: bool
    was_cloned: bool
    is_departed: bool


@dataclass
class World:
    """The cluster, the cloud, and what is recorded."""

    chance: random.Random
    schedule: str
    servers: list[ListedServer]
    trouble: float
    now: datetime = datetime(2026, 1, 1, tzinfo=timezone.utc)
    limits: RemovalLimits = field(default_factory=RemovalLimits)
    images: dict[str, Image] = field(default_factory=dict)
    volume_ids: set[str] = field(default_factory=set)
    next_id: int = 1
    copies: dict[tuple[ImageRef, int], Copy] = field(default_factory=dict)
    intents: list[Intent] = field(default_factory=list)
    instances: dict[tuple[str, str, datetime], Instance] = field(default_factory=dict)
    states: dict[JobKey, JobState] = field(default_factory=dict)
    seen: dict[JobKey, Seen] = field(default_factory=dict)
    uncovered: UncoveredCopies = field(default_factory=UncoveredCopies)
    ours: dict[int, str] = field(default_factory=dict)
    removed: list[Removed] = field(default_factory=list)
    most_at_once: int = 0
    most_after_creation: int = 0
    _jobs: tuple[object, Jobs] | None = None

    def __post_init__(self) -> None:
        for server in self.servers:
            for volume_id in server.volume_ids:
                self.volume_ids.add(volume_id)
                self.images[volume_id] = Image(ImageRef("volumes", f"image-{volume_id}"))

    def jobs(self) -> Jobs:
        """What is to be done by the present schedule."""
        present = self.schedule, tuple(self.servers), len(self.volume_ids)
        if self._jobs is None or self._jobs[0] != present:
            self._jobs = present, self._make_jobs()
        return self._jobs[1]

    def _make_jobs(self) -> Jobs:
        schedule = read_schedule(self.schedule.encode())
        assert schedule.mistakes == []
        entries = match_servers(schedule.entries, self.servers).entries
        images = {volume_id: self.images[volume_id].ref for volume_id in self.volume_ids}
        return make_jobs(self.servers, entries, GENERAL, images, Times())

    def tick(self, after: timedelta) -> None:
        """Go on, and do what is due."""
        self.now += after
        self._let_delayed_ones_appear()
        self._settle()
        jobs = self.jobs()
        running = {intent.job for intent in self.intents}
        plan = plan_snapshots(jobs.by_key.values(), self.states, running, self.now, GRACE)
        self.states.update(plan.states)
        for due in plan.due:
            self._make(due)

    def keep_house(self) -> None:
        """List everything, and remove what is excess."""
        jobs = self.jobs().by_key
        for key in [key for key, copy in self.copies.items() if not listed_copies([copy], self._listed(copy))]:
            del self.copies[key]
        states = {image.ref: image.state for image in self.images.values()}
        there = {(copy.set_name, copy.slot) for copy in self.copies.values()}
        self.instances = {key: each for key, each in self.instances.items() if key[1:] in there}
        inventory = InventoryRecord(self.now, True, dict.fromkeys(self.volume_ids, VolumeLocation()))
        found = find_uncovered(self.copies.values(), jobs, states, inventory, self.seen, self.now)
        self.uncovered = found
        self.seen = {key: Seen(each.kind, each.since) for key, each in found.sets.items()}
        plan = plan_excess(jobs, self.copies.values(), self.instances.values(), found, self.limits, self.now)
        before = len(self.removed)
        self._remove([each.copy for each in plan.removals], self.limits.most)
        self.most_at_once = max(self.most_at_once, len(self.removed) - before)

    def add(self, image: Image, name: str, namespace: Namespace = Namespace.USER) -> SeenSnapshot:
        """Somebody makes a snapshot."""
        snapshot = SeenSnapshot(self.next_id, name, namespace)
        self.next_id += 1
        image.snapshots[snapshot.id] = snapshot
        return snapshot

    def fails(self) -> bool:
        """Whether something goes wrong now."""
        return self.chance.random() < self.trouble

    def _listed(self, copy: Copy) -> list[SeenSnapshot]:
        return list(self.images[copy.volume_id].snapshots.values())

    def _make(self, due: DueJob) -> None:
        job, slot = due.job, due.due.slot.instant
        image = self.images[job.volume_id]
        self.states[job.key] = replace(self.states[job.key], last=slot)
        for server in self.servers:
            if server.id in job.server_ids:
                key = server.id, job.key.set_name, slot
                self.instances.setdefault(key, Instance(*key, frozenset(server.volume_ids)))
        if self.fails():
            return
        listed = list(image.snapshots.values())
        name = snapshot_name(job.key.set_name, self.now, {each.name for each in listed})
        intent = Intent(image.ref, job.key.set_name, job.volume_id, name, slot, highest_id(listed), self.now)
        if self.fails():  # no answer: it is made a little later, much later, or never
            self.intents.append(intent)
            delay = self.chance.choice([timedelta(minutes=1), timedelta(minutes=50), timedelta(hours=3), None])
            if delay is not None:
                image.delayed.append((self.now + delay, SeenSnapshot(self.next_id, name)))
                self.next_id += 1
            return
        snapshot = self.add(image, name)
        self.ours[snapshot.id] = name
        copy = Copy(image.ref, snapshot.id, name, job.key.set_name, job.volume_id, slot)
        self.copies[image.ref, snapshot.id] = copy
        self._prune(due)

    def _prune(self, due: DueJob) -> None:
        job = due.job
        listed = list(self.images[job.volume_id].snapshots.values())
        own = [copy for copy in self.copies.values() if copy.job == job.key]
        siblings = [each for each in self.instances.values() if each.server_id in job.server_ids]
        whole = whole_instances(siblings, self.copies.values())
        before = len(self.removed)
        self._remove(beyond_count(listed_copies(own, listed), job.count, whole), MOST_AFTER_CREATION)
        self.most_after_creation = max(self.most_after_creation, len(self.removed) - before)

    def _remove(self, candidates: list[Copy], most: int) -> None:
        removed = 0
        for copy in candidates:
            if removed == most:
                return
            judgement = self._judge(copy)
            removed += judgement.fate is Fate.REMOVE
            image = self.images[copy.volume_id]
            if judgement.fate is Fate.CLOSE:
                del self.copies[copy.image, copy.snapshot_id]
            elif judgement.fate is Fate.REMOVE and not self.fails():
                snapshot = image.snapshots.pop(copy.snapshot_id)
                is_departed = image.state in (ImageState.DELETED, ImageState.TRASHED)
                id = snapshot.id
                self.removed.append(Removed(image, snapshot, id in image.protected, id in image.cloned, is_departed))
                del self.copies[copy.image, copy.snapshot_id]

    def _judge(self, copy: Copy) -> Judgement:
        image = self.images[copy.volume_id]
        found = image.snapshots.get(copy.snapshot_id)
        is_protected = copy.snapshot_id in image.protected
        children = None if self.fails() else int(copy.snapshot_id in image.cloned)
        return judge_removal(copy, RemovalLook(image.ref, found, is_protected, children))

    def _let_delayed_ones_appear(self) -> None:
        for image in self.images.values():
            for moment, snapshot in list(image.delayed):
                if moment <= self.now:
                    image.delayed.remove((moment, snapshot))
                    image.snapshots[snapshot.id] = snapshot

    def _settle(self) -> None:
        for intent in list(self.intents):
            found = settle(intent, list(self.images[intent.volume_id].snapshots.values()), self.now)
            if found.copy is not None:
                self.copies[found.copy.image, found.copy.snapshot_id] = found.copy
                self.ours[found.copy.snapshot_id] = found.copy.name
            if found.state is not IntentState.OPEN:
                self.intents.remove(intent)
