"""What there is to report of projects at the end of a cycle, from its plan (volumes 6). Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from ...openstack.cloud_model import Project, Server
from ..planning.volume_inventory import VolumeInventory
from ..planning.volume_plan import VolumeEntry, VolumePlan
from ..planning.volume_status import Protection, VolumeStatus
from ..state.volume_rows import ProjectState
from ..volume_model import Verdict
from .digest_model import LateVolume, ProjectDigest, SkippedVolume
from .digest_summary import summary_json

NO_VOLUME = "(no volume)"
"""Stands for the volume of a server that has none."""

NO_PROBLEMS: Mapping[str, Sequence[str]] = MappingProxyType({})


@dataclass
class _Present:
    """What was found of one project."""

    late: list[LateVolume] = field(default_factory=list)
    skipped: list[SkippedVolume] = field(default_factory=list)
    unprotected: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def present_digests(
    plan: VolumePlan,
    statuses: Iterable[VolumeStatus],
    projects: Mapping[str, Project],
    problems: Mapping[str, Sequence[str]] = NO_PROBLEMS,
) -> Mapping[str, ProjectDigest]:
    """What there is to report of each project at present, by its id: no outcomes, which records have, and no quota.

    :param plan: the last one of the cycle
    :param statuses: of all volumes that are backed up
    :param projects: for their names, by id
    :param problems: further sentences about projects, by id
    """
    found: dict[str, _Present] = defaultdict(_Present)
    for status in statuses:
        _add_status(found[status.project_id], status)
    for entry in plan.entries:
        if entry.verdict is Verdict.SKIP:
            found[entry.project_id].skipped.append(_skipped(entry))
    for server in plan.unprotected:
        found[server.project_id].unprotected.append(_name(server))
    for server, text in plan.warnings:
        found[server.project_id].warnings.append(f"Server {_name(server)}: {text}")
    for id, texts in problems.items():
        found[id].warnings.extend(texts)
    return {
        id: ProjectDigest(
            id,
            full_name(id, projects),
            late=tuple(present.late),
            skipped=tuple(present.skipped),
            unprotected=tuple(present.unprotected),
            warnings=tuple(present.warnings),
        )
        for id, present in found.items()
    }


def ended_state(
    project_id: str,
    known: ProjectState | None,
    present: Mapping[str, ProjectDigest],
    inventory: VolumeInventory,
    now: datetime,
) -> ProjectState:
    """What is kept of a project when a cycle has ended.

    :param known: what was kept before, None in its first cycle
    :param present: what there is to report of projects
    :param now: the present moment
    """
    name = full_name(project_id, inventory.project_by_id)
    if project_id not in inventory.project_by_id and known is not None:
        name = known.project_name  # it is gone
    before = ProjectState(project_id, name) if known is None else known
    summary = summary_json(present.get(project_id) or ProjectDigest(project_id, name))
    last_whole = before.last_whole if inventory.why_incomplete else inventory.backups.begun
    return replace(before, project_name=name, last_whole=last_whole, last_cycle=now, summary=summary)


def full_name(project_id: str, projects: Mapping[str, Project]) -> str:
    """The name of a project with its domain; the id when it is not known."""
    project = projects.get(project_id)
    return project_id if project is None else project.full_name


def _add_status(present: _Present, status: VolumeStatus) -> None:
    volume, last = status.volume_name or status.volume_id, status.last_good
    if status.protection is Protection.LATE or last is None:
        ended = None if last is None else last.finished or last.due
        present.late.append(LateVolume(_name(status.server), volume, ended))
    if status.protection is Protection.UNRESTORABLE:
        present.warnings.append(f"Volume {volume}: no backup of it can be restored: {status.why}")


def _skipped(entry: VolumeEntry) -> SkippedVolume:
    return SkippedVolume(_name(entry.server), entry.volume_name or entry.volume_id or NO_VOLUME, entry.why)


def _name(server: Server) -> str:
    return server.name or server.id
