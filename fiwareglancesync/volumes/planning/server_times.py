"""Which servers get the time of their last backup as metadata (volumes 2). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from ...openstack.cloud_model import Server
from ..volume_model import BackupRecord
from .backup_chain import by_volume
from .server_metadata import MarkedVolume

LAST_BACKUP_KEY = "last-backup-time"
"""The item of a server's metadata."""


def servers_to_mark(
    marked: Mapping[str, MarkedVolume], records: Iterable[BackupRecord]
) -> Iterator[tuple[Server, str]]:
    """The servers whose volumes all have a good newest backup, and whose metadata does not say its time yet.

    A change that is refused is so tried again: the next listing shows that the metadata is still another one.

    :param marked: the volumes that are backed up, by id
    :param records: all that have not been removed
    :return: each with the ISO time at which its last backup ended
    """
    newest = {volume_id: history[-1] for volume_id, history in by_volume(records).items() if history}
    volumes: dict[str, list[str]] = {}
    servers: dict[str, Server] = {}
    for volume_id, each in marked.items():
        for server in each.servers:
            servers[server.id] = server
            volumes.setdefault(server.id, []).append(volume_id)
    for server_id, volume_ids in volumes.items():
        ends = [_end(newest.get(volume_id)) for volume_id in volume_ids]
        if None not in ends:
            time = max(end for end in ends if end is not None)
            text = f"{time:%Y-%m-%dT%H:%M:%SZ}"
            if servers[server_id].metadata.get(LAST_BACKUP_KEY) != text:
                yield servers[server_id], text


def _end(record: BackupRecord | None) -> datetime | None:
    """When the newest backup of a volume ended, None unless it is good."""
    return record.finished if record is not None and record.is_good else None
