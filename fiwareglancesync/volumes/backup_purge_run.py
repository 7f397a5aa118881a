"""Removes all backups of a project, when an operator asks for it (volumes 1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..base.errors import GlanceSyncError
from .execution.backup_rotation import Rotation
from .execution.project_work import ProjectWork, Records
from .planning.backup_purge import plan_purge
from .planning.backup_removal import ExpiredBackup
from .planning.volume_inventory import VolumeInventory
from .state.project_leases import ProjectLeases
from .volume_events import EmitVolume
from .volume_region import VolumeRegion

POLL_SECONDS = 5.0
"""Seconds between two looks whether backups are gone."""

MOST_ROUNDS = 60
"""Looks after which backups that do not go are left to another call."""


class ProjectBusy(GlanceSyncError):
    """A conductor has the project."""


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
    :raises ProjectBusy: a conductor has the project
    :raises OtherAccount: the database holds the backups of another account
    :raises CloudError: the region cannot be read
    """
    lease = leases.take(project_id)
    if lease is None:
        name = next((record.project_name for record in region.store.records(project_id)), project_id)
        raise ProjectBusy(f"a conductor has project {name}; stop the conductors, and start them again after the purge")
    work = ProjectWork(region.engine, lease, region.cloud.request_seconds)
    requested: set[str] = set()
    for _ in range(MOST_ROUNDS):
        inventory = region.inventory()
        region.store.claim(inventory.account.user_id)
        records = Records(region.store.records(project_id))
        plan = plan_purge(project_id, inventory, records.all, region.settings, region.clock.now())
        scope = _scope(project_id, inventory)
        rotation = Rotation(region.cloud, records, region.settings, emit, region.clock.now, scope)
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
