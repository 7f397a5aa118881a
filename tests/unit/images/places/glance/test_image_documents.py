"""Between Glance's JSON and the model: nothing that a service sends breaks the reading."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fiwareglancesync.base.errors import CloudError
from fiwareglancesync.images.model import Image, NewImage, Patch
from fiwareglancesync.images.places.glance.image_documents import creation, fits_path, image_of, operations
from fiwareglancesync.openstack.addresses import normalised, url_without_secrets

WHOLE: dict[str, Any] = {
    "id": "i",
    "name": "n",
    "status": "active",
    "visibility": "shared",
    "protected": True,
    "owner": "o",
    "size": 7,
    "virtual_size": 9,
    "checksum": "c",
    "os_hash_algo": "sha512",
    "os_hash_value": "h",
    "os_hidden": True,
    "created_at": "2020-01-01T00:00:00Z",
    "updated_at": "2020-01-02T00:00:00Z",
    "min_disk": 1,
    "min_ram": 2,
    "disk_format": "raw",
    "container_format": "bare",
    "tags": ["b", "a"],
    "file": "/f",
    "self": "/s",
    "schema": "/x",
    "direct_url": "file:///x",
    "locations": [],
    "stores": "local",
    "os_glance_import_task": "t",
    "os_glance_stage_host": "h",
    "os_hash_other": "h",
    "kernel_id": "k",
    "ramdisk_id": None,
    "nid": "3",
    "number": 4,
    "flag": True,
    "list": ["x"],
}


def test_every_field_is_read_and_only_properties_are_properties() -> None:
    assert image_of(WHOLE, "Burgos") == Image(
        id="i",
        name="n",
        region="Burgos",
        owner="o",
        status="active",
        size=7,
        checksum="c",
        hash_algo="sha512",
        hash_value="h",
        created_at="2020-01-01T00:00:00Z",
        hidden=True,
        visibility="shared",
        protected=True,
        disk_format="raw",
        container_format="bare",
        min_disk=1,
        min_ram=2,
        tags=("a", "b"),
        user_properties={"kernel_id": "k", "nid": "3", "number": "4", "flag": "true", "list": '["x"]'},
    )


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(some.dictionaries(some.sampled_from(sorted(WHOLE)) | some.text(max_size=8), JSON))
def test_any_document_is_an_image_or_a_clear_error(document: dict[str, Any]) -> None:
    if not (isinstance(document.get("id"), str) and document["id"]):
        with pytest.raises(CloudError, match="malformed"):
            image_of(document, "Burgos")
        return
    image = image_of(document, "Burgos")
    assert image.id == document["id"]
    assert all(isinstance(value, str) for value in image.user_properties.values())
    assert image.size is None or image.size >= 0


@given(some.dictionaries(some.text(max_size=8) | some.sampled_from(sorted(WHOLE)), some.text(max_size=8)))
def test_properties_never_change_the_attributes_of_a_new_image(properties: dict[str, str]) -> None:
    bare = creation(NewImage("i", "n", "raw", "bare"))
    document = creation(NewImage("i", "n", "raw", "bare", properties=properties))
    assert {key: document[key] for key in bare} == bare


@given(some.text(max_size=8))
def test_pointers_lead_back_to_the_property(key: str) -> None:
    for change in operations(Patch(set={key: "v"})):
        assert change["path"].startswith("/")
        assert "/" not in change["path"][1:]
        assert change["path"][1:].replace("~1", "/").replace("~0", "~") == key


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("http://glance:9292", "http://glance:9292"),
        ("http://glance:9292/", "http://glance:9292"),
        ("http://glance:9292/v2", "http://glance:9292"),
        ("http://glance:9292/v2/", "http://glance:9292"),
        ("http://glance:9292/v1", "http://glance:9292"),
        ("http://glance:9292/v2.9//", "http://glance:9292"),
        ("https://Cloud.Example.COM:443/image/v2", "https://cloud.example.com/image"),
        ("HTTP://h:80/", "http://h"),
        ("http://user:secret@h:1/v2", "http://h:1"),
        ("http://[::1]:9292/v2", "http://[::1]:9292"),
        ("http://h/video", "http://h/video"),
    ],
)
def test_an_endpoint_has_one_normal_form(url: str, normal: str) -> None:
    assert normalised(url) == normal


@pytest.mark.parametrize("url", ["", "glance:9292", "ftp://h", "http://", "http://h:port", "http://[::1"])
def test_what_is_no_endpoint_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        normalised(url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://u:p@h:5000/v3?x=secret#y", "http://h:5000/v3"),
        ("http://h/\x1b[31m", "http://h/ [31m"),
        ("http://[::1", "an address that cannot be parsed"),
    ],
)
def test_a_shown_address_holds_no_secret(url: str, shown: str) -> None:
    assert url_without_secrets(url) == shown


@pytest.mark.parametrize("tag", ["", ".", "..", "a/b", "ä", "a\n", "\na"])
def test_tags_that_a_path_cannot_name_are_added_by_a_patch(tag: str) -> None:
    assert not fits_path(tag)


@pytest.mark.parametrize("tag", ["a", "a b", "%2F", "a?b#c;d", "..a", "a.", "\\", "x" * 255])
def test_other_tags_are_added_by_their_path(tag: str) -> None:
    assert fits_path(tag)
