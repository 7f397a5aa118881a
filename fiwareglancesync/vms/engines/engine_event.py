"""What a run reports to the engine (vms 2.8)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum

from ...base.text import show

ORIGIN = "ovirt-georep-backup"
LARGEST_ID = 2**31 - 1
"""The engine keeps ids of events in 32 bits with a sign."""

LONGEST_TEXT = 4000
"""Characters; what is longer is cut."""


class Severity(Enum):
    """How an event counts."""

    NORMAL = "normal"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class EngineEvent:
    """An event of the engine.

    :param custom_id: unique among ours; an event sent twice has the same
    :param cluster: id of the cluster that it belongs to, "" for none
    :param domain: id of the storage domain that it is linked to, "" for none
    """

    custom_id: int
    severity: Severity
    text: str
    cluster: str = ""
    domain: str = ""


def events_of(
    run: str, severity: Severity, text: str, clusters: tuple[str, ...], domain: str
) -> tuple[EngineEvent, ...]:
    """The events of a run: one in each cluster, and one without a cluster when there is none.

    :param text: any text; names in it may have characters that cannot stand in XML
    :param clusters: of the virtual machines
    :param domain: id of the storage domain, "" when it is not known
    """
    shown = show(text, LONGEST_TEXT)
    return tuple(
        EngineEvent(custom_id(run, cluster, severity, shown), severity, shown, cluster, domain)
        for cluster in sorted(set(clusters)) or ("",)
    )


def custom_id(run: str, cluster: str, severity: Severity, text: str) -> int:
    """The id of an event, always the same for the same event; 1 at least."""
    digest = hashlib.sha256("\0".join((run, cluster, severity.value, text)).encode()).digest()
    return int.from_bytes(digest[:8], "big") % LARGEST_ID + 1
