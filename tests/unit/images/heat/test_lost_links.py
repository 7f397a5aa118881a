"""Links to a kernel that is gone, where the region has another one of its name and bytes (vault 5.3)."""

from __future__ import annotations

from typing import Any

import pytest

from fiwareglancesync.images.model import Image
from tests.support.builders import THEIRS, image
from tests.support.comparing import compared, kept

FORMER, NEW, OTHER = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "abc")


def lost(region: list[Image], shelf: list[Image], needed: str = "machine") -> Any:
    """The lost links of the machine, which the region has besides."""
    machine = image("machine", properties={"kernel_id": FORMER.upper()})
    found = compared([needed] if needed else [], [machine, *region], [kept("machine"), *shelf])
    return found.by_name["machine"]


def test_the_new_one_of_the_same_name_and_bytes_takes_the_place_of_the_former() -> None:
    row = lost([image("kernel", id=NEW)], [kept("kernel", id=FORMER)])
    assert row.lost_links.new == {"kernel_id": NEW}
    assert row.reason == "kernel_id names an image that is gone, and not kernel"
    assert (row.status.value, row.row.is_well) == ("ALLGOOD", False)


@pytest.mark.parametrize(
    ("about", "region", "shelf", "needed"),
    [
        ("it is there", [image("kernel", id=FORMER)], [kept("kernel", id=FORMER)], "machine"),
        ("another project has it", [image("k", id=FORMER, owner=THEIRS)], [kept("kernel", id=FORMER)], "machine"),
        ("there is no new one", [], [kept("kernel", id=FORMER)], "machine"),
        ("nobody knows its name", [image("kernel", id=NEW)], [], "machine"),
        ("other bytes", [image("kernel", "B", id=NEW)], [kept("kernel", id=FORMER)], "machine"),
        ("there are two", [image("kernel", id=NEW), image("kernel", id=OTHER)], [kept("kernel", id=FORMER)], "machine"),
        ("no template needs it", [image("kernel", id=NEW)], [kept("kernel", id=FORMER)], ""),
    ],
)
def test_otherwise_the_link_stays(about: str, region: list[Image], shelf: list[Image], needed: str) -> None:
    row = lost(region, shelf, needed)
    assert row.lost_links is None, about
