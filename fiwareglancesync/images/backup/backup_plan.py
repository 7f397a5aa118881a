"""What a backup does with each image of a region (vault 3). Pure: vault and region have been looked at before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any

from ..model import DescribedImage, Image, is_uuid
from ..vault.incoming_content import SHA512
from ..vault.strict_json import is_sha512
from ..vault.vault_model import ContentKey, ImageState, KeptImage, Record, SkippedImage

UNFINISHED = frozenset({"queued", "saving", "importing", "uploading", "killed", "deleted", "pending_delete"})
"""The states of images that have no content, or not yet."""

NO_BYTES = "it has no bytes"
NO_UUID = "its id is no UUID"


class Step(Enum):
    """What is done with an image."""

    KEEP = "keep"
    """Its record stays."""

    RECORD = "record"
    """It gets a new record; the vault has its content, or there is none."""

    FETCH = "fetch"
    """Its bytes are read, and it gets a new record unless it has the right one."""

    STAY = "stay"
    """Its record stays, although the region does not have it any more."""

    SKIP = "skip"
    """It has no content yet."""

    REFUSE = "refuse"
    """It cannot be kept."""


@dataclass(frozen=True)
class FormerImage:
    """An image as the shelf's newest run has it.

    :param record: None when it cannot be read
    """

    kept: KeptImage
    record: Record | None

    def is_of(self, state: ImageState, content: ContentKey | None, missing: str | None) -> bool:
        """Whether its record says certain things of the image."""
        record = self.record
        if record is None or (record.content, record.missing) != (content, missing):
            return False
        return same_state(record.state, state)


@dataclass(frozen=True)
class Inventory:
    """A region and a shelf as they are.

    :param images: the project's own images, with their descriptions
    :param others: number of images of other projects
    :param members: UUID → projects that the image is shared with, of shared images
    :param former: the images of the shelf's newest run, by UUID
    :param held: the contents that the vault has
    """

    images: tuple[DescribedImage, ...]
    others: int = 0
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    former: Mapping[str, FormerImage] = field(default_factory=dict)
    held: frozenset[ContentKey] = frozenset()


@dataclass(frozen=True)
class BackupScope:
    """The images that a backup is about, where it is not about all of a region; the others keep their records.

    :param images: UUIDs of images of the region
    :param leaving: UUIDs of images of the shelf that the region does not have, and that are not in the run any more
    """

    images: frozenset[str]
    leaving: frozenset[str] = frozenset()


@dataclass(frozen=True)
class PlannedImage:
    """What is done with one image.

    :param state: what is to be kept of it
    :param content: what its bytes are, as far as that is known beforehand
    :param missing: why it has no content, None when it has
    :param former: the image as the newest run has it
    :param reason: why this is done
    """

    image: Image
    step: Step
    state: ImageState
    content: ContentKey | None = None
    missing: str | None = None
    former: FormerImage | None = None
    reason: str = ""

    @property
    def name(self) -> str:
        """What users see: its name, or its UUID where it has none."""
        return self.image.name or self.image.id

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.image.size or 0

    @property
    def anew(self) -> PlannedImage:
        """The same image, whatever was planned: its bytes are read, if it has any, and it gets a record."""
        return replace(self, step=Step.RECORD if has_no_bytes(self.state) else Step.FETCH)


@dataclass(frozen=True)
class BackupPlan:
    """What a backup does in one region.

    :param images: all images that are kept, refused or skipped
    :param others: number of images of other projects
    :param patterns: of ``--image``
    :param unmatched: those that match no image
    """

    images: tuple[PlannedImage, ...]
    others: int = 0
    patterns: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()

    def of(self, *steps: Step) -> list[PlannedImage]:
        """The images with which certain things are done; those that are fetched by size, the smallest first."""
        found = [planned for planned in self.images if planned.step in steps]
        return sorted(found, key=lambda planned: planned.size) if Step.FETCH in steps else found

    @property
    def fetched_bytes(self) -> int:
        """The bytes to be read; the same content counts once."""
        fetches = self.of(Step.FETCH)
        known = {planned.content for planned in fetches if planned.content is not None}
        return sum(planned.size for planned in fetches if planned.content is None) + sum(key.size for key in known)

    @property
    def skipped(self) -> tuple[SkippedImage, ...]:
        """The images that have no content yet."""
        return tuple(SkippedImage(p.image.id, p.image.name, p.image.status) for p in self.of(Step.SKIP))


def plan_backup(
    inventory: Inventory,
    patterns: tuple[str, ...] = (),
    *,
    trust_hashes: bool = True,
    scope: BackupScope | None = None,
) -> BackupPlan:
    """Decide what is done with each image.

    :param inventory: the region and the shelf
    :param patterns: of ``--image``; without any, all images are meant
    :param trust_hashes: whether content that the vault has is not read again
    :param scope: the images that are meant, None for all
    """
    images = []
    for described in inventory.images:
        if _is_meant(described.image, patterns, scope):
            images.append(_planned(described, inventory, trust_hashes=trust_hashes))
        elif (former := inventory.former.get(described.image.id)) is not None:
            images.append(PlannedImage(described.image, Step.KEEP, _state(described, inventory), former=former))
    images += list(_staying(inventory, scope, images)) if scope is not None else ()
    names = [described.image.name for described in inventory.images]
    unmatched = tuple(p for p in dict.fromkeys(patterns) if not any(fnmatchcase(name, p) for name in names))
    return BackupPlan(tuple(images), inventory.others, patterns, unmatched)


def _is_meant(image: Image, patterns: tuple[str, ...], scope: BackupScope | None) -> bool:
    if scope is not None and image.id not in scope.images:
        return False
    return not patterns or any(fnmatchcase(image.name, pattern) for pattern in patterns)


def _staying(inventory: Inventory, scope: BackupScope, planned: Iterable[PlannedImage]) -> Iterator[PlannedImage]:
    """The images of the shelf that stay although the region does not have them any more.

    Another image of the name takes the place of one only if it is in the run itself: one that nobody can read yet, that
    has just been deleted, or that the backup is not about, does not.
    """
    there = {described.image.id for described in inventory.images}
    names = {each.image.label for each in planned if each.step not in (Step.SKIP, Step.REFUSE)}
    for uuid, former in inventory.former.items():
        image = Image(uuid, former.kept.name, "")
        if uuid not in there | scope.leaving and image.label not in names:
            state = ImageState(uuid, {}) if former.record is None else former.record.state
            yield PlannedImage(image, Step.STAY, state, former=former)


def content_of(state: ImageState, former: Record | None) -> ContentKey | None:
    """What the bytes of an image are, as far as that is known without reading them.

    :param state: the image as it is
    :param former: its former record; bytes of an image never change, so they are the same if size and hashes are
    """
    stated = state.hashes.get(SHA512)
    if stated is not None and is_sha512(stated) and state.size is not None:
        return ContentKey(stated, state.size)
    if former is not None and former.state.size == state.size and former.state.hashes == state.hashes:
        return former.content
    return None


def has_no_bytes(state: ImageState) -> bool:
    """Whether an image has no content at all, such as a snapshot of a volume."""
    return not state.size and not state.hashes


def same_state(one: ImageState, other: ImageState) -> bool:
    """Whether two states of an image are the same. Services list tags in any order."""
    return one.members == other.members and _comparable(one.document) == _comparable(other.document)


def _comparable(document: Mapping[str, Any]) -> dict[str, Any]:
    tags = document.get("tags")
    return {**document, "tags": sorted(map(str, tags))} if isinstance(tags, list) else dict(document)


def _state(described: DescribedImage, inventory: Inventory) -> ImageState:
    uuid = described.image.id
    return ImageState(uuid, described.document, inventory.members.get(uuid))


def _planned(described: DescribedImage, inventory: Inventory, *, trust_hashes: bool) -> PlannedImage:
    image, state = described.image, _state(described, inventory)
    former = inventory.former.get(image.id)
    record = former.record if former is not None else None
    planned = PlannedImage(image, Step.KEEP, state, former=former)
    if not is_uuid(image.id):
        return replace(planned, step=Step.REFUSE, reason=NO_UUID)
    if image.status in UNFINISHED:
        return replace(planned, step=Step.SKIP, reason=image.status)
    if has_no_bytes(state):
        step = Step.KEEP if former is not None and former.is_of(state, None, NO_BYTES) else Step.RECORD
        return replace(planned, step=step, missing=NO_BYTES, reason=NO_BYTES)
    content = content_of(state, record)
    planned = replace(planned, content=content)
    if content is None or content not in inventory.held:
        return replace(planned, step=Step.FETCH, reason="the vault does not have its content")
    if not trust_hashes:
        return replace(planned, step=Step.FETCH, reason="its hash is not trusted")
    if former is not None and former.is_of(state, content, None):
        return replace(planned, reason="unchanged")
    return replace(planned, step=Step.RECORD, reason="new metadata" if former else "the vault has its content")
