"""Bars of quotas: green, yellow, red, or none (volumes 6)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.openstack.cloud_model import BackupQuota, Limit
from fiwareglancesync.volumes.digests.digest_model import ProjectDigest
from fiwareglancesync.volumes.digests.digest_quota import QuotaBar, QuotaLevel, quota_bars

NONE = Limit(None, 0)


def bar(limit: int | None, in_use: int, reserved: int = 0) -> QuotaBar:
    project = ProjectDigest("1", "demo", quota=BackupQuota(Limit(limit, in_use, reserved), NONE))
    return next(each for each in quota_bars([project]) if each.text.startswith("Backups: "))


@pytest.mark.parametrize(
    ("limit", "in_use", "reserved", "level"),
    [
        (100, 0, 0, QuotaLevel.LOW),
        (100, 40, 10, QuotaLevel.LOW),
        (1000, 501, 0, QuotaLevel.MEDIUM),
        (100, 70, 10, QuotaLevel.MEDIUM),
        (1000, 800, 1, QuotaLevel.HIGH),
        (10, 15, 0, QuotaLevel.HIGH),
        (0, 0, 0, QuotaLevel.HIGH),
        (None, 10**6, 0, QuotaLevel.UNLIMITED),
    ],
)
def test_the_level_is_that_of_what_is_in_use_and_reserved(
    limit: int | None, in_use: int, reserved: int, level: QuotaLevel
) -> None:
    assert bar(limit, in_use, reserved).level is level


def test_the_words_say_what_the_bar_shows() -> None:
    assert bar(1000, 801, 3).text == "Backups: 801 of 1000 in use, 3 reserved: 81 % (high)"
    assert bar(None, 7).text == "Backups: 7 in use, 0 reserved, no limit"
    size = ProjectDigest("1", "demo", quota=BackupQuota(NONE, Limit(100, 20, 5)))
    assert quota_bars([size])[0].text == "Size of backups: 20 of 100 GiB in use, 5 GiB reserved: 25 % (low)"


@given(st.integers(0, 10**6), st.integers(0, 10**7), st.integers(0, 10**7))
def test_a_bar_is_never_longer_than_its_frame(limit: int, in_use: int, reserved: int) -> None:
    made = bar(limit, in_use, reserved)
    assert made.in_use >= 0
    assert made.reserved >= 0
    assert made.in_use + made.reserved <= 100


def test_the_fullest_come_first_and_those_without_a_limit_last() -> None:
    projects = [
        ProjectDigest("1", "a", quota=BackupQuota(NONE, Limit(10, 2))),
        ProjectDigest("2", "x/b", quota=BackupQuota(Limit(10, 9), Limit(10, 3))),
        ProjectDigest("3", "c"),
    ]
    assert [(each.project, each.in_use) for each in quota_bars(projects)] == [
        ("x/b", 90), ("x/b", 30), ("a", 20), ("a", 0)
    ]  # fmt: skip
