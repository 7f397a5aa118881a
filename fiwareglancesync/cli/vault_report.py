"""The document of ``glancesync vault backup --report`` (vault 3.1)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from ..images.backup.backup_outcome import BackupOutcome
from ..images.vault.vault_times import time_text
from .report import document


def vault_report(
    vault: Path, mode: str, started: datetime, outcomes: Iterable[BackupOutcome], exit_code: int
) -> str:
    """Write what came of each region and image.

    :param vault: the folder
    :param mode: ``backup`` or ``dry-run``
    :param started: when the call began
    :param exit_code: of the command
    """
    head = {"vault": str(vault), "mode": mode}
    return document(head, started, exit_code, [_region(outcome) for outcome in outcomes])


def _region(outcome: BackupOutcome) -> dict[str, Any]:
    return {
        "region": outcome.region,
        "shelf": outcome.shelf,
        "run": None if outcome.run is None else time_text(outcome.run),
        "complete": outcome.complete,
        "error": outcome.error,
        "failed": outcome.failures,
        "refused": outcome.refused,
        "skipped": outcome.skipped,
        "others": outcome.others,
        "bytes": outcome.bytes_read,
        "images": [
            {
                "id": image.id,
                "image": image.name,
                "action": image.action.value if image.action else None,
                "way": image.way,
                "bytes": image.size,
                "seconds": round(image.seconds, 3),
                "record": image.record,
                "missing": image.missing,
                "error": image.error,
            }
            for image in outcome.images
        ],
    }
