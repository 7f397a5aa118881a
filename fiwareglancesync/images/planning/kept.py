"""Replaced images that are not deleted, because other images link to them (sync 3.6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from ...base.messages import Message
from ..model import Image, Listing, SyncStatus
from .links import links_of
from .plan import PlanEntry

UPDATES = frozenset({SyncStatus.PENDING_METADATA, SyncStatus.PENDING_AMI})


def kept_message(region: str, name: str, uuid: str, old_name: str, users: Iterable[tuple[str, str]]) -> Message:
    """The warning that a replaced image is not deleted.

    :param region: full name of the region
    :param name: the name that the image had
    :param uuid: its UUID
    :param old_name: the name that it gets
    :param users: name and UUID of the images that link to it, in any order
    """
    listed = ", ".join(f"{user} (UUID {user_id})" for user, user_id in sorted(users))
    return Message.warning(
        f"{region}: the old image {name} (UUID {uuid}) is kept as {old_name}: used by {listed}", name
    )


def find_kept(
    listing: Listing, entries: Iterable[PlanEntry], moves: Sequence[PlanEntry], temporary: Collection[str]
) -> list[Message]:
    """Predict which replaced images a run would not delete.

    :param listing: the region's images, the obsolete changes applied
    :param entries: all entries
    :param moves: those that make a new image, in their order; old images are deleted in the reverse order
    :param temporary: UUIDs of images that are deleted before anything is replaced
    """
    replaced = [entry for entry in reversed(moves) if entry.old is not None and not entry.blocked]
    if not any(entry.status is SyncStatus.PENDING_REPLACE for entry in replaced):
        return []
    linking = _linking(listing, entries, temporary)
    gone: set[str] = set()
    new_names: dict[str, str] = {}
    messages = []
    for entry in replaced:
        old = entry.old
        if old is None:
            continue
        linking_now = [image for image in linking.get(old.id, ()) if image.id not in gone]
        new_names[old.id] = entry.old_name
        if entry.status is not SyncStatus.PENDING_REPLACE:
            continue
        if linking_now:
            users = [(new_names.get(image.id, image.name), image.id) for image in linking_now]
            messages.append(kept_message(listing.region, entry.name, old.id, entry.old_name, users))
        else:
            gone.add(old.id)
    return messages


def _linking(listing: Listing, entries: Iterable[PlanEntry], temporary: Collection[str]) -> Mapping[str, list[Image]]:
    """UUID → the images that link to it once all updates are done."""
    updates = {
        entry.region_image.id: entry
        for entry in entries
        if entry.region_image is not None and entry.status in UPDATES and not entry.blocked
    }
    linking: dict[str, list[Image]] = defaultdict(list)
    for image in listing.images:
        if not image.user_properties or image.id in temporary:
            continue
        entry = updates.get(image.id)
        links = links_of(image if entry is None else entry.patch.apply(image))
        for uuid in {uuid for key, uuid in links.items() if entry is None or key not in entry.links}:
            linking[uuid].append(image)
    return linking
