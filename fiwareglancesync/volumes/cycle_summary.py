"""What a cycle found of each project, for the next digest (volumes 6). Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from ..openstack.cloud_model import BackupQuota, Server
from .digest_model import LateVolume, ProjectDigest, SkippedVolume
from .volume_inventory import VolumeInventory
from .volume_model import Verdict
from .volume_plan import VolumePlan
from .volume_status import Protection, VolumeStatus


def summaries(
    inventory: VolumeInventory,
    plan: VolumePlan,
    statuses: Iterable[VolumeStatus],
    quotas: Mapping[str, BackupQuota],
    problems: Mapping[str, Sequence[str]],
) -> Iterator[ProjectDigest]:
    """What there is to say of each project in which something is backed up.

    :param statuses: of the volumes that are backed up
    :param quotas: by the project's id, as far as they could be read
    :param problems: sentences about projects, by id
    """
    late: dict[str, list[LateVolume]] = defaultdict(list)
    for status in statuses:
        if status.protection is not Protection.OK:
            late[status.project_id].append(
                LateVolume(_server(status.server), status.volume_name or status.volume_id, _end(status))
            )
    skipped: dict[str, list[SkippedVolume]] = defaultdict(list)
    for entry in plan.entries:
        if entry.verdict is Verdict.SKIP:
            skipped[entry.project_id].append(
                SkippedVolume(_server(entry.server), entry.volume_name or entry.volume_id, entry.why)
            )
    unprotected: dict[str, list[str]] = defaultdict(list)
    for server in plan.unprotected:
        unprotected[server.project_id].append(_server(server))
    warnings: dict[str, list[str]] = defaultdict(list)
    for server, text in plan.warnings:
        warnings[server.project_id].append(text)
    names = {entry.project_id: entry.project_name for entry in plan.entries}
    for project_id in sorted({*names, *quotas, *problems}):
        yield ProjectDigest(
            project_id,
            names.get(project_id) or inventory.project_name(project_id),
            late=tuple(late[project_id]),
            skipped=tuple(skipped[project_id]),
            unprotected=tuple(sorted(unprotected[project_id])),
            quota=quotas.get(project_id),
            warnings=(*warnings[project_id], *problems.get(project_id, ())),
        )


def _server(server: Server) -> str:
    return server.name or server.id


def _end(status: VolumeStatus) -> datetime | None:
    return None if status.last_good is None else status.last_good.finished
