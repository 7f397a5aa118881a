"""When a backup has ended, whichever of the clocks is wrong (volumes 3 and 4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from fiwareglancesync.volumes.planning.backup_progress import end_of
from tests.support.volumes import DAY, HOUR, NOW, backup_of, make_record

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("begun", "updated", "end"),
    [
        (NOW - HOUR, NOW - 30 * SECOND, NOW - 30 * SECOND),  # seen a little later
        (NOW - HOUR, None, NOW),  # Cinder does not say it
        (NOW - HOUR, NOW + 3 * SECOND, NOW),  # Cinder's clock is a little ahead
        (NOW - HOUR, NOW - 30 * DAY, NOW - HOUR),  # Cinder's clock is behind: it cannot have ended before it began
        (NOW - HOUR, NOW + 365 * DAY, NOW + 365 * DAY),  # ours is behind
        (NOW + 365 * DAY, NOW - SECOND, NOW - SECOND),  # ours was ahead, and is right again
    ],
)
def test_a_backup_ends_when_cinder_says_so_unless_that_cannot_be(
    begun: datetime, updated: datetime | None, end: datetime
) -> None:
    record = make_record("r", NOW - HOUR, begun=begun)
    assert end_of(record, replace(backup_of(record), updated_at=updated), NOW) == end
