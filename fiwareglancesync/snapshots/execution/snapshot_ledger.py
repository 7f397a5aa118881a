"""What a run knows of the records while it changes them: each change in the database and in memory (snapshots 4.7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from threading import Lock

from ..ceph.ceph_model import ImageRef, SeenSnapshot
from ..planning.copy_removal import Fate, RemovalLook, judge_removal
from ..planning.snapshot_jobs import Job
from ..planning.snapshot_plan import JobState
from ..planning.snapshot_records import SnapshotRecords
from ..snapshot_events import CopyClosed, Listener
from ..snapshot_model import Copy, Instance, Intent, JobKey
from ..state.snapshot_changes import SnapshotChanges


class SnapshotLedger:
    """Jobs, copies, open requests and instances; threads may share it.

    :param records: as they were read
    :param changes: where each change is written first
    """

    def __init__(self, records: SnapshotRecords, changes: SnapshotChanges, listener: Listener) -> None:
        self.changes = changes
        self._listener = listener
        self._lock = Lock()
        self._copies: defaultdict[str, dict[tuple[ImageRef, int], Copy]] = defaultdict(dict)
        self._intents = {intent.job: intent for intent in records.intents}
        self._in_flight: set[JobKey] = set()
        self._instances: defaultdict[str, list[Instance]] = defaultdict(list)
        self._lingering = set(records.lingering)
        self._states = {key: stored.state for key, stored in records.jobs.items()}
        for copy in records.copies:
            self._copies[copy.volume_id][copy.image, copy.snapshot_id] = copy
        for instance in records.instances:
            self._instances[instance.server_id].append(instance)

    def copies(self, volume_ids: Collection[str] | None = None) -> list[Copy]:
        """The copies of some volumes, None for those of all."""
        with self._lock:
            wanted = list(self._copies) if volume_ids is None else volume_ids
            return [copy for volume in wanted for copy in self._copies.get(volume, {}).values()]

    def copies_of_job(self, job: JobKey, volume_id: str) -> list[Copy]:
        """The copies of a job."""
        return [copy for copy in self.copies([volume_id]) if copy.job == job]

    def copies_of_image(self, image: ImageRef, volume_id: str) -> list[Copy]:
        """The copies of an image, of all sets."""
        return [copy for copy in self.copies([volume_id]) if copy.image == image]

    def lingering(self) -> list[Copy]:
        """The copies that were removed, and that their images listed in the namespace *trash* afterwards."""
        with self._lock:
            return sorted(self._lingering, key=lambda copy: (copy.image, copy.snapshot_id))

    def instances(self, server_ids: Iterable[str] | None = None) -> list[Instance]:
        """The instances of some servers, None for those of all."""
        with self._lock:
            wanted = list(self._instances) if server_ids is None else server_ids
            return [instance for server in wanted for instance in self._instances.get(server, ())]

    def intents(self) -> list[Intent]:
        """The requests that are open."""
        with self._lock:
            return list(self._intents.values())

    def unsettled(self) -> list[Intent]:
        """The requests that are open, without those that a thread waits for: it finds their outcome itself."""
        with self._lock:
            return [intent for job, intent in self._intents.items() if job not in self._in_flight]

    def states(self) -> dict[JobKey, JobState]:
        """What is recorded of jobs."""
        with self._lock:
            return dict(self._states)

    def keep_jobs(self, states: Mapping[JobKey, JobState], present: Mapping[JobKey, Job]) -> None:
        """Record jobs that are new, or have another count or other times.

        :param states: what is recorded of each from now on
        :param present: the jobs themselves
        """
        self.changes.keep_jobs(states, present)
        with self._lock:
            self._states.update(states)

    def skip(self, job: JobKey, slot: datetime, why: str, now: datetime) -> None:
        """Record that a slot is begun of which nothing is requested."""
        self.changes.skip(job, slot, why, now)
        with self._lock:
            self._begin_slot(job, slot)

    def begin(self, instances: Collection[Instance], intents: Collection[Intent]) -> None:
        """Record requests before the first of them."""
        self.changes.begin(instances, intents)
        with self._lock:
            self._intents.update((intent.job, intent) for intent in intents)
            self._in_flight.update(intent.job for intent in intents)
            for intent in intents:
                self._begin_slot(intent.job, intent.slot)
            for instance in instances:
                self._instances[instance.server_id].append(instance)

    def made(self, intent: Intent, copy: Copy) -> None:
        """Record what a request made."""
        self.changes.made(intent, copy)
        self._end(intent)
        with self._lock:
            self._copies[copy.volume_id][copy.image, copy.snapshot_id] = copy

    def unknown(self, intent: Intent, why: str, now: datetime) -> None:
        """Record that the outcome of a request is not known: the snapshot may appear later."""
        self.changes.unknown(intent, why, now)
        with self._lock:
            if self._is_present(intent):
                self._intents[intent.job] = replace(intent, asked=now)
                self._in_flight.discard(intent.job)

    def failed(self, intent: Intent, why: str, now: datetime) -> None:
        """Record that nothing came of a request."""
        self.changes.failed(intent, why, now)
        self._end(intent)

    def close(self, copy: Copy) -> None:
        """Forget a copy."""
        self.changes.close([copy])
        self._forget(copy)

    def linger(self, copy: Copy) -> None:
        """Record that clones keep a copy that was removed."""
        self.changes.linger(copy)
        self._forget(copy)
        with self._lock:
            self._lingering.add(copy)

    def compare(self, known: Iterable[Copy], listed: Iterable[SeenSnapshot]) -> None:
        """Forget the copies of an image that its listing does not show any more.

        :param known: its copies, as they were recorded before the listing was requested: another thread may have made
            some since then
        :param listed: all of its snapshots
        """
        by_id = {snapshot.id: snapshot for snapshot in listed}
        for copy in known:
            look = RemovalLook(copy.image, by_id.get(copy.snapshot_id), is_protected=True, children=0)
            judgement = judge_removal(copy, look)
            if judgement.fate is Fate.CLOSE:
                self.close(copy)
                self._listener(CopyClosed(copy, judgement.why))
            elif judgement.fate is Fate.LINGER:
                self.linger(copy)
                self._listener(CopyClosed(copy, judgement.why))

    def drop_empty_instances(self) -> None:
        """Forget the instances of which no copy is left."""
        there = {(copy.set_name, copy.slot, copy.volume_id) for copy in self.copies()}
        there |= {(intent.set_name, intent.slot, intent.volume_id) for intent in self.intents()}
        gone = [
            each
            for each in self.instances()
            if not any((each.set_name, each.slot, volume) in there for volume in each.volume_ids)
        ]
        if gone:
            self.changes.drop(gone=gone)
        with self._lock:
            for instance in gone:
                self._instances[instance.server_id].remove(instance)

    def _begin_slot(self, job: JobKey, slot: datetime) -> None:
        state = self._states.get(job)
        if state is not None and (state.last is None or state.last < slot):
            self._states[job] = replace(state, last=slot)

    def _end(self, intent: Intent) -> None:
        """Forget a request, unless its job has a later one."""
        with self._lock:
            if self._is_present(intent):
                del self._intents[intent.job]
                self._in_flight.discard(intent.job)

    def _is_present(self, intent: Intent) -> bool:
        present = self._intents.get(intent.job)
        return present is not None and present.name == intent.name

    def _forget(self, copy: Copy) -> None:
        with self._lock:
            self._copies[copy.volume_id].pop((copy.image, copy.snapshot_id), None)
            self._lingering.discard(copy)
