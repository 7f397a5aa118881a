"""The document of ``glancesync vault backup --report`` (vault 3.1)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..base.version import __version__
from ..images.backup.backup_outcome import BackupOutcome
from ..images.vault.vault_times import time_text


def vault_report(
    vault: Path, mode: str, started: datetime, outcomes: Iterable[BackupOutcome], exit_code: int
) -> str:
    """Write what came of each region and image.

    :param vault: the folder
    :param mode: ``backup`` or ``dry-run``
    :param started: when the call began
    :param exit_code: of the command
    """
    document = {
        "version": __version__,
        "vault": str(vault),
        "mode": mode,
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "exit_code": exit_code,
        "regions": [_region(outcome) for outcome in outcomes],
    }
    return json.dumps(document, indent=2) + "\n"


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
