"""What all regions of a run have in common: the federation, the master's images, and what each target gets of them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property

from ...base.errors import UnknownRegion, UnknownTarget
from ...base.messages import Message
from ...events import Emit, Event, Kind
from ..model import Listing, SyncStatus
from ..places import Federation, Place, ReportsWaits, Sharing, StandIn, is_same_place
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
)
from ..region_names import RegionRef, master_by_address, unknown_target
from ..settings import Settings
from ..transfer import Mover
from ..transfer.ways import Purpose, open_ways
from .member_changes import members_of, with_members
from .region_state import RunContext
from .unmatched import unmatched_entries

MASTER_SAID = "the master region: see master_region in [main], else the region of the environment or of its cloud"
"""What is told with an unknown region that nobody has named on the command line."""


@dataclass
class Run:
    """One run over a federation; the master is asked once, when it is first needed.

    :param settings: the configuration
    :param federation: the places that it reaches
    :param choice: ``--image``
    :param context: who does this
    :param mover: the ways to move bytes, once the run is prepared and until it is closed
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
    def master(self) -> Place:
        """The master region.

        :raises CloudError: it cannot be reached, or there is no such region
        """
        try:
            return self.federation.place(self.settings.master, self.settings.master_region)
        except UnknownRegion as error:
            raise UnknownRegion(f"{error} ({MASTER_SAID})") from error

    @cached_property
    def master_listing(self) -> Listing:
        """The master's images.

        :raises CloudError: they cannot be listed
        """
        return self.master.listing()

    def close(self) -> None:
        """Remove what the ways needed while the run lasted."""
        self._resources.close()

    def report_waits(self, emit: Emit) -> None:
        """Have each wait for a service that refuses for now told.

        :param emit: takes the events, from any thread
        """
        if isinstance(self.federation, ReportsWaits):
            self.federation.report_waits(
                lambda wait: emit(
                    Event(Kind.WAITING, wait.region, seconds=wait.seconds, message=Message.warning(wait.text))
                )
            )

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
        """What a region gets from the master, and whom its images are shared with where that is kept in step.

        :raises CloudError: the master cannot be asked
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
        """What the user is to know of a region that is taken for the master, None when nothing."""
        return master_by_address(place, self.master)

    def plan(self, ref: RegionRef, place: Place, listing: Listing) -> RegionPlan:
        """The plan of a region that is not the master."""
        selection = self.selection_for(ref, place)
        return plan_region(selection, with_members(place, listing, selection), self.context.here())

    def plan_of_master(self, ref: RegionRef) -> RegionPlan:
        """The master compared with itself: all in order."""
        selection = self.selection(ref.target)
        images = [selected.image for selected in selection.images]
        entries = tuple(PlanEntry(SyncStatus.OK, image, image) for image in images)
        return RegionPlan(ref.full, self.master_listing.project, entries, left_out=selection.left_out)

    def prepare(self, refs: Iterable[RegionRef], purpose: Purpose) -> list[Message]:
        """Ask the master and choose what each target gets and how it moves, once for all regions.

        :param refs: the regions of this run
        :param purpose: whether it moves bytes or only looks
        :return: what the user is to know about the master's images, each once
        :raises CloudError: the master cannot be asked
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
        odd = unmatched_entries(self.settings, targets, self.federation, self.master_listing) if targets else []
        patterns = [Message.warning(f"--image {p} matches no image to be synchronised") for p in unmatched]
        return [*odd, *messages, *patterns]

    def _nothing_selected(self, selection: Selection) -> Message:
        """Say that a target gets nothing, and why: a slip in its rules would look as if all were in order."""
        counts = selection.not_selected
        why = ", ".join(f"{counts[reason]} {reason}" for reason in sorted(counts, key=lambda r: (-counts[r], r)))
        origin = "tenant_id of target master" if isinstance(self.federation, StandIn) else "that of the credential"
        others = f"images of other projects than {self.master_listing.project} ({origin}) do not count"
        what = f"No image of {self.settings.master_region} is selected for target {selection.target.name}"
        text = f"{what}: {why or 'there is none'}; {others}"
        return Message.warning(text)

    @property
    def unselected(self) -> list[str]:
        """The targets of this run for which no image of the master is selected, although some should be."""
        return [
            name
            for name, selection in self._selections.items()
            if not selection.images and not selection.left_out and not selection.target.selects_none
        ]

    @property
    def left_out(self) -> int:
        """Number of images that were selected, and chosen, and cannot be synchronised (sync 3.1)."""
        ids = {
            left.image.id
            for selection in self._selections.values()
            for left in selection.left_out
            if not left.deliberate and self.choice.matches(left.image.name)
        }
        return len(ids)

    @property
    def matches_nothing(self) -> bool:
        """Whether a pattern of ``--image`` chose no image at all (sync 1.1: exit 1)."""
        names = [name for selection in self._selections.values() for name in choosable_names(selection)]
        return bool(self._selections) and bool(self.choice.unmatched(names))
