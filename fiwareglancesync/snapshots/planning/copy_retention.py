"""Which copies of a job are beyond its count (snapshots 4.4). Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from ..ceph.ceph_model import ImageRef, Namespace, SeenSnapshot
from ..snapshot_model import Copy, Instance

NO_IMAGE = ImageRef("", "")
"""Stands for any one image."""

MOST_AFTER_CREATION = 2
"""Copies of its own set that go after one was made."""


def listed_copies(copies: Iterable[Copy], listed: Sequence[SeenSnapshot]) -> list[Copy]:
    """The copies of one image that its listing shows, with the id and the name that are recorded.

    :param copies: recorded ones of the image
    """
    shown = {(each.id, each.name) for each in listed if each.namespace is Namespace.USER}
    return [copy for copy in copies if (copy.snapshot_id, copy.name) in shown]


def newest_first(copies: Iterable[Copy], present: ImageRef | None = None) -> list[Copy]:
    """Copies of one volume by their age.

    Those of one image go by their ids, whatever the clock said when they were made. Those of the present image are
    newer than those of the images that the volume had before.

    :param present: the image that the volume has, None when all copies are of one image
    """
    return sorted(copies, key=lambda copy: _age(copy, present), reverse=True)


def _age(copy: Copy, present: ImageRef | None) -> tuple[bool, datetime, ImageRef, int]:
    if present is None or copy.image == present:
        return True, datetime.min, NO_IMAGE, copy.snapshot_id
    return False, copy.slot, copy.image, copy.snapshot_id


def whole_instances(instances: Iterable[Instance], copies: Iterable[Copy]) -> Collection[tuple[str, str, datetime]]:
    """What belongs to the newest whole instance of a server in a set: volume, set and slot of each of its copies.

    Of two instances with copies of one image, that with the higher ids is the newer one, whatever the clock said.

    :param instances: of the servers
    :param copies: that are there
    """
    there: defaultdict[tuple[str, datetime], dict[str, Copy]] = defaultdict(dict)
    for copy in copies:
        there[copy.set_name, copy.slot][copy.volume_id] = copy

    def is_newer(instance: Instance, other: Instance) -> bool:
        mine, others = there[instance.set_name, instance.slot], there[other.set_name, other.slot]
        for volume in instance.volume_ids & other.volume_ids:
            if mine[volume].image == others[volume].image:
                return mine[volume].snapshot_id > others[volume].snapshot_id
        return instance.slot > other.slot

    newest: dict[tuple[str, str], Instance] = {}
    for instance in instances:
        key = instance.server_id, instance.set_name
        is_whole = instance.volume_ids <= there[instance.set_name, instance.slot].keys()
        if is_whole and (key not in newest or is_newer(instance, newest[key])):
            newest[key] = instance
    return {(volume, each.set_name, each.slot) for each in newest.values() for volume in each.volume_ids}


def beyond_count(
    copies: Iterable[Copy],
    count: int,
    whole: Collection[tuple[str, str, datetime]],
    present: ImageRef | None = None,
) -> list[Copy]:
    """The copies of one volume and set that are not kept, the oldest first.

    :param copies: that are there
    :param count: that are kept; 0 keeps all
    :param whole: what belongs to whole instances that are kept besides
    :param present: the image that the volume has, None when all copies are of one image
    """
    if count == 0:
        return []
    surplus = newest_first(copies, present)[count:]
    return [copy for copy in reversed(surplus) if (copy.volume_id, copy.set_name, copy.slot) not in whole]
