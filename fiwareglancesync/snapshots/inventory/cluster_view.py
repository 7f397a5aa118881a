"""What there is in a cluster, compared with the servers, the schedule and the records (snapshots 3.1, 4.1, 4.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..ceph.ceph_errors import CephError
from ..ceph.ceph_port import Ceph, SeenImage
from ..planning.snapshot_jobs import Jobs, make_jobs, specs_of
from ..planning.snapshot_records import SnapshotRecords
from ..planning.uncovered_copies import UncoveredCopies, find_uncovered
from ..planning.volume_images import VolumeImages, find_images, image_states, with_disks
from ..schedule.schedule_file import ServerEntry
from ..schedule.schedule_nodes import Position
from ..schedule.server_list import ListedServer
from ..snapshot_options import SnapshotSettings
from .server_inventory import InventoryRecord
from .snapshot_files import LoadedSchedule

NOWHERE = Position(0, 0)
"""Of an entry that is in no file."""


@dataclass(frozen=True, slots=True)
class ClusterView:
    """What a run works by.

    :param servers: all that there are, with their own disks
    :param entries: the entry that counts for a server, by its id; not of those with the general spec
    :param uncovered: the copies that no job covers
    :param judged: the moment of which it is known that no job covers them: that of the last inventory
    :param warnings: what is odd, a line each
    """

    servers: Sequence[ListedServer]
    entries: Mapping[str, ServerEntry]
    images: VolumeImages
    jobs: Jobs
    uncovered: UncoveredCopies
    judged: datetime
    warnings: Sequence[str]


def view_cluster(
    ceph: Ceph, settings: SnapshotSettings, schedule: LoadedSchedule, records: SnapshotRecords, now: datetime
) -> ClusterView:
    """Find the images of the volumes of the schedule, the jobs, and the copies without a job.

    :param schedule: with its servers
    :param now: in UTC
    :raises CephError: a pool of the configuration cannot be read
    """
    pools = settings.pools
    seen, listed, unlisted = _list(ceph, pools.all, {copy.image.pool for copy in records.copies})
    servers = with_disks(schedule.servers or (), seen, pools)
    inventory = records.inventory
    locations = inventory.volumes if inventory else {}
    entries = _entries(schedule, inventory if settings.honour_metadata else None)
    scheduled = (server for server in servers if specs_of(entries.get(server.id), settings.general_spec))
    volume_ids = [volume for server in scheduled for volume in server.volume_ids]
    images = find_images(volume_ids, seen, records.images, locations, pools, now)
    jobs = make_jobs(servers, entries, settings.general_spec, images.by_volume, settings.times)
    states = image_states(
        {copy.image for copy in records.copies if copy.image.pool in listed}, seen, records.images.values()
    )
    before = {key: each.uncovered for key, each in records.jobs.items() if each.uncovered is not None}
    uncovered = find_uncovered(records.copies, jobs.by_key, states, inventory, before, now, jobs.wanted)
    judged = min(inventory.read, now) if inventory else now  # the clock may have been set back since
    warnings = (*unlisted, *images.warnings, *jobs.warnings)
    return ClusterView(servers, entries, images, jobs, uncovered, judged, warnings)


def _entries(schedule: LoadedSchedule, inventory: InventoryRecord | None) -> Mapping[str, ServerEntry]:
    """The entry that counts for a server, by its id.

    :param inventory: of which the metadata count: a server that these exclude has an entry without specs
    """
    excluded = inventory.opted_out if inventory else frozenset()
    return {**{id: ServerEntry(id, NOWHERE) for id in excluded}, **schedule.by_server}


def _list(ceph: Ceph, pools: Sequence[str], of_copies: set[str]) -> tuple[list[SeenImage], set[str], list[str]]:
    """All images, the pools that were listed, and why others were not.

    :param pools: of the configuration
    :param of_copies: further ones with copies, of an earlier configuration
    """
    seen: list[SeenImage] = []
    listed: set[str] = set()
    warnings: list[str] = []
    for pool in (*pools, *sorted(of_copies.difference(pools))):
        try:
            seen += ceph.images(pool)
        except CephError as error:
            if pool in pools:
                raise
            warnings.append(f"copies in another pool than those of the configuration stay: {error}")
            continue
        listed.add(pool)
    return seen, listed, warnings
