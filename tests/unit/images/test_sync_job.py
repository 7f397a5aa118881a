"""The job that synchronises a region; ``tests/unit/api/test_routes.py`` has what it does."""

from __future__ import annotations

from fiwareglancesync.images.places import PlaceIdentity
from fiwareglancesync.images.region_names import RegionRef
from fiwareglancesync.images.sync_job import sync_job
from fiwareglancesync.images.sync_request import SyncRequest
from fiwareglancesync.jobs.job import Job


def test_a_region_has_one_lock_key_whatever_its_names() -> None:
    identity = PlaceIdentity("http://keystone:5000", "Burgos", "ours")
    request = SyncRequest(dry_run=True)
    jobs = [sync_job(RegionRef.parse(name), request, identity) for name in ("Burgos", "inside:Burgos")]
    key = identity.task_key
    assert key
    assert jobs == [
        Job("sync", "Burgos", request.text(), key),
        Job("sync", "inside:Burgos", request.text(), key),
    ]
