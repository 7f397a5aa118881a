"""Makes the copies of one server for one slot, and removes what is beyond the count then (snapshots 4.3, 4.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from ..ceph.ceph_errors import Blocklisted, CephError, ImageNotFound, NameTaken
from ..ceph.ceph_model import ClusterHealth, SeenSnapshot
from ..ceph.ceph_port import Ceph
from ..ceph.cluster_lock import ClusterLock, LockTooOld
from ..planning.copy_retention import MOST_AFTER_CREATION, beyond_count, listed_copies, whole_instances
from ..planning.creation_limits import judge_number, judge_room, why_nothing_is_removed
from ..planning.excess_plan import Reason
from ..planning.snapshot_intents import IntentState, highest_id, settle
from ..planning.snapshot_jobs import Job
from ..planning.snapshot_names import snapshot_name
from ..schedule.server_list import ListedServer
from ..snapshot_events import CopyFailed, CopyMade, CopyUnknown, Listener, SnapshotWarning
from ..snapshot_model import Copy, Instance, Intent
from .snapshot_ledger import SnapshotLedger
from .snapshot_removal import SnapshotRemoval

MOST_ATTEMPTS = 3
"""How often a name is chosen, when somebody takes each of them."""


@dataclass(frozen=True, slots=True)
class ServerSlot:
    """What is to be made of one server.

    :param jobs: of one set
    :param slot: its instant
    """

    jobs: Sequence[Job]
    slot: datetime


@dataclass(frozen=True, slots=True)
class TakingLimits:
    """What limits creations.

    :param stop_ratio: how full the cluster and a pool may be, from 0 to 1
    :param health: of the cluster
    :param has_jumped: whether the clock was set forward since the servers were listed
    """

    stop_ratio: float
    health: ClusterHealth
    has_jumped: bool = False


class SnapshotTaking:
    """Makes copies in one cluster; threads may share it, each with servers of its own.

    :param servers: all that there are, by id
    :param calls: carries the requests of all threads out
    :param now: the present moment, in UTC
    """

    def __init__(
        self,
        ceph: Ceph,
        lock: ClusterLock,
        ledger: SnapshotLedger,
        servers: Mapping[str, ListedServer],
        limits: TakingLimits,
        calls: Executor,
        now: Callable[[], datetime],
        listener: Listener,
        removal: SnapshotRemoval,
    ) -> None:
        self._ceph = ceph
        self._lock = lock
        self._ledger = ledger
        self._servers = servers
        self._limits = limits
        self._calls = calls
        self._now = now
        self._listener = listener
        self._settling = Lock()
        self._removal = removal

    def settle(self, intent: Intent) -> None:
        """Find what came of an earlier request.

        :raises Blocklisted: only a new connection helps
        """
        try:
            self._settle(intent, self._ceph.snapshots(intent.image))
        except ImageNotFound:
            self._settle(intent, None)
        except Blocklisted:
            raise
        except CephError as error:
            self._listener(CopyUnknown(intent, str(error)))

    def take(self, wanted: ServerSlot) -> None:
        """Make the copies of a server.

        :raises Blocklisted: only a new connection helps
        :raises LockTooOld: nothing may be begun
        :raises DatabaseUnavailable: nothing can be recorded
        """
        with self._ceph.keep_open([job.key.image for job in wanted.jobs]):
            self._take(wanted)

    def _take(self, wanted: ServerSlot) -> None:
        self._lock.guard()
        left = wanted.jobs
        instances = self._instances(wanted)
        made: list[Job] = []
        for _ in range(MOST_ATTEMPTS):
            prepared = list(self._calls.map(lambda job: self._prepare(job, wanted.slot), left))
            by_job = {intent.job: job for job, intent in zip(left, prepared, strict=True) if intent is not None}
            intents = [intent for intent in prepared if intent is not None]
            if not intents:
                break
            self._lock.guard()  # a slot that is recorded as begun is not tried again
            self._ledger.begin(instances, intents)
            instances = []
            # All are made before the first is looked for: the volumes of a server are to be of nearly one moment.
            errors = list(self._calls.map(self._request, intents))
            outcomes = list(self._calls.map(self._outcome, intents, errors))
            too_old = next((error for error in errors if isinstance(error, LockTooOld)), None)
            if too_old is not None:
                raise too_old
            done = list(zip(intents, outcomes, strict=True))
            made += [by_job[intent.job] for intent, outcome in done if outcome is IntentState.MADE]
            left = [by_job[intent.job] for intent, outcome in done if outcome is None]
            if not left:
                break
        else:
            for job in left:
                self._listener(CopyFailed(job.key, job.volume_id, "somebody takes each name before it is used"))
        list(self._calls.map(self._prune, made))

    def _instances(self, wanted: ServerSlot) -> list[Instance]:
        ids = sorted({server_id for job in wanted.jobs for server_id in job.server_ids})
        found = [self._servers[server_id] for server_id in ids if server_id in self._servers]
        set_name = wanted.jobs[0].key.set_name
        return [Instance(each.id, set_name, wanted.slot, frozenset(each.volume_ids)) for each in found]

    def _prepare(self, job: Job, slot: datetime) -> Intent | None:
        """What is requested for a job; None when that is nothing, which is recorded."""
        image = job.key.image
        known = self._ledger.copies_of_image(image, job.volume_id)
        try:
            listed = self._ceph.snapshots(image)
        except Blocklisted:
            raise
        except CephError as error:
            self._fail(job, str(error))
            return None
        self._ledger.compare(known, listed)
        with self._settling:  # two sets of an image are prepared by two threads
            for intent in self._ledger.unsettled():
                if intent.image == image:
                    self._settle(intent, listed)
        if any(intent.job == job.key for intent in self._ledger.intents()):
            self._fail(job, "what came of an earlier request is not known yet")
            return None
        room = judge_room(self._limits.health, image.pool, self._limits.stop_ratio)
        number = judge_number(listed)
        refusal = room.refusal or number.refusal
        if refusal:
            self._fail(job, refusal, slot)
            return None
        if number.warning:
            self._listener(SnapshotWarning(f"volume {job.volume_id}: {number.warning}"))
        now = self._now()
        name = snapshot_name(job.key.set_name, now, {snapshot.name for snapshot in listed})
        return Intent(image, job.key.set_name, job.volume_id, name, slot, highest_id(listed), now)

    def _request(self, intent: Intent) -> CephError | LockTooOld | None:
        """Request a snapshot; what was wrong is judged when all have been requested."""
        try:
            self._lock.guard()
            self._ceph.create(intent.image, intent.name)
        except (CephError, LockTooOld) as error:
            return error
        return None

    def _outcome(self, intent: Intent, error: CephError | LockTooOld | None) -> IntentState | None:
        """Find what came of a request; None when its name was taken meanwhile.

        :raises Blocklisted: only a new connection helps
        """
        if error is None:
            try:
                state = self._settle(intent, self._ceph.snapshots(intent.image))
                if state is not IntentState.OPEN:
                    return state
                error = CephError("the snapshot was made, and is not listed: somebody removed or renamed it at once")
            except CephError as failure:
                error = failure
        now = self._now()
        if isinstance(error, LockTooOld) or error.is_definite:
            self._ledger.failed(intent, str(error), now)
            if isinstance(error, NameTaken):
                return None
            self._listener(CopyFailed(intent.job, intent.volume_id, str(error)))
            return IntentState.FAILED
        self._ledger.unknown(intent, str(error), now)
        if isinstance(error, Blocklisted):
            raise error
        self._listener(CopyUnknown(intent, str(error)))
        return IntentState.OPEN

    def _settle(self, intent: Intent, listed: Sequence[SeenSnapshot] | None) -> IntentState:
        now = self._now()
        found = settle(intent, listed, now)
        if found.copy is not None:
            self._ledger.made(intent, found.copy)
            self._listener(CopyMade(found.copy))
        elif found.state is IntentState.FAILED:
            why = "the image is gone" if listed is None else "the snapshot did not appear"
            self._ledger.failed(intent, why, now)
            self._listener(CopyFailed(intent.job, intent.volume_id, why))
        elif intent.asked > now:  # it would be open until the clock is where it was
            self._ledger.unknown(intent, "the clock was set back after the request", now)
        return found.state

    def _fail(self, job: Job, why: str, slot: datetime | None = None) -> None:
        """Record that nothing is requested.

        :param slot: when it is not to be tried again for this slot
        """
        now = self._now()
        if slot is None:
            self._ledger.changes.has_problem(job.key, why, now)
        else:
            self._ledger.skip(job.key, slot, why, now)
        self._listener(CopyFailed(job.key, job.volume_id, why))

    def _prune(self, job: Job) -> None:
        """Remove what is beyond the count of a job of which a copy was made."""
        try:
            listed = self._ceph.snapshots(job.key.image)
        except Blocklisted:
            raise
        except CephError as error:
            self._listener(SnapshotWarning(f"volume {job.volume_id}: nothing was removed: {error}"))
            return
        instances = self._ledger.instances(job.server_ids)
        volumes = {volume for instance in instances for volume in instance.volume_ids}
        whole = whole_instances(instances, self._ledger.copies(volumes))
        own = listed_copies(self._ledger.copies_of_job(job.key, job.volume_id), listed)
        candidates: list[Copy] = beyond_count(own, job.count, whole)
        why = why_nothing_is_removed(self._limits.health, has_jumped=self._limits.has_jumped)
        if why and candidates:
            self._listener(SnapshotWarning(f"nothing is removed: {why}"))
        if why:
            return
        self._removal.remove([(copy, Reason.BEYOND_COUNT.value) for copy in candidates], MOST_AFTER_CREATION)
