"""How ids of projects are compared."""

from __future__ import annotations

import pytest

from fiwareglancesync.openstack.credential import same_project


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("12", "12", True), ("12", "0" * 30 + "12", True), ("12", "012x", False), ("1", "10", False)],
)
def test_projects_are_compared_with_leading_zeros(one: str, other: str, same: bool) -> None:
    assert same_project(one, other) is same
    assert same_project(other, one) is same
