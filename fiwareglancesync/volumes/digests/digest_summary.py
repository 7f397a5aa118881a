"""What a cycle found of a project, as JSON that is kept until the next digest (volumes 3 and 6). Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...openstack.cloud_model import BackupQuota, Limit
from .digest_model import LateVolume, ProjectDigest, SkippedVolume

UNREADABLE = "What the last cycle found cannot be read; the next digest has it again."


def summary_json(project: ProjectDigest) -> str:
    """Write what is so at present: late and skipped volumes, unprotected servers, quota, warnings; no outcomes.

    :param project: what a cycle found
    """
    quota = project.quota
    document = {
        "late": [[each.server, each.volume, each.last_good and each.last_good.isoformat()] for each in project.late],
        "skipped": [[each.server, each.volume, each.reason] for each in project.skipped],
        "unprotected": project.unprotected,
        "quota": quota and {"backups": _limit(quota.backups), "gigabytes": _limit(quota.gigabytes)},
        "warnings": project.warnings,
    }
    return json.dumps(document, separators=(",", ":"))


def read_summary(project_id: str, project_name: str, text: str) -> ProjectDigest:
    """Read what a cycle wrote.

    :param text: the JSON; "" before the first cycle
    """
    if not text:
        return ProjectDigest(project_id, project_name)
    try:
        return _read(project_id, project_name, json.loads(text))
    except (AttributeError, KeyError, TypeError, ValueError):  # of another version
        return ProjectDigest(project_id, project_name, warnings=(UNREADABLE,))


def _read(project_id: str, project_name: str, document: Mapping[str, Any]) -> ProjectDigest:
    quota = document["quota"]
    late = [(server, volume, last and datetime.fromisoformat(last)) for server, volume, last in document["late"]]
    return ProjectDigest(
        project_id,
        project_name,
        late=tuple(LateVolume(*each) for each in late),
        skipped=tuple(SkippedVolume(*each) for each in document["skipped"]),
        unprotected=tuple(document["unprotected"]),
        quota=quota and BackupQuota(Limit(*quota["backups"]), Limit(*quota["gigabytes"])),
        warnings=tuple(document["warnings"]),
    )


def _limit(limit: Limit) -> list[int | None]:
    return [limit.limit, limit.in_use, limit.reserved]
