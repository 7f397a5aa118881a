"""What the metadata of servers and volumes say of backups (volumes 2, 3); projects write it, so it is never trusted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...base.text import show
from ...base.units import duration
from ...config.values import MAX_DIGITS, TIME_UNITS, TRUE
from ...openstack.cloud_model import Server, Volume
from ..volume_model import DAY, VolumeSettings

ALL_SERVERS = "*"
"""The value of ``backup_metadata_key`` that means every server."""

INTERVAL_KEY = "backup-interval"
"""How often the volumes of a server are backed up."""

RETENTION_KEY = "backup-retention"
"""How long the backups of its volumes are kept."""

LONGEST_INTERVAL = 3650 * DAY
"""Seconds; a longer interval is a mistake, and its due time would be beyond all calendars."""

MAX_SHOWN = 60
"""Characters of a server's metadata that are shown in a warning."""

GRAMMAR = "[<n>y][<n>mon][<n>w][<n>d][<n>h][<n>min][<n>s]"
"""How a duration is written in metadata."""

_DURATION = re.compile("".join(f"(?:([0-9]{{1,{MAX_DIGITS}}}){unit})?" for unit in TIME_UNITS))


@dataclass(frozen=True, slots=True)
class MarkedVolume:
    """A volume that is to be backed up.

    :param servers: the marked servers that have it, the one with the lowest id first: its name is that of the backups
    :param interval: seconds, the shortest of its servers'
    :param retention: seconds, the longest of its servers'
    """

    volume: Volume
    servers: tuple[Server, ...]
    interval: int
    retention: int


@dataclass(frozen=True, slots=True)
class Marked:
    """What the metadata of all servers come to.

    :param volumes: to be backed up, by id
    :param skipped: servers and volumes of theirs that have the mark not to be backed up
    :param missing: servers and the ids of volumes that Nova has attached to them, and that Cinder does not list
    :param empty: marked servers without volumes
    :param unprotected: servers without the mark
    :param warnings: what is wrong in the metadata of servers, with the server, each a line
    """

    volumes: Mapping[str, MarkedVolume]
    skipped: Sequence[tuple[Server, Volume]] = ()
    missing: Sequence[tuple[Server, str]] = ()
    empty: Sequence[Server] = ()
    unprotected: Sequence[Server] = ()
    warnings: Sequence[tuple[Server, str]] = ()


def is_true(text: str | None) -> bool:
    """Whether the value of a metadata item means yes.

    :param text: the value, None when there is no such item
    """
    return text is not None and text.strip().lower() in TRUE


def parse_duration(text: str) -> int | None:
    """Read a duration, such as ``1w3d``.

    :param text: the value of a metadata item
    :return: seconds, more than 0; None when it is written in another way
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        return None
    counts = zip(match.groups("0"), TIME_UNITS.values(), strict=True)
    return sum(int(count) * unit for count, unit in counts) or None


def find_marked(servers: Sequence[Server], volumes: Mapping[str, Volume], settings: VolumeSettings) -> Marked:
    """Find the volumes that are to be backed up, each once.

    :param servers: of all projects
    :param volumes: of all projects, by id
    """
    found = _Finder(volumes, settings)
    for server in sorted(servers, key=lambda server: server.id):
        found.add(server)
    return found.result()


class _Finder:
    """Collects volumes from one server after the other, in the order of their ids."""

    def __init__(self, volumes: Mapping[str, Volume], settings: VolumeSettings) -> None:
        self._volumes = volumes
        self._settings = settings
        self._found: dict[str, MarkedVolume] = {}
        self._skipped: list[tuple[Server, Volume]] = []
        self._missing: list[tuple[Server, str]] = []
        self._empty: list[Server] = []
        self._unprotected: list[Server] = []
        self._warnings: list[tuple[Server, str]] = []

    def add(self, server: Server) -> None:
        if not _is_marked(server, self._settings):
            self._unprotected.append(server)
            return
        if not server.volume_ids:
            self._empty.append(server)
        interval = self._time(server, INTERVAL_KEY, self._settings.backup_interval, *_intervals(self._settings))
        retention = self._time(server, RETENTION_KEY, self._settings.retention, *_retentions(self._settings))
        for volume_id in dict.fromkeys(server.volume_ids):
            volume = self._volumes.get(volume_id)
            if volume is None:
                self._missing.append((server, volume_id))
            elif is_true(volume.metadata.get(self._settings.skip_metadata_key)):
                self._skipped.append((server, volume))
            else:
                self._add_volume(volume, server, interval, retention)

    def _add_volume(self, volume: Volume, server: Server, interval: int, retention: int) -> None:
        earlier = self._found.get(volume.id)
        if earlier is None:
            self._found[volume.id] = MarkedVolume(volume, (server,), interval, retention)
        else:
            self._found[volume.id] = MarkedVolume(
                volume, (*earlier.servers, server), min(earlier.interval, interval), max(earlier.retention, retention)
            )

    def _time(self, server: Server, key: str, default: int, shortest: int, longest: int) -> int:
        """A time of a server, within its limits; what is wrong with it is a warning."""
        text = server.metadata.get(key)
        if text is None:
            return default
        for warning in _warnings(key, text, default, shortest, longest):
            self._warnings.append((server, warning))
        return min(max(parse_duration(text) or default, shortest), longest)

    def result(self) -> Marked:
        return Marked(self._found, self._skipped, self._missing, self._empty, self._unprotected, self._warnings)


def _is_marked(server: Server, settings: VolumeSettings) -> bool:
    key = settings.backup_metadata_key
    return key == ALL_SERVERS or is_true(server.metadata.get(key))


def _intervals(settings: VolumeSettings) -> tuple[int, int]:
    return settings.min_interval, LONGEST_INTERVAL


def _retentions(settings: VolumeSettings) -> tuple[int, int]:
    return settings.min_retention, settings.max_retention


def _warnings(key: str, text: str, default: int, shortest: int, longest: int) -> Iterator[str]:
    seconds, shown = parse_duration(text), f"{key} is '{show(text, MAX_SHOWN)}'"
    if seconds is None:
        yield f"{shown}; expected {GRAMMAR}, more than 0: {duration(default)} is used"
    elif seconds < shortest:
        yield f"{shown}; the shortest time that is allowed, {duration(shortest)}, is used"
    elif seconds > longest:
        yield f"{shown}; the longest time that is allowed, {duration(longest)}, is used"
