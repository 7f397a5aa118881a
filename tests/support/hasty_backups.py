"""A region of a cloud of stand-ins, with time limits for tests."""

from __future__ import annotations

from typing import Any

from fiwareglancesync.openstack.tuning import Tuning
from fiwareglancesync.volumes.openstack_backups import OpenStackBackups

from .stand_ins.cloud_stand_in import CloudStandIn

HASTY = Tuning(connect=60.0, control=60.0, attempts=3, first_wait=0.001, retry_limit=60.0, wait_limit=5.0)


def region(cloud: CloudStandIn, user: str = "backups", project: str = "", **details: Any) -> OpenStackBackups:
    """The region with the rights of a user, by default of the account.

    :param details: of the region: ``tuning``, ``wall_clock``
    """
    return OpenStackBackups(cloud.credential(user, project), **{"tuning": HASTY, **details})
