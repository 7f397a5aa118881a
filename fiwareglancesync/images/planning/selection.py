"""Which of the master's images a target gets (sync 3.1, 3.2), worked out once for all its regions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ...base.messages import Message
from ..model import OBSOLETE, Image, Listing, same_hash
from ..settings import ConditionError, Target
from .journal import read_journals
from .links import in_cycles, linked_first, links_of
from .members import SHARED, WantedMembers, wanted_members
from .properties import Wanted, wanted_properties
from .source_images import SourceImages


@dataclass(frozen=True, slots=True)
class Selected:
    """A master image that a target gets.

    :param wanted: what the properties of its copies should be
    :param links: property → name of the linked image
    :param unresolved: links that cannot be followed: property → name or UUID of the linked image
    :param advice: for each of them that leads to an image which the rules do not select, what to do
    :param members: the projects that its copies are to be shared with; None where members are not compared
    """

    image: Image
    wanted: Wanted
    links: Mapping[str, str]
    unresolved: Mapping[str, str]
    advice: tuple[str, ...] = ()
    members: WantedMembers | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A master image that a target does not get although it is selected (sync 3.1).

    :param reason: why, in words that complete "it is left out: …"
    :param deliberate: whether the configuration asks for that, so that it is no problem
    """

    image: Image
    reason: str
    deliberate: bool = False


@dataclass(frozen=True)
class Selection:
    """What a target gets from the master.

    :param images: by size, then by name
    :param building_order: the same, linked images before those that need them (sync 3.6)
    :param obsolete: the master's obsolete images that regions follow, by name (sync 3.8)
    :param to_hide: the master's hidden images whose copies regions are to hide, by name (sync 3.8)
    :param left_out: selected images that cannot be synchronised, by name
    :param not_selected: why the other images of the master are not selected: reason → number of images
    :param messages: what the user is to know about the master's images
    :param source: of a restore, which means all images: what it knows of them besides; None of a synchronisation
    """

    target: Target
    images: tuple[Selected, ...] = field(repr=False)
    building_order: tuple[Selected, ...] = field(repr=False)
    obsolete: tuple[Image, ...] = field(repr=False)
    to_hide: tuple[Image, ...] = field(repr=False)
    left_out: tuple[LeftOut, ...]
    not_selected: Mapping[str, int]
    messages: tuple[Message, ...]
    source: SourceImages | None = field(default=None, repr=False)


NOT_PUBLIC = "not public"
NO_PROPERTY = "without a property of metadata_set"
CONDITION_FALSE = "metadata_condition is false"
CONDITION_ERROR = "metadata_condition cannot be evaluated"
HIDDEN = "hidden"
IS_OBSOLETE = "obsolete"
ANOTHERS = "owned by another project"
NOT_ACTIVE = "not active"
NAMELESS = "without a name"
UNFINISHED = "unfinished"
LEFT_OUT_COUNT = "left out"
"""Reasons for which an image is not synchronised, as counts name them."""

ADVICE: Mapping[str, tuple[str, str]] = {
    NOT_PUBLIC: ("is {visibility} in the master region", "make it public there"),
    NO_PROPERTY: ("has no property of metadata_set", "give it one"),
    CONDITION_FALSE: ("does not fulfil metadata_condition", "change the condition"),
}
"""Why an image that another one links to is not selected, and what to do; or its UUID is added to ``forcesyncs``."""

NAMESAKES = "several selected images of the master have this name"


def why_not_selected(image: Image, target: Target) -> str | None:
    """The rules of sync 3.2, the first that applies; whether the image is hidden does not matter here.

    :param image: a master image
    :param target: the target with its rules
    :return: why it is not selected; None when it is
    :raises ConditionError: ``metadata_condition`` cannot be evaluated for the image
    """
    if image.name.endswith(OBSOLETE):
        return IS_OBSOLETE
    if image.id.lower() in target.forcesyncs:
        return None
    if target.metadata_condition is not None:
        return None if target.metadata_condition(image, target.metadata_set) else CONDITION_FALSE
    if not image.is_public:
        return NOT_PUBLIC
    if target.metadata_set and target.metadata_set.isdisjoint(image.user_properties):
        return NO_PROPERTY
    return None


def _may_be_hidden(image: Image, target: Target) -> bool:
    """Whether the rule that selects an image selects hidden ones too (sync 3.1)."""
    condition = target.metadata_condition
    return image.id.lower() in target.forcesyncs or (condition is not None and condition.reads_hidden)


def _without_size(image: Image) -> bool:
    return image.size is None


def _encrypted(image: Image) -> bool:
    return "cinder_encryption_key_id" in image.user_properties


def _volume_snapshot(image: Image) -> bool:
    return image.size == 0 and "block_device_mapping" in image.user_properties


LEFT_OUT: tuple[tuple[Callable[[Image], bool], str], ...] = (
    (_encrypted, "it is encrypted with a key (cinder_encryption_key_id) that other regions do not have"),
    (_volume_snapshot, "it is a snapshot of a volume and holds no bytes"),
    (_without_size, "it has no size, so a copy could not be verified"),
)
"""Images that cannot be synchronised, and why (sync 3.1)."""

SKIPPED = "it has no checksum (skip_unhashed)"


def left_out(image: Image, target: Target) -> LeftOut | None:
    """Whether a selected image cannot be synchronised, or is not to be.

    :param image: a master image
    :param target: the target with ``skip_unhashed``
    """
    for applies, why in LEFT_OUT:
        if applies(image):
            return LeftOut(image, why)
    if target.skip_unhashed and not image.has_content_hash:
        return LeftOut(image, SKIPPED, deliberate=True)
    return None


def shared_images(selection: Selection) -> list[Image]:
    """The master images whose members are kept in step (sync 3.5, ``sync_members``).

    :param selection: what a target gets
    """
    if not selection.target.sync_members:
        return []
    return [selected.image for selected in selection.images if selected.image.visibility == SHARED]


def add_members(
    selection: Selection, members: Mapping[str, frozenset[str]], *, same_keystone: bool
) -> Selection:
    """Add the projects that the master shares its images with.

    :param selection: what a target gets
    :param members: UUID of a master image → ids of projects
    :param same_keystone: whether a project has the same id in the target's Keystone
    """

    def shared(selected: Selected) -> Selected:
        if selected.image.id not in members or selected.image.visibility != SHARED:
            return selected
        wanted = wanted_members(members[selected.image.id], selection.target, same_keystone=same_keystone)
        return replace(selected, members=wanted)

    return replace(
        selection,
        images=tuple(map(shared, selection.images)),
        building_order=tuple(map(shared, selection.building_order)),
    )


def select(master: Listing, target: Target) -> Selection:
    """Choose the images that the regions of a target are to have.

    :param master: the master region's images
    :param target: the target with its rules
    """
    found = _ClassifiedImages(master, target)
    chosen = sorted(found.chosen, key=lambda image: (image.size or 0, image.name))

    name_of = {image.id: image.name for image in chosen}
    graph = {}
    for image in chosen:
        linked = {name_of[uuid] for uuid in links_of(image).values() if uuid in name_of}
        if linked:
            graph[image.name] = linked
    in_cycle = in_cycles(graph)

    unselected = {image.id: image.name for image in master.images if image.name}
    by_name = {image.name: _with_links(image, target, name_of, unselected, in_cycle) for image in chosen}
    for name, selected in by_name.items():
        if selected.unresolved:
            by_name[name] = replace(selected, advice=tuple(_advice(selected.image, found.refused)))
            found.messages += [Message.warning(text, name) for text in by_name[name].advice]
    order = linked_first(list(by_name), graph)
    hidden_only = "hidden" in target.sync_fields
    obsolete = _obsolete(found.obsolete, by_name, target, found.messages)
    return Selection(
        target,
        tuple(by_name.values()),
        tuple(by_name[name] for name in order),
        obsolete,
        tuple(found.to_hide) if hidden_only else (),
        tuple(sorted(found.left_out, key=lambda left: (left.image.name, left.image.order))),
        dict(found.not_selected),
        tuple(found.messages),
    )


class _ClassifiedImages:
    """The master's images, in lists of what a target gets of them.

    Another run may write to the master: images that it has not finished do not count (sync 3.9).

    :param master: the master region's images
    :param target: the target with its rules
    """

    def __init__(self, master: Listing, target: Target) -> None:
        self._target = target
        self.messages: list[Message] = []
        self.left_out: list[LeftOut] = []
        self.not_selected: Counter[str] = Counter()
        self.refused: dict[str, tuple[Image, str]] = {}
        """By UUID: the images that the rules do not select, and why."""
        self._selected: list[Image] = []
        self._hidden: list[Image] = []
        """Images that would be selected if they were not hidden."""
        self._visible: dict[str, list[Image]] = defaultdict(list)
        self._obsolete: list[Image] = []
        temporary = read_journals(master).temporary
        for image in sorted(master.images, key=lambda image: image.order):
            reason = _unfit(image, master) or (UNFINISHED if image.id in temporary else None) or self._classify(image)
            if reason is not None:
                self.not_selected[reason] += 1
        self.chosen = self._choose()
        """The selected images that can be synchronised, each name once."""
        self.obsolete = self._once(self._obsolete)
        """The obsolete images, each name once."""
        self.to_hide = self._copies_to_hide()
        """The hidden images whose copies are to be hidden."""

    def _classify(self, image: Image) -> str | None:
        """Put one own image of the master into its list; return why it is not selected, None when it is."""
        if not image.hidden:
            self._visible[image.name].append(image)
        try:
            reason = why_not_selected(image, self._target)
        except ConditionError as error:
            where = f"metadata_condition of target {self._target.name} cannot be evaluated for image {image.name}"
            self.messages.append(Message.warning(f"{where}, so the image is not selected: {error}", image.name))
            return CONDITION_ERROR
        if reason is None:
            hidden_only = image.hidden and not _may_be_hidden(image, self._target)
            (self._hidden if hidden_only else self._selected).append(image)
        elif reason == IS_OBSOLETE:
            self._obsolete.append(image)
        else:
            self.refused[image.id] = image, reason
        return reason

    def _choose(self) -> list[Image]:
        fit = [image for image in self._selected if self._is_fit(image)]
        fit += self._linked(fit)
        self.not_selected[HIDDEN] += len(self._hidden)
        once = self._once(fit)
        if len(once) < len(fit):
            names = {image.name for image in once}
            self.left_out += [LeftOut(image, NAMESAKES) for image in fit if image.name not in names]
        self.not_selected[LEFT_OUT_COUNT] += len(self.left_out)
        self.not_selected = +self.not_selected
        return once

    def _copies_to_hide(self) -> list[Image]:
        """Skip hidden images with a visible image of the same content: another target may select that one."""
        found = [i for i in self._hidden if not any(same_hash(other, i) for other in self._visible[i.name])]
        return sorted(found, key=lambda image: (image.name, image.order))

    def _is_fit(self, image: Image) -> bool:
        left = left_out(image, self._target)
        if left is None:
            return True
        self.left_out.append(left)
        self.messages.append(Message.warning(f"Image {image.name} will be ignored: {left.reason}", image.name))
        return False

    def _linked(self, images: Iterable[Image]) -> list[Image]:
        """Select the hidden images that selected ones link to, directly or through each other (sync 3.1).

        An image with the name of a selected one is not selected: both would be left out as duplicates.
        """
        names = {image.name for image in images}
        hidden = {image.id: image for image in self._hidden if image.name not in names}
        taken: list[Image] = []
        waiting = list(images) if hidden else []
        while waiting:
            linked = [hidden.pop(uuid) for uuid in links_of(waiting.pop()).values() if uuid in hidden]
            fit = [image for image in linked if self._is_fit(image)]
            taken += fit
            waiting += fit
        ids = {image.id for image in taken} | {left.image.id for left in self.left_out}
        self._hidden = [image for image in self._hidden if image.id not in ids]
        return taken

    def _once(self, images: list[Image]) -> list[Image]:
        """Drop all images whose name occurs more than once (sync 3.1)."""
        times = Counter(image.name for image in images)
        for name, count in times.items():
            if count > 1:
                self.messages.append(Message.warning(f"Duplicated images with name {name} will be ignored", name))
        return [image for image in images if times[image.name] == 1]


def _unfit(image: Image, master: Listing) -> str | None:
    """Why a master image does not count at all; None when it does."""
    if not master.owns(image):
        return ANOTHERS
    if not image.is_active:
        return NOT_ACTIVE
    return None if image.name else NAMELESS


def _with_links(
    image: Image,
    target: Target,
    name_of: Mapping[str, str],
    unselected: Mapping[str, str],
    in_cycle: frozenset[str],
) -> Selected:
    links, unresolved = {}, {}
    for key, uuid in links_of(image).items():
        name = name_of.get(uuid)
        if name is None or (name in in_cycle and image.name in in_cycle):
            unresolved[key] = name or unselected.get(uuid, uuid)
        else:
            links[key] = name
    return Selected(image, wanted_properties(image, target), links, unresolved)


def _advice(image: Image, refused: Mapping[str, tuple[Image, str]]) -> Iterator[str]:
    """What to do about each link of an image to one that the rules do not select."""
    for key, uuid in links_of(image).items():
        linked, reason = refused.get(uuid, (image, ""))
        if reason in ADVICE:
            why, what = ADVICE[reason]
            yield (
                f"Image {image.name} cannot be synchronised: its {key}, {linked.name}, is not selected because it "
                f"{why.format(visibility=linked.visibility)}; {what}, or add its UUID {uuid} to forcesyncs"
            )


def _obsolete(
    own: list[Image], selected: Mapping[str, Selected], target: Target, messages: list[Message]
) -> tuple[Image, ...]:
    if not target.support_obsolete_images:
        return ()
    followed = []
    for image in sorted(own, key=lambda i: i.name):
        name = image.name.removesuffix(OBSOLETE)
        if name in selected:
            messages.append(
                Message.warning(
                    f"Ignore obsolete master image {image.name} because {name} exists and it is synchronisable.",
                    image.name,
                )
            )
        elif name:
            followed.append(image)
    return tuple(followed)
