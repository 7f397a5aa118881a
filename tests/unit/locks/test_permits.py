"""Slots are held by processes, and freed by their end, whatever it is."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from fiwareglancesync.locks.permits import Permits


@pytest.fixture
def slots(tmp_path: Path) -> Permits:
    """Two slots."""
    return Permits(tmp_path, "test", 2)


def test_there_are_so_many_and_no_more(slots: Permits) -> None:
    first, second = slots.take(), slots.take()
    assert first is not None
    assert second is not None
    assert slots.take() is None
    os.close(first)
    again = slots.take()
    assert again is not None
    assert slots.take() is None
    os.close(second)
    os.close(again)


def test_all_who_use_a_folder_share_them(slots: Permits, tmp_path: Path) -> None:
    held = [slots.take(), slots.take()]
    assert Permits(tmp_path, "test", 2).take() is None
    other = Permits(tmp_path, "another", 2).take()
    assert other is not None
    for descriptor in (*held, other):
        assert descriptor is not None
        os.close(descriptor)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_process_keeps_its_slot_until_it_dies(tmp_path: Path, number: signal.Signals) -> None:
    slots = Permits(tmp_path, "test", 1)
    slot = slots.take()
    assert slot is not None
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[slot]) as process:
        os.close(slot)
        assert slots.take() is None
        process.send_signal(number)
    freed = slots.take()
    assert freed is not None
    os.close(freed)


def test_nobody_else_may_look_into_them(slots: Permits, tmp_path: Path) -> None:
    slot = slots.take()
    assert slot is not None
    os.close(slot)
    assert [path.stat().st_mode & 0o777 for path in tmp_path.iterdir()] == [0o600]
