"""Jobs for tests."""

from __future__ import annotations

from fiwareglancesync.images.sync_job import SYNC
from fiwareglancesync.images.sync_request import SyncRequest
from fiwareglancesync.jobs.job import Job


def sync_of(region: str, request: SyncRequest | None = None) -> Job:
    """The synchronisation of a region, as if it had one name only.

    :param request: how; None means the usual
    """
    return Job(SYNC, region, (request or SyncRequest()).text())
