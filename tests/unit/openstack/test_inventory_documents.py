"""What Nova and Cinder write is data: it is read as it is, or the problem is named."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fiwareglancesync.openstack.inventory_documents import read_backup, read_parent, read_server, read_volume
from fiwareglancesync.openstack.page_listing import Unreadable

BACKUP = {
    "id": "b",
    "name": None,
    "status": "error",
    "size": 1,
    "volume_id": "v",
    "created_at": "2026-11-28T22:00:00.000000",
    "data_timestamp": "2026-11-28T21:00:00.000000",
    "updated_at": "2026-11-28T22:05:00.000000",
    "fail_reason": "no\nspace",
    "os-backup-project-attr:project_id": "p",
    "metadata": {"a": "b"},
}
JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner, max_size=3),
    max_leaves=8,
)


def record(fields: Any) -> dict[str, Any]:
    """A record as Cinder exports it."""
    encoded = base64.b64encode(json.dumps(fields).encode()).decode()
    return {"backup-record": {"backup_service": "posix", "backup_url": encoded}}


def test_a_backup_is_read() -> None:
    backup = read_backup(BACKUP)
    assert (backup.id, backup.name, backup.project_id, backup.user_id) == ("b", "", "p", "")
    assert backup.created_at == datetime(2026, 11, 28, 22, tzinfo=timezone.utc)
    assert backup.data_timestamp == datetime(2026, 11, 28, 21, tzinfo=timezone.utc)
    assert backup.updated_at == datetime(2026, 11, 28, 22, 5, tzinfo=timezone.utc)
    assert read_backup({**BACKUP, "updated_at": None}).updated_at is None
    assert backup.fail_reason == "no space"
    assert backup.metadata == {"a": "b"}


def test_a_time_may_name_its_zone() -> None:
    backup = read_backup({**BACKUP, "created_at": "2026-11-28T23:00:00+01:00", "data_timestamp": None})
    assert backup.created_at == backup.data_timestamp == datetime(2026, 11, 28, 22, tzinfo=timezone.utc)


def test_odd_metadata_of_a_server_is_kept() -> None:
    metadata = {"backup": "yes", "\u202e": "<b>", "n": 5}
    document = {"id": "s", "tenant_id": "p", "metadata": metadata, "os-extended-volumes:volumes_attached": []}
    assert read_server(document).metadata == {"backup": "yes", "\u202e": "<b>", "n": "5"}


@pytest.mark.parametrize(
    ("image", "found"), [({"id": "i", "links": []}, "i"), ("", ""), (None, ""), ({}, ""), ({"id": 5}, "")]
)
def test_the_image_of_a_server_is_read(image: object, found: str) -> None:
    document = {"id": "s", "tenant_id": "p", "image": image, "os-extended-volumes:volumes_attached": []}
    assert read_server(document).image_id == found


def test_the_image_of_a_volume_is_read() -> None:
    document = {"id": "v", "os-vol-tenant-attr:tenant_id": "p", "status": "in-use", "size": 1}
    assert read_volume(document).image_id == ""
    assert read_volume({**document, "volume_image_metadata": {"image_id": "i", "min_ram": "0"}}).image_id == "i"


@pytest.mark.parametrize("metadata", [None, [], "x", {}])
def test_metadata_that_is_none_is_empty(metadata: object) -> None:
    assert read_backup({**BACKUP, "metadata": metadata}).metadata == {}


@given(some.dictionaries(some.sampled_from(sorted(BACKUP)), JSON))
def test_any_document_is_read_or_its_problem_named(changes: dict[str, Any]) -> None:
    for read in (read_backup, read_volume, read_server):
        with suppress(Unreadable):
            read({**BACKUP, **changes})


def test_the_parent_is_in_the_exported_record() -> None:
    assert read_parent(record({"id": "b", "parent_id": "a"}), "b") == "a"
    assert read_parent(record({"id": "b", "parent_id": None}), "b") is None


@pytest.mark.parametrize(
    "document",
    [
        None,
        {},
        {"backup-record": {"backup_url": "not base64!"}},
        {"backup-record": {"backup_url": 7}},
        {"backup-record": {"backup_url": base64.b64encode(b"\xff").decode()}},
        record([]),
        record({"id": "b"}),
        record({"id": "another", "parent_id": "a"}),
        record({"id": "b", "parent_id": 7}),
        record({"id": "b", "parent_id": ""}),
    ],
)
def test_a_record_that_makes_no_sense_states_no_parent(document: object) -> None:
    with pytest.raises(Unreadable):
        read_parent(document, "b")


@given(JSON)
def test_any_record_is_read_or_its_problem_named(fields: Any) -> None:
    with suppress(Unreadable):
        assert read_parent(record(fields), "b") == fields["parent_id"]
