"""What a cycle would do now, without writing anything anywhere (volumes 1)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ...base.errors import UsageError
from ...base.text import nearest, show
from ...openstack.cloud_model import Project
from ..volume_model import BackupRecord, VolumeSettings
from .backup_retention import RetentionPlan, plan_retention
from .volume_inventory import VolumeInventory
from .volume_plan import VolumePlan, plan_volumes


@dataclass(frozen=True, slots=True)
class Preview:
    """What a cycle would do now.

    :param project_ids: of the projects that were asked for, None for all
    :param project_names: ``domain/name`` by id, of projects that are gone too
    """

    inventory: VolumeInventory
    plan: VolumePlan
    retention: RetentionPlan
    project_ids: Collection[str] | None
    project_names: Mapping[str, str]

    def shows(self, project_id: str) -> bool:
        """Whether a project was asked for."""
        return self.project_ids is None or project_id in self.project_ids


def preview(
    inventory: VolumeInventory,
    records: Sequence[BackupRecord],
    settings: VolumeSettings,
    now: datetime,
    projects: Sequence[str] = (),
) -> Preview:
    """Plan without carrying out.

    :param records: all that have not been removed
    :param now: in UTC
    :param projects: ids or ``domain/name`` of the projects that are asked for, none for all
    :raises UsageError: there is no such project
    """
    wanted = chosen_projects(inventory.projects.items, projects) if projects else None
    plan = plan_volumes(inventory, records, settings, now)
    retention = plan_retention(inventory, records, plan.marked, settings, now)
    return Preview(inventory, plan, retention, wanted, inventory.project_names(records))


def chosen_projects(known: Iterable[Project], words: Sequence[str]) -> frozenset[str]:
    """The ids of projects.

    :param words: ids, or ``domain/name``
    :raises UsageError: there is none of this name
    """
    ids = {project.id: project.id for project in known}
    names = {project.full_name: project.id for project in known}
    found = []
    for word in words:
        project_id = ids.get(word) or names.get(word)
        if project_id is None:
            near = nearest(word, [*names, *ids])
            hint = f"; did you mean {near}?" if near else "; a project is named by its id or as domain/name"
            raise UsageError(f"there is no project {show(word)}{hint}")
        found.append(project_id)
    return frozenset(found)
