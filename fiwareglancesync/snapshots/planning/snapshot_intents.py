"""What came of a request whose outcome is not known, by the listing of its image (snapshots 4.3). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from ..ceph.ceph_model import Namespace, SeenSnapshot
from ..snapshot_model import Copy, Intent

OPEN_FOR = timedelta(hours=1)
"""How long a snapshot may appear after its request."""


class IntentState(Enum):
    """What is known about a request."""

    MADE = "made"
    OPEN = "open"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SettledIntent:
    """What is known about a request.

    :param copy: the snapshot that it made, None when there is none
    """

    state: IntentState
    copy: Copy | None = None


def settle(intent: Intent, listed: Sequence[SeenSnapshot] | None, now: datetime) -> SettledIntent:
    """Find what came of a request. While it is open, nothing is requested again for its slot.

    :param listed: what its image lists, None when the image is not there any more
    :param now: in UTC
    """
    if listed is None:
        return SettledIntent(IntentState.FAILED)
    for snapshot in listed:
        is_later = snapshot.id > intent.highest_id
        if snapshot.name == intent.name and is_later and snapshot.namespace is Namespace.USER:
            copy = Copy(intent.image, snapshot.id, snapshot.name, intent.set_name, intent.volume_id, intent.slot)
            return SettledIntent(IntentState.MADE, copy)
    return SettledIntent(IntentState.OPEN if now - intent.asked < OPEN_FOR else IntentState.FAILED)


def highest_id(listed: Sequence[SeenSnapshot]) -> int:
    """The highest id of a listing, 0 when it is empty.

    :param listed: all snapshots of an image, of any namespace
    """
    return max((snapshot.id for snapshot in listed), default=0)
