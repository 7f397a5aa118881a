"""What a run writes, and when it is no longer written."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from fiwareglancesync.base.messages import Message
from fiwareglancesync.cli.listeners import Listeners
from fiwareglancesync.cli.sync_arguments import build_parser
from fiwareglancesync.events import Waiting
from fiwareglancesync.images.region_job import Mode

WAITING = Waiting("Burgos", None, 120.0, Message.warning("Burgos: Glance: slow down (HTTP 429)"))


def test_what_a_thread_reports_after_the_summary_is_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    listeners = Listeners(build_parser("sync.py").parse_args([]), Mode.SYNC)
    with ExitStack() as stack:
        listeners.open(stack)
        listeners.emit(WAITING)
    listeners.summarise(lambda logs: "0 of 2 regions: nothing done")
    listeners.emit(WAITING)
    assert capsys.readouterr().err.splitlines() == [
        "WARNING:Burgos: Glance: slow down (HTTP 429)",
        "INFO:0 of 2 regions: nothing done",
    ]
