"""Which images a restore means: all of a source, not a selection (vault 4)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ...base.messages import Message
from ..model import LINKS, SOURCE_HASH, SYNC_FIELDS, Image, Listing
from ..settings import Target
from .journal import read_journals
from .links import linked_first, links_of
from .matching import CONSIDERED, DEACTIVATED
from .properties import NEVER, Wanted
from .selection import (
    ANOTHERS,
    LEFT_OUT_COUNT,
    NOT_ACTIVE,
    UNFINISHED,
    LeftOut,
    Selected,
    Selection,
)
from .source_images import SourceImages

KEY = "cinder_encryption_key_id"

NO_BYTES = "it holds no bytes, as a snapshot of a volume does"
NO_SIZE = "it has no size, so a copy could not be verified"
NAMESAKES = "several images have this name; --uuid restores one of them"


def restored_target(target: Target, *, members: bool) -> Target:
    """The rules of a target for a restore: what decides about conflicts stays, what selects does not apply.

    :param target: of the destination
    :param members: whether members of shared images are restored
    """
    return replace(
        target,
        forcesyncs=frozenset(),
        metadata_condition=None,
        metadata_set=frozenset(),
        metadata_exclude=(),
        only_tenant_images=True,
        support_obsolete_images=False,
        obsolete_syncprops=frozenset(),
        sync_fields=frozenset(SYNC_FIELDS),
        skip_unhashed=False,
        sync_members=members,
        member_map=(),
    )


def select_all(source: Listing, target: Target, chosen: Collection[str] = ()) -> Selection:
    """Choose all images of a source. Each name stands for one image; of namesakes only a chosen one is restored.

    :param source: the images of the source
    :param target: the target of the destination, as ``restored_target`` makes it
    :param chosen: UUIDs of ``--uuid``
    """
    found = _AllImages(source, frozenset(chosen))
    images = sorted(found.images, key=lambda image: (image.size or 0, image.name))
    by_name = {image.name: Selected(_as_restored(image), _properties(image), {}, {}) for image in images}
    graph = {}
    for image in images:
        linked = {found.names[uuid] for uuid in links_of(image).values() if found.names.get(uuid) in by_name}
        if linked:
            graph[image.name] = linked
    order = linked_first(list(by_name), graph)
    messages = [*found.messages, *(message for image in images for message in _losses(image))]
    return Selection(
        target,
        tuple(by_name.values()),
        tuple(by_name[name] for name in order),
        obsolete=(),
        to_hide=(),
        left_out=tuple(found.left_out),
        not_selected=dict(found.not_selected),
        messages=tuple(messages),
        source=SourceImages(found.names, found.namesakes),
    )


@dataclass
class _AllImages:
    """The images of a source that are restored, and those that are not.

    :param source: the images of the source
    :param chosen: UUIDs of ``--uuid``
    """

    source: Listing
    chosen: frozenset[str]
    images: list[Image] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    not_selected: Counter[str] = field(default_factory=Counter)
    messages: list[Message] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    namesakes: dict[str, tuple[Image, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        temporary = read_journals(self.source).temporary
        self.names = {image.id: image.name for image in self.source.images if image.id not in temporary}
        by_name: dict[str, list[Image]] = defaultdict(list)
        for image in sorted(self.source.images, key=lambda image: image.order):
            reason = UNFINISHED if image.id in temporary else _unfit(image, self.source)
            if reason is not None:
                self.not_selected[reason] += 1
            elif self._has_content(image):
                by_name[image.name].append(image)
        for name, images in sorted(by_name.items()):
            self._choose(name, images)
        self.left_out.sort(key=lambda left: (left.image.name, left.image.order))
        self.not_selected[LEFT_OUT_COUNT] += len(self.left_out)
        self.not_selected = +self.not_selected

    def _has_content(self, image: Image) -> bool:
        left = _without_content(image, self.source.missing)
        if left is not None:
            self.left_out.append(left)
            self.messages.append(Message.warning(f"Image {image.label} is not restored: {left.reason}", image.name))
        return left is None

    def _choose(self, name: str, images: list[Image]) -> None:
        """Take the one image of a name, or the one that is chosen."""
        chosen = [image for image in images if image.id in self.chosen] or images
        if len(chosen) == 1:
            self.images.append(chosen[0])
            self.namesakes[name] = tuple(image for image in images if image is not chosen[0])
            return
        self.left_out += [LeftOut(image, NAMESAKES) for image in chosen]
        uuids = " ".join(image.id for image in chosen)
        which = f"of the name {name}" if name else "without a name"
        text = f"Images {which} are not restored, as there are several; choose one with --uuid. UUIDs: {uuids}"
        self.messages.append(Message.warning(text, name))


def _unfit(image: Image, source: Listing) -> str | None:
    """Why an image of the source does not count at all; None when it does."""
    if not source.owns(image):
        return ANOTHERS
    return None if image.status in CONSIDERED else NOT_ACTIVE


def _without_content(image: Image, missing: Mapping[str, str]) -> LeftOut | None:
    if not image.size and not image.has_content_hash:
        return LeftOut(image, NO_BYTES, deliberate=True)
    if image.id in missing:
        return LeftOut(image, missing[image.id])
    if image.size is None:
        return LeftOut(image, NO_SIZE)
    return None


def _as_restored(image: Image) -> Image:
    """The image as it is restored: nobody may use a deactivated one, so it becomes private."""
    return replace(image, visibility="private") if image.status == DEACTIVATED else image


def _losses(image: Image) -> Iterator[Message]:
    """What of an image cannot be restored."""
    if image.status == DEACTIVATED:
        yield Message.warning(f"Image {image.label} is deactivated: it is restored private and active", image.name)
    if KEY in image.user_properties:
        text = f"Image {image.label} is encrypted, and {KEY} is not restored: its key may not be there any more"
        yield Message.warning(text, image.name)


def _properties(image: Image) -> Wanted:
    """All properties but the links, Glance's own, those of keys, and those that this program writes for itself."""
    values = {key: value for key, value in image.user_properties.items() if _is_restored(key)}
    return Wanted(values, frozenset())


def _is_restored(key: str) -> bool:
    return key not in LINKS and (key == SOURCE_HASH or not NEVER.fullmatch(key))
