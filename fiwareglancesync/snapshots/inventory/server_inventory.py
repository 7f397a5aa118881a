"""What Nova and Cinder say of servers and volumes, as the program keeps it (snapshots 3). Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from ...base.errors import CloudError, Scope
from ...openstack.cloud_model import Listing, Server, Volume
from ..schedule.server_list import ListedServer

OPT_OUT_KEY = "snapshots"
"""The metadata item by which a project says that it wants no snapshots of a server."""

OFF = frozenset({"off", "no", "false", "0"})

DISK_SUFFIX = "_disk"
"""How Nova ends the name of the image with a server's own disk, after the server's id."""


class VolumeLocation(NamedTuple):
    """Where Cinder has a volume. Both are "" when Cinder does not say: it shows them to administrators only.

    :param host: the backend, such as ``node@ssd#ssd``
    :param name_id: the id in the name of the image, when it is not that of the volume
    """

    host: str = ""
    name_id: str = ""


@dataclass(frozen=True, slots=True)
class InventoryRecord:
    """What an inventory found besides the list of servers.

    :param read: when it was begun, in UTC
    :param covers_all: whether it is of all projects, or of the account's own one
    :param volumes: all of Cinder, attached or not, by id
    :param server_ids: all servers
    :param opted_out: servers of which their projects want no snapshots
    """

    read: datetime
    covers_all: bool
    volumes: Mapping[str, VolumeLocation] = field(default_factory=dict)
    server_ids: frozenset[str] = frozenset()
    opted_out: frozenset[str] = frozenset()

    def has(self, volume_id: str) -> bool:
        """Whether there is a volume, or the server whose own disk it is."""
        if volume_id.endswith(DISK_SUFFIX):
            return volume_id.removesuffix(DISK_SUFFIX) in self.server_ids
        return volume_id in self.volumes


@dataclass(frozen=True, slots=True)
class ServerInventory:
    """All servers and volumes, as of one moment.

    :param servers: with their attached volumes
    """

    servers: Sequence[ListedServer]
    record: InventoryRecord


class IncompleteInventory(CloudError):
    """Something may be missing in what Nova, Cinder and Keystone list; the text says why."""

    scope = Scope.REGION


def make_inventory(
    servers: Listing[Server], volumes: Listing[Volume], projects: Mapping[str, str], *, covers_all: bool
) -> ServerInventory:
    """Join the listings.

    :param projects: their names, by id
    :param covers_all: whether the listings are of all projects
    :raises IncompleteInventory: a listing is not complete
    """
    for reason in (servers.reason, volumes.reason):
        if reason:
            raise IncompleteInventory(reason)
    listed = [
        ListedServer(
            each.id.lower(),
            projects.get(each.project_id, each.project_id),
            each.name,
            tuple(sorted(set(each.volume_ids))),
        )
        for each in servers.items
    ]
    record = InventoryRecord(
        min(servers.begun, volumes.begun),
        covers_all,
        {each.id: VolumeLocation(each.host, each.name_id) for each in volumes.items},
        frozenset(each.id for each in listed),
        frozenset(each.id.lower() for each in servers.items if has_opted_out(each.metadata)),
    )
    return ServerInventory(sorted(listed), record)


def has_opted_out(metadata: Mapping[str, str]) -> bool:
    """Whether the metadata of a server say that its project wants no snapshots of it."""
    return metadata.get(OPT_OUT_KEY, "").strip().lower() in OFF


def why_not_believed(
    found: ServerInventory, listed_before: Collection[ListedServer] | None, before: InventoryRecord | None
) -> str:
    """Why an inventory changes nothing although every request was answered, "" when it is used.

    :param listed_before: servers of the list that is there, None when somebody removed it
    :param before: the inventory before, None for none
    """
    remedy = "if that is so, remove the list of servers, and the next inventory is used"
    if listed_before is None:
        return ""
    if before is not None and before.covers_all and not found.record.covers_all:
        return f"the account gets only its own project, and before it got all of them; {remedy}"
    if listed_before and not found.servers:
        return f"Nova lists no server, and before there were {len(listed_before)}; {remedy}"
    if before is not None and before.volumes and not found.record.volumes:
        return f"Cinder lists no volume, and before there were {len(before.volumes)}; {remedy}"
    return ""
