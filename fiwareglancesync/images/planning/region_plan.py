"""One decision per image: the status of each selected image in one region (sync 3.4 to 3.9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...base.messages import Message
from ..model import LINKS, MAX_NAME, MOVES, NO_PROPERTIES, Image, Listing, Patch, SyncStatus
from ..settings import Target
from .conflicts import how_to_decide, resolve_conflict
from .journal import PUBLISHED, Journals, read_journals
from .kept import find_kept
from .leftovers import PlanTime, find_leftovers
from .links import linked_first
from .matching import DEACTIVATED, match
from .members import (
    NO_CHANGE,
    SHARED,
    MemberChange,
    WantedMembers,
    added_members,
    first_members,
    member_change,
    record_patch,
)
from .obsolete import plan_obsolete
from .old_names import OldNames
from .plan import NO_PATCH, REPLACING, ObsoleteChange, PlanEntry, RegionPlan, Tidying
from .properties import difference, differences_left, field_changes, shown_differences, wanted_visibility
from .restored_images import match_restored, with_links
from .selection import Selected, Selection
from .source_images import SourceImages


def plan_region(selection: Selection, listing: Listing, time: PlanTime) -> RegionPlan:
    """Work out the state of a region and what would bring it to the master's.

    :param selection: what the region's target gets from the master
    :param listing: the region's images, in any order
    :param time: the host and the time of the plan
    """
    journals = read_journals(listing)
    messages = list(journals.messages)
    obsolete = plan_obsolete(selection, listing, journals.ignored, messages)
    images = _changed(listing, obsolete)
    source = selection.source
    if source is None:
        found = match(selection, images, journals.ignored, messages)
    else:
        found = match_restored(selection, source, images, journals.ignored, messages)
    context = PlanContext(selection.target, images, found, journals, {}, OldNames(images), messages, source)
    for selected in selection.building_order:
        context.entries[selected.image.name] = _entry(selected, context)
    _limit_replacements(context)
    leftovers = find_leftovers(listing, journals, context.entries, time)
    for left in leftovers:
        name = left.image.name
        if left.tidying is Tidying.WAIT and name in context.entries:
            who = "by the region itself" if left.image.id in time.busy else f"at {left.journal.host}"
            why = f"in progress {who} since {left.journal.started}"
            context.entries[name] = replace(context.entries[name], blocked=why)
    entries = context.entries
    moves = _moves(selection, entries)
    temporary = {left.image.id for left in leftovers} | {left.journal.old for left in leftovers if left.journal.old}
    messages += find_kept(images, entries.values(), moves, temporary)
    return RegionPlan(
        region=listing.region,
        project=listing.project,
        entries=tuple(entries[selected.image.name] for selected in selection.images),
        building_order=tuple(entries),
        moves=moves,
        obsolete=obsolete,
        leftovers=leftovers,
        messages=tuple(messages),
        left_out=selection.left_out,
    )


def _moves(selection: Selection, entries: Mapping[str, PlanEntry]) -> tuple[PlanEntry, ...]:
    """The entries that make a new image: by size, those that others of them link to first (sync 3.7)."""
    names = [s.image.name for s in selection.images if entries[s.image.name].status in MOVES]
    made = set(names)
    links = {name: made.intersection(entries[name].links.values()) for name in names if entries[name].links}
    return tuple(entries[name] for name in linked_first(names, links))


@dataclass(frozen=True, slots=True)
class PlanContext:
    """What the decision about one image depends on.

    :param found: name → the region's image of that name
    :param entries: name → the entries that are decided already; linked images come first
    :param names: chooses the names of replaced images
    :param messages: takes the warnings
    :param source: the images of the source of a restore; None in a synchronisation
    """

    target: Target
    listing: Listing
    found: Mapping[str, Image]
    journals: Journals
    entries: dict[str, PlanEntry]
    names: OldNames
    messages: list[Message]
    source: SourceImages | None = None

    @property
    def restores(self) -> bool:
        """Whether this is the plan of a restore."""
        return self.source is not None


def _changed(listing: Listing, obsolete: tuple[ObsoleteChange, ...]) -> Listing:
    """The listing as it is once the obsolete changes are done (sync 3.7)."""
    if not obsolete:
        return listing
    changed = {change.image.id: change.patch.apply(change.image) for change in obsolete}
    return replace(listing, images=tuple(changed.get(image.id, image) for image in listing.images))


def _entry(selected: Selected, context: PlanContext) -> PlanEntry:
    """The table of sync 3.4, from top to bottom."""
    if context.source is not None:
        selected = with_links(
            selected,
            context.source,
            context.listing,
            context.journals.ignored,
            context.found,
            context.entries,
            context.messages,
        )
    master = selected.image
    image = context.found.get(master.name)
    conflict = (
        None if image is None or context.listing.is_copy(image, master) else _conflict(master, image, context.target)
    )
    if image is not None and conflict is SyncStatus.OK_STALLED_CHECKSUM:
        return _stalled(master, image, context)
    unresolved = _unresolved_links(selected, context)
    if unresolved:
        context.messages.extend(unresolved)
        reason = "; ".join([*(message.text for message in unresolved), *selected.advice])
        return PlanEntry(SyncStatus.ERROR_AMI, master, image, reason=reason)
    if image is None:
        return _move(SyncStatus.PENDING_UPLOAD, selected, None, context)
    if conflict is None:
        return _same_content(selected, image, context)
    if conflict is SyncStatus.ERROR_CHECKSUM:
        return _undecided(master, image, context)
    return _move(conflict, selected, image, context)


def _conflict(master: Image, image: Image, target: Target) -> SyncStatus:
    """The status of an image whose content is not the master's; a deactivated one is never touched."""
    if image.status == DEACTIVATED:
        return SyncStatus.ERROR_CHECKSUM
    return resolve_conflict(image, target, any_applies=master.has_content_hash)


def _unresolved_links(selected: Selected, context: PlanContext) -> list[Message]:
    """A warning for each link that cannot be resolved in this region (sync 3.6)."""
    if not selected.links and not selected.unresolved:
        return []
    missing = dict(selected.unresolved)
    for key, name in selected.links.items():
        linked = context.entries.get(name)
        made_here = linked is not None and linked.status in MOVES
        if not made_here and name not in context.found:
            missing[key] = name
    region, name = context.listing.region, selected.image.name
    return [
        Message.warning(f"{region}: Not found {missing[key]} on region. It should be {key} of image {name}", name)
        for key in LINKS
        if key in missing
    ]


def _stalled(master: Image, image: Image, context: PlanContext) -> PlanEntry:
    reason = "Its checksum is in dontupdate, so it stays as it is."
    context.messages.append(Message.warning(f"{_different(master, image, context)} {reason}", master.name))
    return PlanEntry(SyncStatus.OK_STALLED_CHECKSUM, master, image, reason=reason)


def _undecided(master: Image, image: Image, context: PlanContext) -> PlanEntry:
    if image.status == DEACTIVATED:
        advice = "It is deactivated in the region: reactivate or delete it there."
    else:
        advice = how_to_decide(master.name, image, context.target, any_applies=master.has_content_hash)
    context.messages.append(Message.warning(f"{_different(master, image, context)} {advice}", master.name))
    return PlanEntry(SyncStatus.ERROR_CHECKSUM, master, image, reason=advice)


def _different(master: Image, image: Image, context: PlanContext) -> str:
    checksum = image.checksum or image.hash_value or "none"
    region = context.listing.region
    if not master.has_content_hash:
        return (
            f"Image {master.name} (checksum {checksum}) in region {region} cannot be compared with the master region's,"
            " which has no checksum."
        )
    return f"Image {master.name} has a different checksum ({checksum}) in region {region} than in the master region."


def _move(status: SyncStatus, selected: Selected, image: Image | None, context: PlanContext) -> PlanEntry:
    """A new image is to be made; it replaces the region's own one, if any."""
    master, members = selected.image, selected.members
    old = image if image is not None and context.listing.owns(image) else None
    old_name = context.names.take(master.name) if old else ""
    blocked = None
    if len(old_name) > MAX_NAME:
        blocked = f"the old image's new name would have more than {MAX_NAME} characters: {old_name}"
    return PlanEntry(
        status,
        master,
        image,
        properties=selected.wanted.values,
        links=selected.links,
        old=old,
        old_name=old_name,
        blocked=blocked,
        notes=() if members is None else _unmapped(members),
        members=NO_CHANGE if members is None else _first_members(members, context),
        restores=context.restores,
    )


def _first_members(members: WantedMembers, context: PlanContext) -> MemberChange:
    if context.restores:
        return added_members(members, None, frozenset(), context.listing.project)
    return first_members(members, context.listing.project, context.target)


def _same_content(selected: Selected, image: Image, context: PlanContext) -> PlanEntry:
    """The status of an image with the master's content: the rest of it is compared."""
    master = selected.image
    notes = differences_left(master, image, context.target)
    if image.status == DEACTIVATED:
        if context.restores and master.status != DEACTIVATED:
            where = f"{context.listing.region}: image {master.label} (UUID {image.id})"
            text = f"{where} is deactivated there, and stays so; reactivate it there"
            context.messages.append(Message.warning(text, master.name))
        return PlanEntry(SyncStatus.OK, master, image, reason="deactivated in the region", notes=notes)
    if not context.listing.owns(image):
        return PlanEntry(SyncStatus.OK, master, image, notes=notes)
    patch, remade = _update(selected, image, context)
    members = NO_CHANGE
    if selected.members is not None:
        notes += _unmapped(selected.members)
        members = _members(selected.members, patch.apply(image), context)
        if members:
            patch = _with_record(patch, record_patch(image, members.record))
    if not patch and not remade and not members:
        return PlanEntry(SyncStatus.OK, master, image, reason=_still_settling(image, context), notes=notes)
    return PlanEntry(
        SyncStatus.PENDING_AMI if remade else SyncStatus.PENDING_METADATA,
        master,
        image,
        patch=patch,
        links=remade,
        notes=notes,
        differences=shown_differences(image, patch, remade, members),
        members=members,
        restores=context.restores,
    )


def _update(selected: Selected, image: Image, context: PlanContext) -> tuple[Patch, Mapping[str, str]]:
    """What brings an image in line, and the links that can only be set once the linked image has been made."""
    master = selected.image
    values, superfluous = difference(selected.wanted, image)
    remade: Mapping[str, str] = NO_PROPERTIES
    present = image.user_properties
    if selected.links or any(present.get(key) for key in LINKS):
        remade = {
            k: n for k, n in selected.links.items() if n in context.entries and context.entries[n].status in MOVES
        }
        for key, name in selected.links.items():
            if key not in remade and present.get(key) != context.found[name].id:
                values[key] = context.found[name].id
        wanted = {*selected.links, *selected.wanted.values}
        superfluous += tuple(key for key in LINKS if key not in wanted and present.get(key))
    visibility = wanted_visibility(master, image)
    fields = field_changes(master, image, context.target) if context.target.sync_fields else None
    if not values and not superfluous and visibility is None and not fields:
        return NO_PATCH, remade
    return Patch(visibility=visibility, set=values, remove=superfluous, **(fields or {})), remade


def _members(wanted: WantedMembers, image: Image, context: PlanContext) -> MemberChange:
    """What is changed about the members of an image, as it is once its metadata is in line."""
    present = context.listing.members.get(image.id)
    if present is None or image.visibility != SHARED:
        return NO_CHANGE
    if context.restores:
        return added_members(wanted, image, present, context.listing.project)
    return member_change(wanted, image, present, context.listing.project, context.target)


def _unmapped(wanted: WantedMembers) -> tuple[str, ...]:
    return tuple(f"member {project} of the master has no project here (member_map)" for project in wanted.unmapped)


def _with_record(patch: Patch, record: Patch) -> Patch:
    return replace(patch, set={**patch.set, **record.set}, remove=patch.remove + record.remove)


def _still_settling(image: Image, context: PlanContext) -> str | None:
    """A note on a published image whose old one has not been settled yet (sync 3.7); None when there is none."""
    if not context.journals.by_image:
        return None
    journal = context.journals.by_image.get(image.id)
    if journal is None or journal.step != PUBLISHED or journal.old not in context.journals.ignored:
        return None
    return f"the image that it took the place of (UUID {journal.old}) is still to be removed or renamed"


def _limit_replacements(context: PlanContext) -> None:
    """Keep a mistake in the configuration from replacing a whole region (sync 2, ``max_replacements``)."""
    limit = context.target.max_replacements
    concerned = [entry for entry in context.entries.values() if entry.status in REPLACING]
    if not limit or len(concerned) <= limit:
        return
    why = f"{len(concerned)} images would be replaced or renamed, max_replacements allows {limit}"
    advice = "none is; raise max_replacements if that is what you want"
    message = Message.error(f"{context.listing.region}: {why}: {advice}")
    for entry in concerned:
        context.entries[entry.name] = replace(entry, blocked=why, message=message)
