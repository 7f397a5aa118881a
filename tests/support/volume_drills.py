"""Rows of restore drills."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from fiwareglancesync.volumes.drill_model import DrillRecord, DrillState


def drill(volume: str, begun: datetime, **values: Any) -> DrillRecord:
    """An earlier drill of a volume."""
    usual = DrillRecord(
        id="d", project_id="p", project_name="default/p", server_name="web", volume_id=volume, volume_name=volume,
        backup_id="b", backup_name="web_v", size=1, own_project_id="own", begun=begun, state=DrillState.GOOD,
    )  # fmt: skip
    return replace(usual, **values)
