"""Which properties a synchronisation copies, and the difference between two images (sync 3.5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ..model import JOURNAL, LINKS, MEMBERS, NO_PROPERTIES, SOURCE_HASH, SYNC_FIELDS, Image, Patch
from ..settings import Target
from .members import NO_CHANGE, MemberChange

LOCAL = re.compile(
    r"img_signature.*|instance_uuid|base_image_ref|image_location|owner_id|user_id|owner_project_name"
    r"|owner_user_name|boot_roles|block_device_mapping|bdm_v2|root_device_name",
    re.DOTALL,
)
"""Properties of one copy of an image: copied only when ``metadata_set`` names them."""

NEVER = re.compile(
    rf"cinder_encryption_key_.*|os_glance_.*|os_hash_.*|stores|direct_url|locations|{JOURNAL}|{SOURCE_HASH}|{MEMBERS}",
    re.DOTALL,
)
"""Properties of Glance itself, of this program, and of keys that are deleted together with their image."""

NOTHING = "(none)"
"""Shown for a property that an image does not have."""

MAX_SHOWN = 60
"""Characters of a value that are shown."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an image's properties should be, links left out.

    :param values: property → value
    :param absent: properties that should not be there
    """

    values: Mapping[str, str]
    absent: frozenset[str]


def wanted_properties(image: Image, target: Target) -> Wanted:
    """Decide which of the master's properties count: those of ``metadata_set`` where there is one, else all.

    :param image: a master image
    :param target: the target with ``metadata_set`` and ``metadata_exclude``
    """
    chosen = target.metadata_set
    if chosen:
        return chosen_properties(image, chosen, target)
    values = {
        key: value
        for key, value in image.user_properties.items()
        if _copied(key, target) and not LOCAL.fullmatch(key)
    }
    return Wanted(values, frozenset())


def chosen_properties(image: Image, chosen: frozenset[str], target: Target) -> Wanted:
    """Decide which of the named properties count.

    :param image: a master image
    :param chosen: names of properties
    :param target: the target with ``metadata_exclude``
    """
    values = {k: v for k, v in image.user_properties.items() if k in chosen and _copied(k, target)}
    return Wanted(values, frozenset(k for k in chosen if k not in values and _copied(k, target)))


def _copied(key: str, target: Target) -> bool:
    if key in LINKS or NEVER.fullmatch(key):
        return False
    return not any(fnmatchcase(key, pattern) for pattern in target.metadata_exclude)


def difference(wanted: Wanted, image: Image) -> tuple[dict[str, str], tuple[str, ...]]:
    """The properties to change in an image.

    :param wanted: what its properties should be
    :param image: the region's image
    :return: properties to add or replace, and properties to remove, sorted
    """
    present = image.user_properties
    changed = {key: value for key, value in wanted.values.items() if present.get(key) != value}
    superfluous = tuple(sorted(key for key in wanted.absent if key in present)) if wanted.absent else ()
    return changed, superfluous


def wanted_visibility(master: Image, image: Image) -> str | None:
    """The visibility that an image should get, None when it is not to be changed.

    Public or not always counts; between the others only when both sides state it exactly.

    :param master: the master's image
    :param image: the region's image
    """
    if master.visibility == image.visibility:
        return None
    if master.is_public != image.is_public or (master.exact_visibility and image.exact_visibility):
        return master.visibility
    return None


def field_changes(master: Image, image: Image, target: Target) -> dict[str, Any]:
    """The fields of an image that are to be brought in line (sync 3.5, ``sync_fields``).

    :param master: the master's image
    :param image: the region's image
    :param target: the target with ``sync_fields``
    :return: fields of a :class:`~fiwareglancesync.images.model.Patch` with their new values
    """
    changes: dict[str, Any] = {}
    for field in SYNC_FIELDS:
        if field not in target.sync_fields or not _both_state(field, master, image):
            continue
        wanted = getattr(master, field)
        if field == "tags":
            wanted = tuple(sorted(set(wanted).difference(image.tags)))
            if wanted:
                changes[field] = wanted
        elif wanted != getattr(image, field):
            changes[field] = wanted
    return changes


def differences_left(master: Image, image: Image, target: Target) -> tuple[str, ...]:
    """Name what differs and is not kept in step (sync 3.5): notes, no status.

    :param master: the master's image
    :param image: the region's image
    :param target: the target with ``sync_fields``
    """
    notes = []
    for field in (*SYNC_FIELDS, "disk_format", "container_format"):
        here, there = getattr(image, field), getattr(master, field)
        if here == there or field in target.sync_fields or not _both_state(field, master, image):
            continue
        if field == "tags":
            here, there = sorted(here), sorted(there)
        if here != there and here is not None and there is not None:
            notes.append(f"{field} is {_plain(here)}, in the master {_plain(there)}")
    return tuple(notes)


def _both_state(field: str, master: Image, image: Image) -> bool:
    return field not in master.unstated and field not in image.unstated


def _plain(value: object) -> str:
    if isinstance(value, list | tuple):
        return ",".join(value) or "none"
    return str(value)


def shown_differences(
    image: Image, patch: Patch, remade: Mapping[str, str] = NO_PROPERTIES, members: MemberChange = NO_CHANGE
) -> tuple[str, ...]:
    """Say what a change brings in line, a phrase for each difference (sync 1.4).

    :param image: the region's image as it is
    :param patch: the change
    :param remade: property → name of a linked image that is made anew, so that its UUID is not known yet
    :param members: what is changed about its members
    """
    said = [(name, _plain(getattr(image, name)), _plain(value)) for name, value in patch.fields.items()]
    if patch.tags:
        said.append(("tags", _plain(image.tags), _plain(sorted({*image.tags, *patch.tags}))))
    present = image.user_properties
    said += [(key, present.get(key, NOTHING), v) for key, v in patch.set.items() if key not in (*remade, MEMBERS)]
    said += [(key, present.get(key, NOTHING), f"the new {name}") for key, name in remade.items()]
    said += [(key, present.get(key, NOTHING), NOTHING) for key in patch.remove if key != MEMBERS]
    said += [("member", NOTHING, project) for project in members.add]
    said += [("member", project, NOTHING) for project in members.remove]
    return tuple(f"{name} {_short(old)} → {_short(new)}" for name, old, new in sorted(said))


def _short(value: str) -> str:
    if not value:
        return '""'
    return value if len(value) <= MAX_SHOWN else f"{value[: MAX_SHOWN - 1]}…"
