"""Reads from the cluster and the records how well servers are protected (snapshots 1.7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Engine

from ...base.errors import UsageError
from ..ceph.ceph_errors import ImageNotFound, UnreadableName
from ..ceph.ceph_model import ImageRef
from ..ceph.ceph_port import Ceph
from ..inventory.cluster_view import view_cluster
from ..inventory.snapshot_files import LoadedSchedule
from ..planning.copy_retention import listed_copies
from ..planning.snapshot_status import Lateness, SnapshotSurvey, survey
from ..snapshot_model import Copy
from ..snapshot_options import SnapshotSettings
from ..state.snapshot_store import SnapshotStore


class NothingRecorded(UsageError):
    """Nothing has run yet."""


def read_survey(
    ceph: Ceph, engine: Engine, settings: SnapshotSettings, schedule: LoadedSchedule, now: datetime
) -> SnapshotSurvey:
    """Read what there is, and judge it.

    :param engine: the database, its tables in place
    :param now: in UTC
    :raises CephError: the cluster cannot be read
    :raises NothingRecorded: of this cluster nothing is recorded
    """
    records = SnapshotStore(engine, ceph.fsid).read()
    if not records.jobs:
        raise NothingRecorded(nothing_recorded())
    view = view_cluster(ceph, settings, schedule, records, now)
    unreadable: list[UnreadableName] = []
    present = present_copies(ceph, records.copies, settings.max_parallel, unreadable.append)
    lateness = Lateness(settings.lateness, settings.spread_time)
    found = survey(view, settings.general_spec, records, present, lateness, now)
    return replace(found, problems=(*found.problems, *sorted(map(str, unreadable))))


def nothing_recorded() -> str:
    """The line for somebody who asks before anything has run."""
    return "nothing has run yet; glancesync snapshots daemon and glancesync snapshots run make the first snapshots"


def present_copies(
    ceph: Ceph, copies: Iterable[Copy], parallel: int, unreadable: Callable[[UnreadableName], None]
) -> list[Copy]:
    """Those of some copies that their images list.

    :param parallel: requests at once
    :param unreadable: takes why the snapshots of an image cannot be listed
    :raises CephError: an image cannot be read
    """
    by_image: defaultdict[ImageRef, list[Copy]] = defaultdict(list)
    for copy in copies:
        by_image[copy.image].append(copy)

    def listed(item: tuple[ImageRef, list[Copy]]) -> list[Copy]:
        try:
            return listed_copies(item[1], ceph.snapshots(item[0]))
        except ImageNotFound:
            return []
        except UnreadableName as error:
            unreadable(error)
            return []

    with ThreadPoolExecutor(parallel) as threads:
        return [copy for some in threads.map(listed, by_image.items()) for copy in some]
