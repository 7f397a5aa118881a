"""Removes what interrupted restore drills left, in the cycles of backups (volumes 1.3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine

from ...base.errors import LeaseLost
from ...locks.lease_group import HeldLease
from ..backup_cloud import BackupCloud
from ..state.drill_store import DrillChanges, DrillStore
from ..state.project_leases import ProjectLeases
from ..volume_events import EmitVolume
from ..volume_model import VolumeSettings
from .temporary_volumes import TemporaryVolumes


def clear_drills(
    cloud: BackupCloud,
    engine: Engine,
    leases: ProjectLeases,
    settings: VolumeSettings,
    emit: EmitVolume,
    now: Callable[[], datetime],
) -> None:
    """Bring each interrupted drill one step further to its end, without waiting; not while another process drills.

    :param emit: takes what happens
    :param now: the present moment by the database's clock
    :raises DatabaseUnavailable: the database cannot be used
    """
    drills = DrillStore(engine, cloud.region)
    if not drills.unfinished():
        return
    lease = leases.take_drill()
    if lease is None:
        return
    temporary = temporary_volumes(cloud, engine, lease, settings, emit, now)
    try:
        for drill in drills.unfinished():
            temporary.clear(drill)
    except LeaseLost:  # a drill has begun, and goes on with it
        return
    finally:
        lease.give_back()


def temporary_volumes(
    cloud: BackupCloud,
    engine: Engine,
    lease: HeldLease,
    settings: VolumeSettings,
    emit: EmitVolume,
    now: Callable[[], datetime],
) -> TemporaryVolumes:
    """What removes temporary volumes in a region.

    :param lease: for drills in the region
    """
    return TemporaryVolumes(cloud, DrillChanges(engine, cloud.region, lease), lease, emit, now, settings.settle)
