"""What happens to snapshots, as lines of a log (snapshots 1.5)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ..base.text import one_line

if TYPE_CHECKING:
    from ..snapshots.snapshot_events import SnapshotEvent
    from ..snapshots.snapshot_model import Copy


def snapshot_line(event: SnapshotEvent) -> tuple[int, str]:
    """The level and the text of the line of an event."""
    from ..snapshots import snapshot_events as events

    level, text = logging.INFO, ""
    if isinstance(event, events.CopyMade):
        text = f"made {_named(event.copy)}{' (found later)' if event.is_late else ''}"
    elif isinstance(event, events.CopyUnknown):
        level, text = logging.WARNING, f"not known whether {event.intent.name} of {event.intent.volume_id}: {event.why}"
    elif isinstance(event, events.CopyFailed):
        level, text = logging.ERROR, f"failed {event.job.set_name} of {event.volume_id}: {event.why}"
    elif isinstance(event, events.CopyRemoved):
        text = f"removed {_named(event.copy)}: {event.why}"
    elif isinstance(event, events.CopyKept):
        level, text = logging.WARNING, f"kept {_named(event.copy)}: {event.why}"
    elif isinstance(event, events.CopyClosed):
        text = f"closed the record of {_named(event.copy)}: {event.why}"
    else:
        level, text = logging.WARNING, event.text
    return level, one_line(text)


def _named(copy: Copy) -> str:
    return f"{copy.name} of {copy.volume_id}"
