"""Which snapshots that exist become copies of a set (snapshots 1.8). Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ..ceph.ceph_model import ImageRef, Namespace, SeenSnapshot
from ..snapshot_model import Copy, Intent
from .copy_retention import newest_first
from .snapshot_jobs import Job

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

OF_CINDER = re.compile(rf"snapshot-{_UUID}|volume-{_UUID}(?:\.clone_snap)?|backup\.{_UUID}\.snap\..*")
"""Names of snapshots that Cinder makes and needs."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A snapshot that the pattern fits.

    :param why_not: why it is not adopted, "" when it is
    """

    job: Job
    snapshot: SeenSnapshot
    why_not: str = ""


def find_candidates(
    jobs: Iterable[Job],
    listings: Mapping[ImageRef, Sequence[SeenSnapshot]],
    recorded: Collection[tuple[ImageRef, int]],
    intents: Iterable[Intent],
    pattern: str,
) -> list[Candidate]:
    """The snapshots that the pattern fits, by volume and age.

    :param jobs: of the set
    :param listings: what their images list
    :param recorded: images and ids of snapshots that are copies already
    :param intents: requests that are open
    :param pattern: of their names, with ``*`` and ``?``
    """
    requested = {(intent.image, intent.name) for intent in intents}
    return [
        Candidate(job, snapshot, _why_not(job, snapshot, recorded, requested))
        for job in sorted(jobs, key=lambda each: each.volume_id)
        for snapshot in listings.get(job.key.image, ())
        if fnmatchcase(snapshot.name, pattern)
    ]


def beyond_counts(jobs: Iterable[Job], copies: Iterable[Copy]) -> set[Copy]:
    """The copies that are more than the count of their jobs.

    :param copies: of these jobs, adopted ones and others
    """
    there = list(copies)
    found: set[Copy] = set()
    for job in jobs:
        found.update(newest_first(copy for copy in there if copy.job == job.key)[job.count :] if job.count else ())
    return found


def _why_not(
    job: Job,
    snapshot: SeenSnapshot,
    recorded: Collection[tuple[ImageRef, int]],
    requested: Collection[tuple[ImageRef, str]],
) -> str:
    if snapshot.namespace is not Namespace.USER:
        return f"it is in the namespace {snapshot.namespace.value}"
    if (job.key.image, snapshot.id) in recorded:
        return "it is a copy already"
    if (job.key.image, snapshot.name) in requested:
        return "a request for a snapshot of this name is open: the next run finds whether this is its copy"
    if OF_CINDER.fullmatch(snapshot.name):
        return "Cinder made it, and needs it"
    return ""
