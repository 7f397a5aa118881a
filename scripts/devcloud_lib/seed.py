"""Fills the cloud with the images of `seed_images`, through the API, as their owners would."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from devcloud_lib.http import PATCH_TYPE, Client, query, sign_in
from devcloud_lib.seed_images import SEED, SeedImage
from devcloud_lib.state import Cloud

# The attributes that Glance itself gives an image; all others are properties that somebody has set.
GLANCE_ATTRIBUTES = frozenset(
    (
        "id", "name", "status", "visibility", "protected", "owner", "tags", "os_hidden",
        "size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value",
        "disk_format", "container_format", "min_disk", "min_ram",
        "self", "file", "schema", "created_at", "updated_at", "stores", "locations", "direct_url",
    )
)
GLANCE_PREFIX = "os_glance_"
RENAMED = "_obsolete"
"""What a synchronisation adds to the name of an image that the master region has retired."""
DATA_TYPE = "application/octet-stream"


def seed(cloud: Cloud, say: Callable[[str], None]) -> None:
    """Bring the seed's images to what they are to be; other images are left alone.

    Running it twice is the same as running it once.

    :raises CloudError: the cloud is not up, or a Glance refuses an image.
    """
    for region, images in SEED.items():
        clients = {name: client_of(cloud, region, name) for name in {image.account for image in images}}
        ids: dict[str, str] = {}
        uploads = 0
        for image in images:
            api = clients[image.account]
            project = cloud.accounts[cloud.keystone_of(region).name][image.account].project_id
            properties = image.properties | {key: ids[name] for key, name in image.links.items()}
            content = image.build()
            present = _keep_one(api, image.name, project, hashlib.md5(content, usedforsecurity=False).hexdigest())
            if present is None:
                present = upload(api, image, content)
                uploads += 1
            bring_in_line(api, present, image, properties)
            ids[image.name] = present["id"]
        say(f"{region}: images: {len(images)}, uploaded now: {uploads}")


def client_of(cloud: Cloud, region: str, account_name: str) -> Client:
    """What talks to a region's Glance.

    :param account_name: who, a key of `topology.ACCOUNTS`.
    """
    keystone = cloud.keystone_of(region)
    account = cloud.accounts[keystone.name][account_name]
    token = sign_in(keystone.port, user=account.user, password=account.password, project=account.project)
    return Client(cloud.services[region].port, token)


def _keep_one(api: Client, name: str, project: str, checksum: str) -> dict[str, Any] | None:
    """The project's usable image of that name and content, if there is one; its namesakes are deleted.

    An image that a synchronisation has renamed counts as it.
    """
    kept: dict[str, Any] | None = None
    found = [
        image
        for each in (name, name + RENAMED)
        for image in api.pages(query("/v2/images", name=each, owner=project), "images")
    ]
    for image in found:
        if kept is None and image["status"] == "active" and image["checksum"] == checksum:
            kept = image
        else:
            delete(api, image)
    return kept


def delete(api: Client, image: dict[str, Any]) -> None:
    """Delete an image, also a protected one.

    :param image: what Glance says of it.
    """
    if image["protected"]:
        _patch(api, image["id"], [{"op": "replace", "path": "/protected", "value": False}])
    api.call("DELETE", f"/v2/images/{image['id']}")


def upload(api: Client, image: SeedImage, content: bytes) -> dict[str, Any]:
    """Make an image with its bytes, and without properties; it is private.

    :returns: what Glance said of it before the bytes came.
    """
    created = create(api, image)
    api.call("PUT", f"/v2/images/{created['id']}/file", content, content_type=DATA_TYPE)
    return created


def create(api: Client, image: SeedImage) -> dict[str, Any]:
    """Make an image without bytes, and without properties; it is private."""
    created: dict[str, Any] = api.call("POST", "/v2/images", {
        "name": image.name,
        "disk_format": image.disk_format,
        "container_format": image.container_format,
        "min_disk": image.min_disk,
        "min_ram": image.min_ram,
        "visibility": "private",
    }).json()
    return created


def bring_in_line(api: Client, present: dict[str, Any], image: SeedImage, properties: dict[str, str]) -> None:
    """Give an image the name, the visibility and the properties that it is to have.

    :param present: what Glance says of it.
    :param properties: all of them; those that links make included.
    """
    wanted = properties | {"name": image.name, "visibility": image.visibility}
    changes = [
        {"op": "replace" if key in present else "add", "path": f"/{key}", "value": value}
        for key, value in wanted.items() if present.get(key) != value
    ]
    expected = GLANCE_ATTRIBUTES | wanted.keys()
    surplus = [key for key in present if key not in expected and not key.startswith(GLANCE_PREFIX)]
    _patch(api, present["id"], changes + [{"op": "remove", "path": f"/{key}"} for key in surplus])


def _patch(api: Client, image_id: str, changes: list[dict[str, Any]]) -> None:
    if changes:
        api.call("PATCH", f"/v2/images/{image_id}", changes, content_type=PATCH_TYPE)
