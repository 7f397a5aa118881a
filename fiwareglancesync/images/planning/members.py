"""Projects that an image is shared with: which are added, and which of those that we added go again (sync 3.5)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..model import MEMBERS, Image, Patch
from ..settings import Target

SHARED = "shared"


@dataclass(frozen=True, slots=True)
class WantedMembers:
    """The projects of a region that an image is to be shared with.

    :param projects: their ids in the region's Keystone
    :param unmapped: ids of projects of the master that correspond to none
    """

    projects: frozenset[str]
    unmapped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MemberChange:
    """What is changed about an image's members, once its metadata is.

    :param add: project ids
    :param remove: project ids
    :param record: what ``MEMBERS`` says before: the projects that we added or are about to add
    :param settled: what it says afterwards
    """

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    record: str | None = None
    settled: str | None = None

    def __bool__(self) -> bool:
        return bool(self.add or self.remove) or self.record != self.settled


NO_CHANGE = MemberChange()


def wanted_members(members: Iterable[str], target: Target, *, same_keystone: bool) -> WantedMembers:
    """Find the projects that correspond to an image's members in the master.

    :param members: ids of the projects that the master's image is shared with
    :param target: the target with ``member_map``
    :param same_keystone: whether a project has the same id in the target's Keystone
    """
    known = dict(target.member_map)
    if same_keystone:
        return WantedMembers(frozenset(known.get(member, member) for member in members))
    found = {member: known.get(member) for member in members}
    lost = tuple(sorted(member for member, project in found.items() if project is None))
    return WantedMembers(frozenset(project for project in found.values() if project is not None), lost)


def first_members(wanted: WantedMembers, owner: str, target: Target) -> MemberChange:
    """What a new image is shared with.

    :param wanted: what the master's image asks for
    :param owner: id of the project that owns the new image
    :param target: the target whose record it is
    """
    add = tuple(sorted(wanted.projects - {owner}))
    record = _text({target.name: frozenset(add)}) if add else None
    return MemberChange(add, (), record, record)


def member_change(
    wanted: WantedMembers, image: Image, present: frozenset[str], owner: str, target: Target
) -> MemberChange:
    """Compare an image's members with those that it should have.

    :param wanted: what the master's image asks for
    :param image: the region's image, which carries the record
    :param present: ids of the projects that it is shared with
    :param owner: id of the project that owns it
    :param target: the target whose record counts
    """
    records = dict(_records(image))
    recorded = records.get(target.name, frozenset())
    add = wanted.projects - present - {owner}
    remove = (recorded & present) - wanted.projects
    settled = (recorded & present & wanted.projects) | add
    return MemberChange(
        tuple(sorted(add)),
        tuple(sorted(remove)),
        _text({**records, target.name: recorded | add}),
        _text({**records, target.name: settled}),
    )


def added_members(
    wanted: WantedMembers, image: Image | None, present: frozenset[str], owner: str
) -> MemberChange:
    """What a restored image is shared with besides: nothing is recorded, so no later run removes it.

    :param wanted: what the image of the source asks for
    :param image: the region's image, None for a new one
    :param present: ids of the projects that it is shared with
    :param owner: id of the project that owns it
    """
    record = None if image is None else image.user_properties.get(MEMBERS)
    return MemberChange(tuple(sorted(wanted.projects - present - {owner})), (), record, record)


def record_patch(image: Image, record: str | None) -> Patch:
    """What makes an image carry a record.

    :param image: the image as it is
    :param record: the property's value, None for none
    """
    present = image.user_properties.get(MEMBERS)
    if record == present:
        return Patch()
    return Patch(remove=(MEMBERS,)) if record is None else Patch(set={MEMBERS: record})


def _records(image: Image) -> Mapping[str, frozenset[str]]:
    """Target → the projects that it added; nothing when anybody else has written the property."""
    try:
        said = json.loads(image.user_properties.get(MEMBERS, "{}"))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(said, dict):
        return {}
    return {
        target: frozenset(project for project in projects if isinstance(project, str))
        for target, projects in said.items()
        if isinstance(projects, list)
    }


def _text(records: Mapping[str, frozenset[str]]) -> str | None:
    said = {target: sorted(projects) for target, projects in sorted(records.items()) if projects}
    return json.dumps(said, separators=(",", ":")) if said else None
