"""The images of a region, made and seen with python-glanceclient."""

from __future__ import annotations

import io
import itertools
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .cloud import OURS, DevelopmentCloud
from .contents import content, label

AMAZON = ("aki", "ami", "ari")
ATTRIBUTES = frozenset(
    {
        *("id", "name", "status", "visibility", "protected", "os_hidden", "owner", "tags", "created_at", "updated_at"),
        *("checksum", "os_hash_algo", "os_hash_value", "size", "virtual_size", "disk_format", "container_format"),
        *("min_disk", "min_ram", "self", "file", "schema", "stores", "locations", "direct_url"),
    }
)
"""What Glance returns of every image; all else are its properties."""

NO_BYTES = "-"
"""How tables write that an image has no content."""


@dataclass(frozen=True)
class Given:
    """An image to be made.

    :param content: the label of its bytes; ``-``: none are ever sent
    :param owner: the account whose project owns it
    :param form: ``raw``, or one of Amazon's
    """

    name: str | None
    content: str
    visibility: str = "public"
    owner: str = OURS
    status: str = "active"
    form: str = "raw"
    properties: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """An image as Glance returns it; ``content`` is the label of its bytes, which were read."""

    id: str
    name: str
    content: str
    visibility: str
    owner: str
    status: str
    form: str
    protected: bool
    hidden: bool
    min_disk: int
    min_ram: int
    tags: Sequence[str]
    properties: Mapping[str, str]


class Store:
    """The images of one region, whoever owns them.

    :param cloud: the development cloud
    :param region: the region's name
    """

    def __init__(self, cloud: DevelopmentCloud, region: str) -> None:
        self._cloud = cloud
        self.region = region
        self._images: dict[str, Any] = {}
        self._prefix = uuid.uuid4().hex[:8]
        self._numbers = itertools.count(1)

    def add(self, given: Given) -> str:
        """Make an image.

        Glance states the time of creation in whole seconds and images of the same second are ordered by UUID, so
        the UUIDs count upwards: the order of creation is the order of the listing.

        :return: its UUID
        """
        client = self._client(given.owner)
        amazon = given.form in AMAZON
        fields: dict[str, Any] = {**given.attributes, **given.properties}
        if given.name is not None:
            fields["name"] = given.name
        image = client.create(
            id=f"{self._prefix}-0000-4000-8000-{next(self._numbers):012x}",
            disk_format=given.form,
            container_format=given.form if amazon else "bare",
            visibility=given.visibility,
            **fields,
        )
        if given.content != NO_BYTES:
            data = content(given.content)
            client.upload(image.id, io.BytesIO(data), image_size=len(data))
        if given.status == "deactivated":
            client.deactivate(image.id)
        assert client.get(image.id).status == given.status, f"{given.name} is not {given.status}"
        return str(image.id)

    def listing(self) -> list[Any]:
        """What Glance returns of all images, in their order: everybody's, the hidden ones too."""
        client = self._client()
        # Without visibility=all an administrator is shown everything but the community images of others.
        filters = [{"os_hidden": hidden, "visibility": "all"} for hidden in (False, True)]
        found = [image for wanted in filters for image in client.list(filters=wanted)]
        return sorted(found, key=lambda image: (image["created_at"], image["id"]))

    def seen(self) -> list[Seen]:
        """All images with their bytes."""
        return [self._seen(image) for image in self.listing()]

    def uuids(self, name: str) -> list[str]:
        """The UUIDs of the images of a name."""
        return [str(image["id"]) for image in self.listing() if image["name"] == name]

    def change(self, uuid: str, removed: Sequence[str] = (), **fields: Any) -> None:
        """Change an image as its owner would."""
        self._client().update(uuid, remove_props=list(removed) or None, **fields)

    def clear(self) -> None:
        """Remove all images."""
        client = self._client()
        for image in self.listing():
            if image["protected"]:
                client.update(image["id"], protected=False)
            client.delete(image["id"])

    def _client(self, account: str = OURS) -> Any:
        """Kept, for each new one asks for Glance's schema."""
        if account not in self._images:
            self._images[account] = self._cloud.client(self.region, account).images
        return self._images[account]

    def _seen(self, image: Any) -> Seen:
        return Seen(
            id=image["id"],
            name=image["name"] or "",
            content=self._content(image),
            visibility=image["visibility"],
            owner=self._cloud.owner(self.region, image["owner"]),
            status=image["status"],
            form=image["disk_format"],
            protected=image["protected"],
            hidden=image["os_hidden"],
            min_disk=image["min_disk"],
            min_ram=image["min_ram"],
            tags=sorted(image["tags"]),
            properties={key: image[key] for key in image if key not in ATTRIBUTES},
        )

    def _content(self, image: Any) -> str:
        if image["status"] == "queued":
            return NO_BYTES
        pieces = self._client().data(image["id"])
        # An image of no bytes is answered without a body.
        return label(b"".join(pieces) if pieces is not None else b"")
