"""Records snapshots that exist as copies of a set (snapshots 1.8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...base.errors import UsageError
from ...base.text import show
from ..ceph.ceph_errors import ImageNotFound, UnreadableName
from ..ceph.ceph_model import ImageRef, SeenSnapshot
from ..ceph.ceph_port import Ceph
from ..planning.snapshot_adoption import Candidate, beyond_counts, find_candidates
from ..planning.snapshot_jobs import Job
from ..snapshot_model import Copy
from .snapshot_run import SnapshotRun
from .snapshot_session import SnapshotSession


@dataclass(frozen=True, slots=True)
class Adoption:
    """A snapshot that the pattern fits.

    :param why_not: why it is not adopted, "" when it is
    :param is_excess: whether it is more than the count
    """

    copy: Copy
    why_not: str = ""
    is_excess: bool = False


def adopt(
    ceph: Ceph, session: SnapshotSession, set_name: str, pattern: str, *, dry_run: bool
) -> Sequence[Adoption]:
    """Record the snapshots of volumes with a set whose names fit a pattern.

    :param dry_run: record nothing
    :returns: all whose names fit
    :raises UsageError: no server has the set, or no snapshot fits
    :raises CephError: the cluster cannot be read, or another process works on it
    """
    with session.opened() as (run, jobs):
        chosen = [job for job in jobs.by_key.values() if job.key.set_name == set_name]
        if not chosen:
            sets = sorted({job.key.set_name for job in jobs.by_key.values()})
            raise UsageError(f"no server has the set {show(set_name)}; there is {', '.join(sets) or 'none'}")
        if not dry_run:
            run.settle()
        found = _find(ceph, run, chosen, pattern, session.warn)
        if not found:
            raise UsageError(f"no snapshot of a volume with the set {show(set_name)} fits {show(pattern)}")
        adopted = [each.copy for each in found if not each.why_not]
        if adopted and not dry_run:
            run.keep_states()
            run.ledger.changes.adopt(adopted)
    return found


def _find(
    ceph: Ceph, run: SnapshotRun, jobs: Sequence[Job], pattern: str, warn: Callable[[str], None]
) -> list[Adoption]:
    listings = {job.key.image: _listed(ceph, job.key.image, warn) for job in jobs}
    known = run.ledger.copies()
    recorded = {(copy.image, copy.snapshot_id) for copy in known}
    candidates = find_candidates(jobs, listings, recorded, run.ledger.intents(), pattern)
    found = [(each, _copy(ceph, each)) for each in candidates]
    adopted = [copy for each, copy in found if not each.why_not]
    excess = beyond_counts(jobs, [*known, *adopted])
    return [Adoption(copy, each.why_not, copy in excess) for each, copy in found]


def _listed(ceph: Ceph, image: ImageRef, warn: Callable[[str], None]) -> Sequence[SeenSnapshot]:
    try:
        return ceph.snapshots(image)
    except ImageNotFound:
        return ()
    except UnreadableName as error:
        warn(f"nothing of it is adopted: {error}")
        return ()


def _copy(ceph: Ceph, each: Candidate) -> Copy:
    """The copy that a snapshot becomes; its slot is the moment at which it was made."""
    key = each.job.key
    moment = ceph.made_at(key.image, each.snapshot.id)
    return Copy(key.image, each.snapshot.id, each.snapshot.name, key.set_name, each.job.volume_id, moment)
