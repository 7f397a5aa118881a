"""What all regions of a run share: the federation, the images of the master, and which of them each target gets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property

from ...base.errors import UnknownRegion, UnknownTarget
from ...base.messages import Message
from ..model import Listing, SyncStatus
from ..places import Federation, FolderBacked, Place, ReadablePlace, Sharing, is_same_place
from ..planning import (
    Choice,
    PlanEntry,
    RegionPlan,
    Selection,
    add_members,
    choosable_names,
    plan_region,
    select,
    shared_images,
    why_unmatched,
)
from ..region_names import RegionRef, master_by_address_warning, unknown_target
from ..settings import Settings
from ..transfer import Mover
from ..transfer.ways import Purpose, open_ways, spool_warning
from .member_changes import members_of, with_members
from .region_state import RunContext
from .unmatched import unmatched_entries


@dataclass
class Run:
    """One run over a federation. The master is listed once, when its images are first needed.

    :param settings: the configuration
    :param federation: the regions that it reaches
    :param choice: the images of ``--image``
    :param context: the run and its host
    :param mover: the ways to move content, from :meth:`prepare` until :meth:`close`
    """

    settings: Settings
    federation: Federation
    choice: Choice = field(default_factory=Choice)
    context: RunContext = field(default_factory=RunContext)
    _selections: dict[str, Selection] = field(default_factory=dict, repr=False)
    _members: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)
    _resources: ExitStack = field(default_factory=ExitStack, repr=False)
    mover: Mover = field(default_factory=lambda: Mover([]), repr=False)

    def __post_init__(self) -> None:
        self.context = RunContext(leftover_age=self.settings.leftover_age)

    @cached_property
    def master(self) -> ReadablePlace:
        """The master region.

        :raises CloudError: it cannot be reached, or there is no such region
        """
        try:
            return self.federation.place(self.settings.master, self.settings.master_region)
        except UnknownRegion as error:
            source = self.settings.master_region_source
            origin = f"the master region, from {source}" if source else "the master region"
            raise UnknownRegion(f"{error} ({origin})") from error

    @property
    def source_name(self) -> str:
        """What users read of the place from which images are copied."""
        return self.settings.master_region

    def same_place(self, ref: RegionRef) -> str:
        """What users read of a region that is the place from which images are copied."""
        master = self.source_name
        return "This is the master region" if ref.full == master else f"This is the master region {master}"

    def introduction(self) -> Iterator[str]:
        """What users are to know of the master before anything is done, a line each."""
        return iter(())

    @cached_property
    def master_listing(self) -> Listing:
        """The master's images.

        :raises CloudError: they cannot be listed
        """
        return self.master.listing()

    def close(self) -> None:
        """Close the ways: remove what they kept while the run lasted."""
        self._resources.close()

    def selection(self, target: str) -> Selection:
        """What a target gets from the master.

        :param target: name of a configured target
        """
        if target not in self._selections:
            selection = select(self.master_listing, self.settings.targets[target])
            self._selections[target] = selection
            self._members.update(members_of(self.master, shared_images(selection)))
        return self._selections[target]

    def selection_for(self, ref: RegionRef, place: Place) -> Selection:
        """What a region gets from the master, with the members of its images if they are kept in step.

        :raises CloudError: the master cannot be listed
        """
        selection = self.selection(ref.target)
        if not selection.target.sync_members or not isinstance(place, Sharing):
            return selection
        return add_members(selection, self._members, same_keystone=place.knows_projects_of(self.master))

    def place(self, ref: RegionRef) -> Place:
        """A region.

        :raises UnknownRegion: the configuration has no such target, or the target no such region
        """
        target = self.settings.targets.get(ref.target)
        if target is None:
            raise UnknownTarget(unknown_target(ref, self.settings))
        return self.federation.place(target, ref.region)

    def is_master(self, place: Place) -> bool:
        """Whether a region is the master region, under whatever name (sync 1.3)."""
        return is_same_place(place.identity, self.master.identity)

    def master_warning(self, place: Place) -> Message | None:
        """The warning about a region that counts as the master because of its address; None when there is none."""
        return master_by_address_warning(place, self.master)

    def plan(self, ref: RegionRef, place: Place, listing: Listing) -> RegionPlan:
        """The plan of a region that is not the master."""
        selection = self.selection_for(ref, place)
        return plan_region(selection, with_members(place, listing, selection), self.context.plan_time())

    def plan_of_master(self, ref: RegionRef) -> RegionPlan:
        """The plan of the master: all its images are ``ok``."""
        selection = self.selection(ref.target)
        images = [selected.image for selected in selection.images]
        entries = tuple(PlanEntry(SyncStatus.OK, image, image) for image in images)
        return RegionPlan(ref.full, self.master_listing.project, entries, left_out=selection.left_out)

    def prepare(self, refs: Iterable[RegionRef], purpose: Purpose) -> list[Message]:
        """List the master, select the images of each target and open the ways, once for all regions.

        :param refs: the regions of this run
        :param purpose: whether the run moves content or only reads
        :return: warnings, each once: entries of lists and patterns that match nothing, images of the master
        :raises CloudError: the master cannot be listed
        """
        refs = list(refs)
        ways = open_ways(self.settings, self.master, purpose, several=len(refs) > 1)
        self.mover = self._resources.enter_context(ways)
        targets = dict.fromkeys(ref.target for ref in refs if ref.target in self.settings.targets)
        selections = [self.selection(target) for target in targets]
        names = [name for selection in selections for name in choosable_names(selection)]
        unmatched = self.choice.unmatched(names) if selections else ()
        messages = dict.fromkeys(self._nothing_selected(each) for each in selections if not each.images)
        messages |= dict.fromkeys(
            message
            for selection in selections
            for message in selection.messages
            if message.image is None or self.choice.matches(message.image)
        )
        entries = unmatched_entries(self.settings, targets, self.federation, self.master_listing) if targets else []
        all_names = [image.name for image in self.master_listing.images] if unmatched else []
        patterns = [Message.warning(f"--image {p} {why_unmatched(p, names, all_names)}") for p in unmatched]
        problem = None
        if not isinstance(self.federation, FolderBacked):
            problem = spool_warning(self.settings, several=len(refs) > 1)
        return [*entries, *messages, *patterns, *([Message.warning(problem)] if problem else [])]

    def _nothing_selected(self, selection: Selection) -> Message:
        """The warning that a target gets no image, and why: perhaps its rules have a mistake."""
        counts = selection.not_selected
        why = ", ".join(f"{counts[reason]} {reason}" for reason in sorted(counts, key=lambda r: (-counts[r], r)))
        embedded = isinstance(self.federation, FolderBacked)
        origin = "tenant_id of target master" if embedded else "the project of the master's credential"
        others = f"only images of project {self.master_listing.project} ({origin}) are selected"
        what = f"No image of {self.settings.master_region} is selected for target {selection.target.name}"
        text = f"{what}: {why or 'the project has no image there'}; {others}"
        return Message.warning(text)

    @property
    def unselected(self) -> list[str]:
        """The targets of this run that get no image of the master, although their rules do not say so."""
        return [
            name
            for name, selection in self._selections.items()
            if not selection.images and not selection.left_out and not selection.target.selects_none
        ]

    @property
    def left_out(self) -> int:
        """Number of images that are selected and chosen, and cannot be synchronised (sync 3.1)."""
        ids = {
            left.image.id
            for selection in self._selections.values()
            for left in selection.left_out
            if not left.deliberate and self.choice.chooses(left.image)
        }
        return len(ids)

    @property
    def incomplete(self) -> bool:
        """Whether the run fails because of images that are left out."""
        return False

    @property
    def matches_nothing(self) -> bool:
        """Whether a pattern of ``--image`` matches no image (sync 1.1: exit 1)."""
        names = [name for selection in self._selections.values() for name in choosable_names(selection)]
        return bool(self._selections) and bool(self.choice.unmatched(names))
