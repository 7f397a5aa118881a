"""The state of a vault as metrics (vault 2.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from ..base.severity import Severity
from ..images.vault.vault_folder import Vault
from ..images.vault.vault_health import VaultState
from ..terminal.textfile_metrics import Gauge, Sample, write_metrics

OF_VAULT, OF_SHELF = ("vault",), ("vault", "shelf")

STATUS = "glancesync_vault_status"
CHECKED = "glancesync_vault_check_timestamp_seconds"
NEWEST = "glancesync_vault_last_complete_run_timestamp_seconds"
MISSING = "glancesync_vault_missing_contents"
CONTENTS = "glancesync_vault_contents"
DAMAGED = "glancesync_vault_damaged_contents"
OLDEST = "glancesync_vault_oldest_verification_timestamp_seconds"
STORED = "glancesync_vault_stored_bytes"
FREE = "glancesync_vault_free_bytes"

GAUGES: Mapping[str, Gauge] = {
    STATUS: Gauge("State of the vault: 0 all is well, 1 warning, 2 critical", OF_VAULT),
    CHECKED: Gauge("When the vault was checked", OF_VAULT),
    NEWEST: Gauge("When the region was listed for the newest complete run of the shelf", OF_SHELF),
    MISSING: Gauge("Contents that the newest complete run of the shelf needs and the vault does not have", OF_SHELF),
    CONTENTS: Gauge("Contents in the vault", OF_VAULT),
    DAMAGED: Gauge("Damaged contents that have not been fetched again", OF_VAULT),
    OLDEST: Gauge("When the content that was not verified for the longest time was last known to be right", OF_VAULT),
    STORED: Gauge("Bytes that contents take on the disk", OF_VAULT),
    FREE: Gauge("Bytes that can still be written", OF_VAULT),
}
"""The metrics by name."""


def write_vault_metrics(path: Path, vault: Vault, state: VaultState, severity: Severity, now: datetime) -> None:
    """Write the state of a vault.

    :param path: the file
    :param now: when it was looked at
    :raises GlanceSyncError: it cannot be written, or has other content
    """
    write_metrics(path, GAUGES, _samples(str(vault.folder.absolute()), state, severity, now), "--metrics-file")


def _samples(vault: str, state: VaultState, severity: Severity, now: datetime) -> Iterator[Sample]:
    values = {
        STATUS: float(severity.value),
        CHECKED: now.timestamp(),
        CONTENTS: len(state.verified),
        DAMAGED: state.damaged,
        STORED: state.stored_bytes,
        FREE: state.free_bytes,
    }
    if state.verified:
        values[OLDEST] = min(state.verified)
    for name, value in values.items():
        yield Sample(name, (vault,), value)
    for shelf in state.shelves:
        if shelf.newest is not None and shelf.grows_old:
            yield Sample(NEWEST, (vault, shelf.name), shelf.newest.timestamp())
        yield Sample(MISSING, (vault, shelf.name), shelf.missing)
