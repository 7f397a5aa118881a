"""Makes the records of a lost database from what Cinder has (volumes 4)."""

from __future__ import annotations

from collections import defaultdict

from ..base.errors import CloudError
from .planning.backup_chain import PRESENT
from .planning.backup_rebuild import rebuild
from .planning.volume_plan import plan_volumes
from .state.project_leases import ProjectLeases
from .state.volume_changes import VolumeChanges
from .volume_events import EmitVolume, Problem
from .volume_model import BackupRecord
from .volume_region import VolumeRegion


def rebuild_records(region: VolumeRegion, leases: ProjectLeases, emit: EmitVolume) -> tuple[int, int]:
    """Record the backups of our account that are not recorded.

    :param emit: takes what cannot be done
    :return: how many records were made, and how many backups were recorded before
    :raises CloudError: the region cannot be read
    """
    inventory = region.inventory()
    if inventory.why_incomplete:
        emit(Problem("", f"not everything is found: {inventory.why_incomplete}"))
    region.store.claim(inventory.account.user_id)
    known = {record.backup_id for record in region.store.records()}
    ours = [backup for backup in inventory.backups.items if backup.user_id == inventory.account.user_id]
    parents: dict[str, str] = {}
    for backup in ours:
        if backup.is_incremental and backup.status in PRESENT and backup.id not in known:
            try:
                parent = region.cloud.parent_of(backup.id)
            except CloudError as error:
                emit(Problem("", f"the parent of backup {backup.id} is not known: {error}"))
                continue
            if parent is not None:
                parents[backup.id] = parent
    marked = plan_volumes(inventory, (), region.settings, region.clock.now()).marked
    missing: dict[str, list[BackupRecord]] = defaultdict(list)
    for record in rebuild(inventory, parents, marked, region.settings):
        if record.backup_id not in known:
            missing[record.project_id].append(record)
    made = 0
    for project_id, records in sorted(missing.items()):
        lease = leases.take(project_id)
        if lease is None:
            emit(Problem(inventory.project_name(project_id), "a conductor has the project: stop it first"))
            continue
        changes = VolumeChanges(region.engine, lease)
        made += sum(changes.restore(record) for record in records)
        lease.give_back()
    return made, sum(backup.id in known for backup in ours)
