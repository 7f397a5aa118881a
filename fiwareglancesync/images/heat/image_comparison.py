"""Compares what templates need with a region and a shelf (vault 5.2). Pure: all of them have been read before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from ..model import JOURNAL, LINKS, Image, Listing, is_uuid, normal_uuid
from ..planning.journal import NEW, Journal
from ..removal_mark import is_hidden_for_removal
from .image_status import WORST_FIRST, ImageStatus, TableRow, classify
from .lost_links import LostLinks, lost_links
from .template_images import NamedImage, TemplateImages

ACTIVE, DEACTIVATED = "active", "deactivated"


@dataclass(frozen=True)
class ComparedImage:
    """A name, with all images that have it.

    :param name: or the UUID, of an image without a name and of one that no place has
    :param needed: whether templates need it, or an image that they need links to it
    :param mentioned: whether templates mention it, or an image that they mention links to it
    :param on_region: whether the region has it: one of the project's own, active
    :param on_shelf: whether the shelf has it, with its content
    :param reason: what the user is to know besides, "" for nothing
    :param own: the images of the project in the region, without those that are hidden before their deletion
    :param hidden: those that are
    :param kept: the images on the shelf, also those whose content is lost
    :param positions: where templates need it, as ``file:line``
    :param lost_links: of a needed image of the region, None where there are none
    """

    name: str
    needed: bool
    mentioned: bool
    on_region: bool
    on_shelf: bool
    status: ImageStatus
    reason: str = ""
    own: tuple[Image, ...] = ()
    hidden: tuple[Image, ...] = ()
    kept: tuple[Image, ...] = ()
    positions: tuple[str, ...] = ()
    lost_links: LostLinks | None = None

    @property
    def row(self) -> TableRow:
        """Its row in a table."""
        places = (self.on_shelf, self.on_region)
        is_linked = self.lost_links is None
        return TableRow(self.name, self.needed, *places, self.status, self.reason, self.positions, is_linked)


@dataclass(frozen=True)
class Comparison:
    """What templates need, beside what a region and a shelf have.

    :param rows: one for each name, the worst first
    :param region: the listing of the region
    :param shelf: the listing of the shelf
    :param templates: what templates name
    :param tag: only names that contain it are compared
    """

    rows: tuple[ComparedImage, ...]
    region: Listing
    shelf: Listing
    templates: TemplateImages
    tag: str = ""

    def of(self, *statuses: ImageStatus) -> list[ComparedImage]:
        """The rows that have one of some statuses."""
        return [row for row in self.rows if row.status in statuses]

    @property
    def tag_matches_nothing(self) -> bool:
        """Whether nothing is compared because of the tag, which is perhaps misspelt."""
        return bool(self.tag) and not self.rows

    def with_region(self, region: Listing) -> Comparison:
        """The same comparison with a later listing of the region."""
        return compare(self.templates, region, self.shelf, self.tag)

    @cached_property
    def by_name(self) -> Mapping[str, ComparedImage]:
        """The rows by name."""
        return {row.name: row for row in self.rows}


@dataclass(frozen=True)
class _Places:
    """The images of both places, by name and by UUID.

    :param own: the project's own ones in the region
    :param others: other projects' ones in the region
    :param kept: those of the shelf
    """

    own: Mapping[str, list[Image]]
    others: Mapping[str, list[Image]]
    kept: Mapping[str, list[Image]]
    by_id: Mapping[str, Image]

    @staticmethod
    def of(region: Listing, shelf: Listing) -> _Places:
        """Sort the images of two listings."""
        own = _by_label(image for image in region.images if region.owns(image) and not _is_unfinished(image))
        others = _by_label(image for image in region.images if not region.owns(image))
        by_id = {normal_uuid(image.id): image for image in (*shelf.images, *region.images)}
        return _Places(own, others, _by_label(shelf.images), by_id)

    def name_of(self, word: str) -> str:
        """The name of the image that templates, or a link, mean by a name or a UUID."""
        image = self.by_id.get(normal_uuid(word)) if is_uuid(word) else None
        return word if image is None else image.label

    def links_of(self, name: str) -> Iterable[tuple[str, bool]]:
        """The UUIDs that the images of a name link to, each with whether it is needed although no place has it."""
        own, others, kept = (side.get(name, []) for side in (self.own, self.others, self.kept))
        for images, is_certain in ((own, True), (others, False), (kept, not own and not others)):
            for image in images:
                found = (image.user_properties.get(key, "") for key in LINKS)
                yield from ((uuid, is_certain) for uuid in found if is_uuid(uuid))


@dataclass
class _Names:
    """Names that templates give, with the images that those link to.

    :param linked: name → the image that links to it
    :param positions: name → where templates give it
    """

    names: set[str] = field(default_factory=set)
    linked: dict[str, str] = field(default_factory=dict)
    positions: dict[str, list[str]] = field(default_factory=dict)


def compare(templates: TemplateImages, region: Listing, shelf: Listing, tag: str = "") -> Comparison:
    """Compare templates, a region and a shelf.

    :param templates: what templates name
    :param region: all images of the region
    :param shelf: the images of the newest complete backup; those whose content is lost are in ``missing``
    :param tag: only names that contain it are compared, whatever their case; images that such ones link to are too,
        and what templates name by a UUID that no place has
    """
    places = _Places.of(region, shelf)
    needed, mentioned = _names(templates.needed, places), _names(templates.mentioned, places)
    every = needed.names.union(places.own, places.kept)
    rows = {name: _compared(name, needed, mentioned, places, shelf) for name in every}
    chosen = [row for row in rows.values() if _is_anywhere(row) and _is_tagged(row.name, tag, needed)]
    chosen = [_with_lost_links(row, rows, region, shelf) for row in chosen]
    order = {status: number for number, status in enumerate(WORST_FIRST)}
    chosen.sort(key=lambda row: (order[row.status], row.name))
    return Comparison(tuple(chosen), region, shelf, templates, tag)


def _with_lost_links(
    row: ComparedImage, rows: Mapping[str, ComparedImage], region: Listing, shelf: Listing
) -> ComparedImage:
    """A row, with the links of its image that are to be changed."""
    if not row.needed or len(row.own) != 1 or not row.on_region:
        return row

    def successor(name: str) -> str | None:
        found = rows.get(name)
        return found.own[0].id if found is not None and found.status is ImageStatus.ALL_GOOD else None

    lost = lost_links(row.own[0], region, shelf, successor)
    return replace(row, lost_links=lost, reason=lost.text) if lost.new else row


def _is_unfinished(image: Image) -> bool:
    """Whether an image is what an interrupted restore has left, which the next one fills or publishes (vault 4.2)."""
    if JOURNAL not in image.user_properties:
        return False
    journal = Journal.of(image)
    return image.status != ACTIVE or (journal is not None and (journal.image_id, journal.step) == (image.id, NEW))


def _is_anywhere(row: ComparedImage) -> bool:
    """Whether an image is more than an entry of the shelf whose content is lost."""
    return row.status is not ImageStatus.DELETE or row.on_region or row.on_shelf


def _by_label(images: Iterable[Image]) -> dict[str, list[Image]]:
    found: dict[str, list[Image]] = {}
    for image in images:
        found.setdefault(image.label, []).append(image)
    return found


def _names(words: Iterable[NamedImage], places: _Places) -> _Names:
    """The names of images that templates mean, with those of the images that these link to."""
    found = _Names()
    for word in words:
        if word.name.strip():
            name = places.name_of(word.name)
            found.names.add(name)
            found.positions.setdefault(name, []).append(str(word.position))
    waiting = sorted(found.names)
    while waiting:
        name = waiting.pop()
        for uuid, is_certain in places.links_of(name):
            linked = places.name_of(normal_uuid(uuid))
            if linked not in found.names and (is_certain or normal_uuid(uuid) in places.by_id):
                found.names.add(linked)
                found.linked.setdefault(linked, name)
                waiting.append(linked)
    return found


def _who_mentions(name: str, mentioned: _Names) -> str:
    """What mentions an image, and how: a template, or an image that is mentioned itself."""
    where = mentioned.positions.get(name)
    return f"{where[0]} mentions" if where else f"image {mentioned.linked[name]} links to"


def _is_tagged(name: str, tag: str, needed: _Names) -> bool:
    """Whether a name, or one that links to it, contains the tag; of a UUID that stands alone nobody knows the name."""
    while True:
        if tag.casefold() in name.casefold() or (is_uuid(name) and name in needed.names):
            return True
        if name not in needed.linked:
            return False
        name = needed.linked[name]


def _compared(name: str, needed: _Names, mentioned: _Names, places: _Places, shelf: Listing) -> ComparedImage:
    is_needed = name in needed.names
    every, kept = places.own.get(name, []), places.kept.get(name, [])
    hidden = [image for image in every if is_hidden_for_removal(image)]
    own = [image for image in every if image not in hidden]
    is_there = any(image.status == ACTIVE for image in own) or (bool(hidden) and not is_needed)
    is_kept = any(_has_content(image, shelf, own) for image in kept)
    status, reason = _status(name, places, own, hidden, kept, is_needed, is_kept)
    if not reason and name in needed.linked:
        reason = f"image {needed.linked[name]} links to it"
    reason = reason or _why_not_kept(kept, shelf, is_kept)
    if not is_needed and name in mentioned.names:
        mentioning = f"as {_who_mentions(name, mentioned)} it"
        if hidden:
            reason = f"it is hidden, and not deleted, {mentioning}; vault undelete {hidden[0].id} shows it"
        reason = reason or f"it stays, {mentioning}"
    return ComparedImage(
        name,
        is_needed,
        name in mentioned.names,
        is_there,
        is_kept,
        status,
        reason,
        tuple(own),
        tuple(hidden),
        tuple(kept),
        tuple(needed.positions.get(name, ())),
    )


def _status(
    name: str, places: _Places, own: list[Image], hidden: list[Image], kept: list[Image], needed: bool, is_kept: bool
) -> tuple[ImageStatus, str]:
    """The status of a name, and what the user is to know besides; those that are shown apart come first."""
    if len(own) > 1 or len(kept) > 1:
        where, images = ("region", own) if len(own) > 1 else ("shelf", kept)
        return ImageStatus.AMBIGUOUS, f"the {where} has {len(images)} images of this name: {_uuids(images)}"
    for image in own:
        if image.status == DEACTIVATED:
            return ImageStatus.DEACTIVATED, "an administrator has deactivated it in the region"
        if image.status != ACTIVE:
            return ImageStatus.BUSY, f"it is {image.status} in the region"
    if not needed:
        return ImageStatus.DELETE, "hidden, to be deleted later" if hidden else ""
    if own and is_kept and not _is_same(own[0], kept[0]):
        return ImageStatus.DIFFERS, "the region and the shelf have different bytes"
    if hidden and not own:
        return ImageStatus.IMAGE_MISSING, "it is hidden, to be deleted later, and templates need it again"
    if not own and any(image.status == ACTIVE for image in places.others.get(name, [])):
        return ImageStatus.ELSEWHERE, "another project has it"
    return classify(needed=True, on_region=bool(own), on_shelf=is_kept), ""


def _uuids(images: Iterable[Image]) -> str:
    return ", ".join(sorted(image.id for image in images))


def _has_content(image: Image, shelf: Listing, own: list[Image]) -> bool:
    """Whether the shelf has all of an image; one without bytes has none in the region either."""
    return image.id not in shelf.missing or any(other.id == image.id and _has_no_bytes(other) for other in own)


def _has_no_bytes(image: Image) -> bool:
    return not image.size and not image.has_content_hash


def _why_not_kept(kept: list[Image], shelf: Listing, is_kept: bool) -> str:
    if is_kept or not kept:
        return ""
    return shelf.missing.get(kept[0].id, "")


def _is_same(image: Image, kept: Image) -> bool:
    """Whether two images have the same bytes; if no hash of both can be compared, the UUID decides."""
    if image.hash_value and kept.hash_value and image.hash_algo == kept.hash_algo:
        return image.hash_value == kept.hash_value
    if image.checksum and kept.checksum:
        return image.checksum == kept.checksum
    return normal_uuid(image.id) == normal_uuid(kept.id)
