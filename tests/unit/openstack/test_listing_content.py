"""A listing is the same after it was packed into bytes; other bytes are no listing."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fiwareglancesync.openstack.cloud_model import CloudBackup, Listing, Project, Server, Volume
from fiwareglancesync.openstack.listing_content import OtherFormat, pack, unpack

NOW = datetime(2026, 11, 28, 22, 0, 0, 123456, tzinfo=timezone.utc)
TEXT = some.text(max_size=8)
METADATA = some.dictionaries(TEXT, TEXT, max_size=3)
MOMENTS = some.datetimes(datetime(1990, 1, 1), datetime(2190, 1, 1), timezones=some.just(timezone.utc))
ITEMS: dict[type, some.SearchStrategy[Any]] = {
    Server: some.builds(Server, TEXT, TEXT, TEXT, METADATA, some.lists(TEXT, max_size=3).map(tuple)),
    Volume: some.builds(Volume, TEXT, TEXT, TEXT, TEXT, some.integers(), METADATA, TEXT),
    CloudBackup: some.builds(
        CloudBackup,
        TEXT,
        TEXT,
        TEXT,
        TEXT,
        TEXT,
        TEXT,
        some.integers(),
        some.booleans(),
        some.booleans(),
        MOMENTS,
        TEXT,
        METADATA,
        TEXT,
        some.none() | MOMENTS,
        some.none() | MOMENTS,
    ),
    Project: some.builds(Project, TEXT, TEXT, TEXT, TEXT, some.booleans()),
}


def backup(number: int) -> CloudBackup:
    """A backup of one of ten volumes."""
    identifier = f"{number:08x}-0000-0000-0000-000000000000"
    marks = {"__automated_backup": "True", "glancesync_task": identifier, "glancesync_expires": "2026-12-12T22:00:00Z"}
    created = NOW + timedelta(seconds=number)
    return CloudBackup(
        identifier,
        f"server_volume_{number}",
        "p" * 32,
        "u" * 32,
        f"volume-{number % 10}",
        "available",
        1,
        number % 3 > 0,
        False,
        created,
        "",
        marks,
        "",
        created,
        created + timedelta(minutes=5),
    )


@pytest.mark.parametrize("kind", ITEMS)
@given(data=some.data())
def test_a_listing_is_the_same_after_packing(kind: type, data: some.DataObject) -> None:
    items = data.draw(some.lists(ITEMS[kind], max_size=5))
    listing = Listing(items, data.draw(some.booleans()), data.draw(TEXT), data.draw(MOMENTS))
    assert unpack(pack(listing, kind), kind) == listing


def test_many_items_are_packed_in_parts_and_share_texts() -> None:
    listing = Listing([backup(number) for number in range(2500)], True, "", NOW)
    content = pack(listing, CloudBackup)
    assert len(content.splitlines()) == 4
    assert content.count(b"u" * 32) == 1
    assert unpack(content, CloudBackup) == listing


@pytest.mark.parametrize("content", [b"", b"\n", b"{}", b"[]\n[]\n", b"x", b'{"format":1}\n'])
def test_other_bytes_are_no_listing(content: bytes) -> None:
    with pytest.raises(OtherFormat, match="no listing of the kind Volume"):
        unpack(content, Volume)


def test_another_kind_or_format_is_no_listing_of_this_kind() -> None:
    listing: Listing[Server] = Listing([], True, "", NOW)
    content = pack(listing, Server)
    with pytest.raises(OtherFormat, match="kind Volume in format 2"):
        unpack(content, Volume)
    with pytest.raises(OtherFormat, match="kind Server in format 2"):
        unpack(content.replace(b'"format":2', b'"format":1'), Server)


@given(some.integers(0, 400))
def test_a_listing_that_was_cut_is_none(length: int) -> None:
    content = pack(Listing([backup(number) for number in range(3)], True, "", NOW), CloudBackup)
    with pytest.raises(OtherFormat):
        unpack(content[:length], CloudBackup)
