"""Arbitrary images, hostile ones among them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from fiwareglancesync.images.model import SYNC_FIELDS, Image

REGION = "other:Madrid"

ANY_TEXT = st.text(st.characters(), max_size=12) | st.sampled_from(
    ["a,b", '"', "x\r\ny", "\0", "'", "\ud83d\ude00", ""]
)
"""Every character, lone surrogates too; ones that a format might stumble over often."""

PROPERTIES = st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=4)

CSV_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "id": st.uuids().map(str) | ANY_TEXT.filter(bool),
    "name": ANY_TEXT,
    "region": st.just(REGION),
    "owner": ANY_TEXT,
    "status": st.sampled_from(["active", "queued", "deactivated"]),
    "size": st.none() | st.integers(0, 2**63 - 1),
    "checksum": st.none() | st.text("0123456789abcdef", min_size=1),
    "visibility": st.sampled_from(["public", "private"]),
    "exact_visibility": st.just(False),
    "user_properties": PROPERTIES,
    "unstated": st.just(frozenset(SYNC_FIELDS)),
}
"""What a CSV row states of an image."""

ALL_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    **CSV_FIELDS,
    "hash_algo": st.none() | st.just("sha512"),
    "hash_value": st.none() | ANY_TEXT,
    "created_at": ANY_TEXT,
    "hidden": st.booleans(),
    "visibility": st.sampled_from(["public", "private", "shared", "community"]),
    "exact_visibility": st.booleans(),
    "protected": st.booleans(),
    "disk_format": st.none() | ANY_TEXT,
    "container_format": st.none() | ANY_TEXT,
    "min_disk": st.integers(0, 2**31 - 1),
    "min_ram": st.integers(0, 2**31 - 1),
    "tags": st.lists(ANY_TEXT, max_size=3).map(tuple),
    "unstated": st.sets(st.sampled_from(SYNC_FIELDS)).map(frozenset),
}


def images(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[list[Image]]:
    """Lists of images, each UUID once."""
    return st.lists(st.builds(Image, **fields), max_size=5, unique_by=lambda image: image.id)
