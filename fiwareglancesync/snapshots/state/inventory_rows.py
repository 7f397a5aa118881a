"""Turns the record of an inventory into a row of the database and back (snapshots 4.7)."""

from __future__ import annotations

import json
from typing import Any

from ...base.database import packed, unpacked
from ..inventory.server_inventory import InventoryRecord, VolumeLocation
from .snapshot_rows import moment_of, seconds


def inventory_values(record: InventoryRecord) -> dict[str, Any]:
    """The columns of an inventory."""
    content = {
        "volumes": {id: list(location) for id, location in sorted(record.volumes.items())},
        "servers": sorted(record.server_ids),
        "opted_out": sorted(record.opted_out),
    }
    return {
        "begun": seconds(record.read),
        "covers_all": record.covers_all,
        "content": packed(json.dumps(content, separators=(",", ":"))),
    }


def read_inventory(row: Any) -> InventoryRecord:
    """An inventory of a row."""
    content = json.loads(unpacked(row.content))
    return InventoryRecord(
        moment_of(row.begun),
        row.covers_all,
        {id: VolumeLocation(*location) for id, location in content["volumes"].items()},
        frozenset(content["servers"]),
        frozenset(content["opted_out"]),
    )
