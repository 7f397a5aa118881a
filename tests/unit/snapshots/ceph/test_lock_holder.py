"""The answer of RADOS about a lock names its holder."""

from __future__ import annotations

import pytest

from fiwareglancesync.snapshots.ceph.lock_holder import lock_question, read_holder

HELD = (
    b"\x01\x01g\x00\x00\x00\x01\x00\x00\x00\x01\x01\x18\x00\x00\x00\x08Z\x10\x00\x00\x00\x00\x00\x00\x0b\x00\x00\x00"
    b"snapmanager\x01\x01:\x00\x00\x00\xdd \x0bk:]\\&\x01\x01\x01\x1c\x00\x00\x00\x01\x00\x00\x00\xd1@g\x17\x10\x00\x00"
    b"\x00\x02\x00\x00\x00\x7f\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x0b\x00\x00\x00host-\xc3\xa9:123\x01\x00\x00"
    b"\x00\x00"
)
"""What a real cluster answered."""

FREE = b"\x01\x01\t\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00"


def test_a_lock_is_named_by_its_length_and_its_name() -> None:
    assert lock_question("ab") == b"\x01\x01\x06\x00\x00\x00\x02\x00\x00\x00ab"


def test_the_holder_is_what_it_called_itself() -> None:
    assert read_holder(HELD) == "host-é:123"
    assert read_holder(FREE) == ""


@pytest.mark.parametrize("length", range(len(HELD) - 5))
def test_an_answer_that_breaks_off_names_nobody(length: int) -> None:
    assert read_holder(HELD[:length]) == ""
