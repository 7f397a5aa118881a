"""Removes all backups of a project, when an operator asks for it (volumes 1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..base.errors import GlanceSyncError
from .backup_purge import plan_purge
from .backup_removal import ExpiredBackup
from .backup_rotation import Rotation
from .project_leases import ProjectLeases
from .project_work import ProjectWork, Records
from .volume_events import EmitVolume
from .volume_inventory import VolumeInventory
from .volume_region import VolumeRegion

POLL_SECONDS = 5.0
"""Seconds between two looks whether backups are gone."""

MOST_ROUNDS = 60
"""Looks after which backups that do not go are left to another call."""


class ProjectBusy(GlanceSyncError):
    """A conductor works on the project at this moment."""


@dataclass(frozen=True, slots=True)
class Purged:
    """What came of a purge.

    :param requested: how many removals Cinder accepted
    :param kept: what stays, with the reason
    :param left: how many have not gone yet
    """

    requested: int
    kept: tuple[ExpiredBackup, ...]
    left: int


def purge(
    region: VolumeRegion,
    project_id: str,
    leases: ProjectLeases,
    emit: EmitVolume,
    wait: Callable[[float], None],
) -> Purged:
    """Remove all recorded backups of a project, the newest of a chain first.

    A backup of a project that is gone or disabled is removed with the token of the account's own project: nothing
    protects a chain then, so only backups without dependants are asked for.

    :param wait: waits for so many seconds; what it raises ends the purge
    :raises ProjectBusy: a conductor works on the project
    :raises CloudError: the region cannot be read
    """
    lease = leases.take(project_id)
    if lease is None:
        raise ProjectBusy(f"a conductor works on project {project_id} at this moment; try again when it has ended")
    work = ProjectWork(region.engine, lease, region.cloud.request_seconds)
    requested: set[str] = set()
    for _ in range(MOST_ROUNDS):
        inventory = region.inventory()
        records = Records({record.id: record for record in region.store.records(project_id)})
        plan = plan_purge(project_id, inventory, records.by_id.values(), region.settings, region.clock.now())
        scope = _scope(project_id, inventory)
        rotation = Rotation(region.cloud, records, emit, region.clock.now, scope)
        if plan.problems:
            rotation.rotate(work, plan, inventory.account.user_id, region.clock.now())
        before = len(requested)
        requested |= rotation.remove(work, plan.removals, inventory.account.user_id)
        if plan.problems or (not plan.later and len(requested) == before) or not (plan.removals or plan.later):
            return Purged(len(requested), tuple(plan.kept), len(plan.removals) + len(plan.later))
        wait(POLL_SECONDS)
    return Purged(len(requested), tuple(plan.kept), len(plan.removals) + len(plan.later))


def _scope(project_id: str, inventory: VolumeInventory) -> str:
    """The project whose token removes the backups."""
    return inventory.account.project_id if inventory.why_untouchable(project_id) else project_id
