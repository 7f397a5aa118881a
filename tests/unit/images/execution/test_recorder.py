"""What moves in several threads report about one region."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from logging import WARNING

from fiwareglancesync.base.messages import Message
from fiwareglancesync.events import Event
from fiwareglancesync.images.execution.recorder import Recorder
from tests.support.events import texts

THREADS = 2
TIMEOUT_SECONDS = 0.3
"""Seconds that a thread waits for the other one to come as far; it cannot where a lock is held."""


class Met(Message):
    """A message whose look-up takes until another thread looks it up too, if one can."""

    together = threading.Barrier(THREADS)

    def __hash__(self) -> int:
        with suppress(threading.BrokenBarrierError):
            self.together.wait(TIMEOUT_SECONDS)
        return hash(self.text)


def test_a_message_that_two_threads_report_at_the_same_time_goes_out_once() -> None:
    events: list[Event] = []
    recorder = Recorder("Burgos", events.append)
    with ThreadPoolExecutor(THREADS) as threads:
        for done in [threads.submit(recorder.report, Met(WARNING, "careful")) for _ in range(THREADS)]:
            done.result()
    assert texts(events) == ["careful"]
