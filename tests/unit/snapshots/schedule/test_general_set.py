"""What the general spec means for servers that the schedule file does not name (snapshots 1.5)."""

from __future__ import annotations

import pytest

from fiwareglancesync.snapshots.schedule.general_set import GeneralMeaning
from fiwareglancesync.snapshots.schedule.snapshot_spec import Spec


@pytest.mark.parametrize(
    ("meaning", "text"),
    [
        (GeneralMeaning(1, 1, 1), "1 server with 1 volume, 1 snapshot a week;"),
        (GeneralMeaning(2, 0, 0), "2 servers with 0 volumes, 0 snapshots a week;"),
    ],
)
def test_the_notice_counts_in_singular_and_plural(meaning: GeneralMeaning, text: str) -> None:
    assert text in meaning.notice(Spec(3))
