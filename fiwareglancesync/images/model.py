"""The plain data that all packages use: images, statuses, patches, listings.

Nothing here does I/O, or decides by anything but its arguments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any

from ..openstack.credential import same_project

MAX_NAME = 255
"""Characters that an image's name may have."""

JOURNAL = "glancesync_pending"
"""The property that holds the journal of a change (design 4)."""

SOURCE_HASH = "glancesync_source_hash"
"""The property that names the master image without a hash of which an image was made (sync 3.1)."""

MEMBERS = "glancesync_members"
"""The property that lists the projects with which this program has shared an image (sync 3.5)."""

_UUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)

LINKS = ("kernel_id", "ramdisk_id")
"""Properties that hold the UUID of another image (sync 3.6)."""

OBSOLETE = "_obsolete"
"""Suffix of the name of an obsolete image (sync 3.8)."""

SYNC_FIELDS = ("hidden", "min_disk", "min_ram", "tags", "protected")
"""Fields that are kept in step only where ``sync_fields`` names them (sync 3.5)."""


class _NoProperties(Mapping[str, str]):
    """The empty mapping. A ``MappingProxyType`` neither pickles nor, before Python 3.12, may be a field's default."""

    def __getitem__(self, key: str) -> str:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __hash__(self) -> int:
        return hash(())

    def __repr__(self) -> str:
        return "{}"


NO_PROPERTIES: Mapping[str, str] = _NoProperties()


class SyncStatus(str, Enum):
    """What a synchronisation would do, or not do, with one image in one region (sync 3.4)."""

    OK = "ok"
    OK_STALLED_CHECKSUM = "ok_stalled_checksum"
    ERROR_CHECKSUM = "error_checksum"
    ERROR_AMI = "error_ami"
    PENDING_METADATA = "pending_metadata"
    PENDING_UPLOAD = "pending_upload"
    PENDING_REPLACE = "pending_replace"
    PENDING_RENAME = "pending_rename"
    PENDING_AMI = "pending_ami"

    @property
    def pending(self) -> bool:
        """Whether a run would change something for this image."""
        return self.value.startswith("pending_")

    @property
    def error(self) -> bool:
        """Whether the image awaits a decision of the user."""
        return self.value.startswith("error_")

    @property
    def moves_content(self) -> bool:
        """Whether a run would make a new image in the region."""
        return self in MOVES

    def __str__(self) -> str:
        return self.value


MOVES = frozenset({SyncStatus.PENDING_UPLOAD, SyncStatus.PENDING_REPLACE, SyncStatus.PENDING_RENAME})


@dataclass(frozen=True, slots=True)
class Image:
    """An image as one region lists it.

    :param id: the image's UUID in its region
    :param name: its name, "" when it has none
    :param region: full name of the region (``Burgos``, ``federation2:Madrid``)
    :param owner: project id of the owner, "" when unknown
    :param status: Glance's status (``active``, ``queued``, ``deactivated`` …)
    :param size: bytes, None when unknown
    :param checksum: MD5 in hexadecimal, None when unknown
    :param hash_algo: algorithm of ``hash_value`` (``sha512``), None when unknown
    :param hash_value: the multihash in hexadecimal, None when unknown
    :param created_at: sorts images by age; ISO time of a Glance, a row number in the embedded federation
    :param visibility: ``public``, ``private``, ``shared`` or ``community``
    :param exact_visibility: False when the source only states public or not public (a CSV file)
    :param min_disk: GiB
    :param min_ram: MiB
    :param user_properties: the properties that are not attributes of their own, links included
    :param unstated: those of ``SYNC_FIELDS`` that the source does not state, so that they cannot be compared
    """

    id: str
    name: str
    region: str
    owner: str = ""
    status: str = "active"
    size: int | None = None
    checksum: str | None = None
    hash_algo: str | None = None
    hash_value: str | None = None
    created_at: str = ""
    hidden: bool = False
    visibility: str = "private"
    exact_visibility: bool = True
    protected: bool = False
    disk_format: str | None = None
    container_format: str | None = None
    min_disk: int = 0
    min_ram: int = 0
    tags: tuple[str, ...] = ()
    user_properties: Mapping[str, str] = NO_PROPERTIES
    unstated: frozenset[str] = frozenset()

    @property
    def is_public(self) -> bool:
        """Whether every project of the region sees the image."""
        return self.visibility == "public"

    @property
    def is_active(self) -> bool:
        """Whether the image can be used."""
        return self.status == "active"

    @property
    def has_content_hash(self) -> bool:
        """Whether its content can be compared with another image's at all."""
        return bool(self.checksum or (self.hash_algo and self.hash_value))

    @property
    def label(self) -> str:
        """What users read of it: its name, or its UUID where it has none."""
        return self.name or self.id

    @property
    def order(self) -> tuple[str, str]:
        """The key of the order that decides between namesakes (sync 3.0)."""
        return (self.created_at, self.id)


@dataclass(frozen=True, slots=True)
class DescribedImage:
    """An image, with all that its region says of it.

    :param document: the description of the region, verbatim
    """

    image: Image
    document: Mapping[str, Any] = field(hash=False, repr=False)


def same_hash(one: Image, other: Image) -> bool:
    """Tell whether two images state the same hash.

    :param one: an image
    :param other: another image, of any region
    :return: equal multihash where both state one of the same algorithm, else equal MD5;
        never equal because one is missing
    """
    if one.hash_value and other.hash_value and one.hash_algo == other.hash_algo:
        return one.hash_value == other.hash_value
    return bool(one.checksum) and one.checksum == other.checksum


def same_content(master: Image, image: Image) -> bool:
    """Tell whether an image holds the bytes of a master image (sync 3.1).

    :param master: a master image
    :param image: an image of a region
    :return: whether they state the same hash; where the master's states none, whether the image was made of it and
        verified, as ``SOURCE_HASH`` states
    """
    return same_hash(master, image) or (not master.has_content_hash and _was_made_of(master, image))


def _was_made_of(master: Image, image: Image) -> bool:
    text = image.user_properties.get(SOURCE_HASH)
    return text is not None and text == source_hash(master, image)


def source_hash(master: Image, image: Image) -> str:
    """What ``SOURCE_HASH`` says of an image that was made of a master image without a hash.

    :param master: the master image
    :param image: the image, once the region has stated its hash
    """
    algorithm, value = (image.hash_algo, image.hash_value) if image.hash_value else ("md5", image.checksum)
    said = {"algorithm": algorithm if value else None, "hash": value, "id": master.id, "size": master.size}
    return json.dumps(said, separators=(",", ":"))


def is_uuid(text: str) -> bool:
    """Whether a text has the form of a UUID, with or without dashes."""
    return _UUID.fullmatch(text) is not None


def normal_uuid(text: str) -> str:
    """The one form of a UUID: lower case, with dashes; any other text stays as it is.

    :param text: as a user or a service writes it
    """
    if not is_uuid(text):
        return text
    digits = text.replace("-", "").lower()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def seconds_since_epoch(time: str) -> float:
    """Read an ISO 8601 time.

    :param time: with its offset from UTC; anybody may have written it
    :return: seconds since the epoch, 0 when it is no time
    """
    try:
        return datetime.fromisoformat(time).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


@dataclass(frozen=True, slots=True)
class NewImage:
    """What a new image is created with (sync 3.5, last paragraph); always private and unprotected.

    :param id: the UUID that we choose for it
    :param properties: user properties, the journal included
    :param hidden: whether listings leave it out
    """

    id: str
    name: str
    disk_format: str | None
    container_format: str | None
    min_disk: int = 0
    min_ram: int = 0
    tags: tuple[str, ...] = ()
    properties: Mapping[str, str] = NO_PROPERTIES
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Patch:
    """A minimal change of an image: what is None or empty is not sent (sync 3.5).

    :param name: new name
    :param visibility: new visibility
    :param protected: new protection
    :param set: properties to add or replace
    :param remove: properties to remove; the image is known to have them
    :param hidden: whether listings are to leave it out
    :param min_disk: GiB
    :param min_ram: MiB
    :param tags: tags to add; the others stay
    """

    name: str | None = None
    visibility: str | None = None
    protected: bool | None = None
    set: Mapping[str, str] = NO_PROPERTIES
    remove: tuple[str, ...] = ()
    hidden: bool | None = None
    min_disk: int | None = None
    min_ram: int | None = None
    tags: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.set or self.remove or self.tags) or self._values() != _UNCHANGED

    @property
    def fields(self) -> Mapping[str, Any]:
        """The fields of the image that get a new value: name → value."""
        return {name: value for name, value in zip(_PATCHED, self._values(), strict=True) if value is not None}

    def _values(self) -> tuple[Any, ...]:
        return self.name, self.visibility, self.protected, self.hidden, self.min_disk, self.min_ram

    def apply(self, image: Image) -> Image:
        """Return the image as it looks once the patch is done.

        :param image: the image before
        :return: a new image
        """
        properties = {k: v for k, v in image.user_properties.items() if k not in self.remove}
        properties.update(self.set)
        changes: dict[str, Any] = {**self.fields, "user_properties": properties}
        if self.visibility is not None:
            changes["exact_visibility"] = True
        if self.tags:
            changes["tags"] = tuple(sorted({*image.tags, *self.tags}))
        if not image.unstated.isdisjoint(changes):
            changes["unstated"] = image.unstated.difference(changes)
        return replace(image, **changes)


_PATCHED = ("name", "visibility", "protected", "hidden", "min_disk", "min_ram")
_UNCHANGED = (None,) * len(_PATCHED)


@dataclass(frozen=True, slots=True)
class Listing:
    """All images of one region that matter (sync 3.0).

    :param region: full name of the region
    :param project: id of the project that owns "our" images there
    :param images: in any order
    :param members: UUID → ids of the projects that the image is shared with, where that was asked for
    :param missing: UUID → why the place does not have the content of the image, where it does not
    """

    region: str
    project: str
    images: tuple[Image, ...] = field(repr=False)
    members: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)
    missing: Mapping[str, str] = field(default_factory=dict, repr=False)

    def owns(self, image: Image) -> bool:
        """Whether an image belongs to the project; an empty owner, in a CSV, does (sync 3.1)."""
        return not image.owner or same_project(image.owner, self.project)

    def is_copy(self, image: Image, master: Image) -> bool:
        """Whether an image of the region holds the bytes of a master image.

        Anybody can write ``SOURCE_HASH`` on an image of their own: only the project's images prove something by it.
        """
        return same_hash(master, image) or (self.owns(image) and same_content(master, image))
