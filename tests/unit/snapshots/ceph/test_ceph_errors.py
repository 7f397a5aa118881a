"""What to do about an error of Ceph (snapshots 5)."""

from __future__ import annotations

import errno

import pytest

from fiwareglancesync.snapshots.ceph.ceph_errors import remedy


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ETIMEDOUT, ["does not answer", "ceph -s", "ceph_timeout"]),
        (errno.ENOSPC, ["the cluster is full", "ceph df"]),
        (errno.EPERM, ["client.backup lacks rights", "ceph auth get client.backup"]),
    ],
)
def test_an_error_that_an_operator_can_mend_says_how(number: int, words: list[str]) -> None:
    assert [word for word in words if word not in remedy(number, "backup")] == []


def test_any_other_error_stays_as_ceph_words_it() -> None:
    assert remedy(errno.EIO, "backup") == ""
