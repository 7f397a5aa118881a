"""What `seed --changed` does to images of the region Spain: with a backup from before, healing finds every status."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from devcloud_lib.http import Client, query
from devcloud_lib.image_files import MIB, qcow2, raw
from devcloud_lib.seed import bring_in_line, client_of, create, delete, upload
from devcloud_lib.seed_images import DEBIAN, GUEST_SIZE, KURENTO, ORION, UBUNTU, SeedImage
from devcloud_lib.state import Cloud
from devcloud_lib.topology import MAIN_ACCOUNT, MASTER_REGION

DELETED = KURENTO
DEACTIVATED = DEBIAN
REPLACED = replace(UBUNTU, build=lambda: qcow2(raw(3 * MIB, "ubuntu-24.04, a later build"), GUEST_SIZE))
SECOND = replace(ORION, build=lambda: raw(4 * MIB, "orion-psb-image-R5.4, uploaded again"))
NEW = SeedImage("mongodb-7", "raw", lambda: raw(2 * MIB, "mongodb-7"), {"type": "fiware:data"})
UNFINISHED = SeedImage("repository-image-R5", "raw", lambda: b"", {"type": "fiware:apps"})
"""Its upload has not begun."""


def remove_new(cloud: Cloud) -> None:
    """Remove the images that `change_seeded` adds; those that it changes are the seed's, which mends them.

    :raises CloudError: the cloud is not up, or Glance refuses.
    """
    api, project = _owner(cloud)
    for image in (NEW, UNFINISHED):
        for present in _named(api, image.name, project):
            delete(api, present)


def change_seeded(cloud: Cloud, say: Callable[[str], None]) -> None:
    """Change images of the seeded region Spain as their users do.

    :raises CloudError: the cloud is not up, or Glance refuses a change.
    """
    api, project = _owner(cloud)
    for image in (DELETED, REPLACED):
        for present in _named(api, image.name, project):
            delete(api, present)
    for image in (REPLACED, SECOND, NEW):
        bring_in_line(api, upload(api, image, image.build()), image, image.properties)
    bring_in_line(api, create(api, UNFINISHED), UNFINISHED, UNFINISHED.properties)
    for present in _named(api, DEACTIVATED.name, project):
        api.call("POST", f"/v2/images/{present['id']}/actions/deactivate")
    say(f"{MASTER_REGION}: deleted: {DELETED.name}; replaced: {REPLACED.name}; uploaded twice: {SECOND.name}; "
        f"new: {NEW.name}; not uploaded yet: {UNFINISHED.name}; deactivated: {DEACTIVATED.name}")


def _owner(cloud: Cloud) -> tuple[Client, str]:
    """The account whose images are changed, and its project."""
    project = cloud.accounts[cloud.keystone_of(MASTER_REGION).name][MAIN_ACCOUNT].project_id
    return client_of(cloud, MASTER_REGION, MAIN_ACCOUNT), project


def _named(api: Client, name: str, project: str) -> Sequence[dict[str, Any]]:
    """The project's images of a name."""
    return list(api.pages(query("/v2/images", name=name, owner=project), "images"))
