"""Which properties a synchronisation copies, and the difference between two images (contract 3.5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..model import JOURNAL, LINKS, Image

LOCAL = re.compile(
    r"img_signature.*|instance_uuid|base_image_ref|image_location|owner_id|user_id|owner_project_name"
    r"|owner_user_name|boot_roles|block_device_mapping|bdm_v2|root_device_name",
    re.DOTALL,
)
"""Describe one copy of the image: copied only when ``metadata_set`` names them."""

NEVER = re.compile(
    r"cinder_encryption_key_.*|os_glance_.*|os_hash_.*|stores|direct_url|locations|" + re.escape(JOURNAL),
    re.DOTALL,
)
"""Glance's own, ours, and the key that would be deleted together with the image."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an image's properties should be, links left out.

    :param values: property → value
    :param absent: properties that should not be there
    """

    values: Mapping[str, str]
    absent: frozenset[str]


def wanted_properties(image: Image, chosen: frozenset[str]) -> Wanted:
    """Decide which of the master's properties count.

    :param image: a master image
    :param chosen: the target's ``metadata_set``; empty means all
    """
    if chosen:
        values = {k: v for k, v in image.user_properties.items() if k in chosen and _copied(k, named=True)}
        absent = frozenset(k for k in chosen if k not in values and _copied(k, named=True))
        return Wanted(values, absent)
    return Wanted({k: v for k, v in image.user_properties.items() if _copied(k, named=False)}, frozenset())


def _copied(key: str, *, named: bool) -> bool:
    if key in LINKS or NEVER.fullmatch(key):
        return False
    return named or not LOCAL.fullmatch(key)


def difference(wanted: Wanted, image: Image) -> tuple[dict[str, str], tuple[str, ...]]:
    """Tell what to change in an image.

    :param wanted: what its properties should be
    :param image: the region's image
    :return: properties to add or replace, and properties to remove, sorted
    """
    present = image.user_properties
    changed = {key: value for key, value in wanted.values.items() if present.get(key) != value}
    superfluous = tuple(sorted(key for key in wanted.absent if key in present)) if wanted.absent else ()
    return changed, superfluous


def wanted_visibility(master: Image, image: Image) -> str | None:
    """Tell the visibility that an image should get, None when its own will do.

    Public or not always counts; between the others only when both sides state it exactly.

    :param master: the master's image
    :param image: the region's image
    """
    if master.visibility == image.visibility:
        return None
    if master.is_public != image.is_public or (master.exact_visibility and image.exact_visibility):
        return master.visibility
    return None


def differences_left(master: Image, image: Image) -> tuple[str, ...]:
    """Name what is set at upload only and differs now (contract 3.5): notes, no status.

    :param master: the master's image
    :param image: the region's image
    """
    notes = []
    for field in ("min_disk", "min_ram", "tags", "protected", "disk_format", "container_format"):
        here, there = getattr(image, field), getattr(master, field)
        if field == "tags":
            here, there = sorted(here), sorted(there)
        if here != there and here is not None and there is not None:
            notes.append(f"{field} is {_plain(here)}, in the master {_plain(there)}")
    return tuple(notes)


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ",".join(value) or "none"
    return str(value)
