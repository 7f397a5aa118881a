"""Converts the JSON of Glance to our model and back; pure functions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ....base.errors import CloudError, Scope
from ...model import Image, NewImage, Patch

PATCH_TYPE = "application/openstack-images-v2.1-json-patch"

ATTRIBUTES = frozenset(
    (
        *("id", "name", "status", "visibility", "protected", "owner", "tags"),
        *("size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value", "os_hidden"),
        *("created_at", "updated_at", "deleted", "deleted_at"),
        *("min_disk", "min_ram", "disk_format", "container_format"),
        *("file", "self", "schema", "direct_url", "locations", "location", "stores"),
    )
)
"""The attributes of an image in Glance. They are never read or sent as properties."""

NO_OWNER = "nobody"
"""The owner of an image without owner in Glance. It is not ours, as an empty owner would mean (sync 3.1)."""

ALL_STATED: frozenset[str] = frozenset()
WITHOUT_HIDDEN = frozenset({"hidden"})
"""The fields that an old Glance, without hidden images, does not state."""

_KEYS = {"hidden": "os_hidden"}
"""Our fields that have another name in Glance."""

_OWN_PREFIXES = ("os_glance_", "os_hash_")


def is_property(key: str) -> bool:
    """Whether a key of an image is a property that users may set (sync 3.5)."""
    return key not in ATTRIBUTES and not key.startswith(_OWN_PREFIXES)


def image_of(document: object, region: str) -> Image:
    """Read one image of an answer. Fields that are missing or of a wrong type become "unknown".

    :param document: a decoded JSON value
    :param region: full name of the region
    :raises CloudError: it is no image
    """
    if not isinstance(document, dict) or not isinstance(document.get("id"), str) or not document["id"]:
        raise CloudError("malformed answer: an image without id", scope=Scope.REGION)
    tags = document.get("tags")
    return Image(
        id=document["id"],
        name=_text(document, "name") or "",
        region=region,
        owner=_text(document, "owner") or NO_OWNER,
        status=_text(document, "status") or "",
        size=_whole(document, "size"),
        checksum=_text(document, "checksum") or None,
        hash_algo=_text(document, "os_hash_algo") or None,
        hash_value=_text(document, "os_hash_value") or None,
        created_at=_text(document, "created_at") or "",
        hidden=document.get("os_hidden") is True,
        visibility=_text(document, "visibility") or "private",
        protected=document.get("protected") is True,
        disk_format=_text(document, "disk_format") or None,
        container_format=_text(document, "container_format") or None,
        min_disk=_whole(document, "min_disk") or 0,
        min_ram=_whole(document, "min_ram") or 0,
        tags=tuple(sorted(tag for tag in tags if isinstance(tag, str))) if isinstance(tags, list) else (),
        user_properties={
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in document.items()
            if value is not None and is_property(key)
        },
        unstated=ALL_STATED if "os_hidden" in document else WITHOUT_HIDDEN,
    )


def members_in(document: object) -> frozenset[str]:
    """The project ids in a list of an image's members.

    :raises CloudError: it is no such list
    """
    listed = document.get("members") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise CloudError("malformed answer: no list of members")
    return frozenset(_text(each, "member_id") or "" for each in listed if isinstance(each, dict)) - {""}


def _text(document: Mapping[str, Any], key: str) -> str | None:
    value = document.get(key)
    return value if isinstance(value, str) else None


def _whole(document: Mapping[str, Any], key: str) -> int | None:
    value = document.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def creation(image: NewImage) -> dict[str, Any]:
    """The document that makes an image: private and unprotected (sync 3.5, last paragraph)."""
    document: dict[str, Any] = {key: value for key, value in image.properties.items() if is_property(key)}
    document |= {
        "id": image.id,
        "visibility": "private",
        "protected": False,
        "min_disk": image.min_disk,
        "min_ram": image.min_ram,
        "tags": list(image.tags),
    }
    if image.name:
        document["name"] = image.name
    if image.disk_format is not None:
        document["disk_format"] = image.disk_format
    if image.container_format is not None:
        document["container_format"] = image.container_format
    if image.hidden:
        document["os_hidden"] = True
    return document


def operations(patch: Patch) -> list[dict[str, Any]]:
    """The JSON patch of a change, without tags, which are added one by one (sync 3.5)."""
    changes: list[dict[str, Any]] = []
    for field, value in patch.fields.items():
        changes.append({"op": "replace", "path": f"/{_KEYS.get(field, field)}", "value": value})
    # Glance applies them in order and counts the properties after each: removals come first.
    for key in patch.remove:
        if is_property(key):
            changes.append({"op": "remove", "path": _pointer(key)})
    for key, value in patch.set.items():
        if is_property(key):
            changes.append({"op": "add", "path": _pointer(key), "value": value})
    return changes


def fits_path(tag: str) -> bool:
    """Whether a tag can be a part of a path: Glance reads others than ASCII as Latin-1, and finds none with a slash.

    A path that ends in dots, or in nothing, would be taken for another one, and a line break at its end be dropped.
    """
    return tag.isascii() and tag.isprintable() and "/" not in tag and tag not in ("", ".", "..")


def all_tags(image: Image, more: tuple[str, ...]) -> list[dict[str, Any]]:
    """The JSON patch that adds tags that cannot be a part of a path; it has all other tags too."""
    return [{"op": "replace", "path": "/tags", "value": sorted({*image.tags, *more})}]


def _pointer(key: str) -> str:
    """The JSON pointer of a property (RFC 6901)."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


def is_made(image: Image, new: NewImage, project: str) -> bool:
    """Whether an image is the one that a creation of ours makes, still without content."""
    wanted = {key: value for key, value in new.properties.items() if is_property(key)}
    return (
        image.status == "queued"
        and image.owner == project
        and image.name == new.name
        and all(image.user_properties.get(key) == value for key, value in wanted.items())
    )


def is_changed(image: Image, patch: Patch) -> bool:
    """Whether an image is as it is after a patch, except for the tags."""
    wanted = {key: value for key, value in patch.set.items() if is_property(key)}
    return (
        all(getattr(image, field) == value for field, value in patch.fields.items())
        and not any(key in image.user_properties for key in patch.remove)
        and all(image.user_properties.get(key) == value for key, value in wanted.items())
    )
