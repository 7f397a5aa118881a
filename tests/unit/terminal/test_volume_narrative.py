"""Events of cycles as lines of text."""

from __future__ import annotations

import logging

import pytest

from fiwareglancesync.terminal.volume_narrative import volume_line
from fiwareglancesync.volumes.volume_events import BackupPostponed
from tests.support.volume_records import planned


@pytest.mark.parametrize(("is_failure", "level"), [(True, logging.ERROR), (False, logging.WARNING)])
def test_a_backup_that_is_left_to_the_next_cycle(is_failure: bool, level: int) -> None:
    event = BackupPostponed(planned(volume_name="da\x1bta"), "Too many requests. (HTTP 429)", is_failure)
    text = "no backup in this cycle; the next one requests it. Cause: Too many requests. (HTTP 429)"
    assert volume_line(event) == (level, rf"default/sales: web/da\x1bta: {text}")
