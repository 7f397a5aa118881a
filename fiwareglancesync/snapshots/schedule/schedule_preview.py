"""What a schedule means: the next times of each server, as ``validate`` and ``next`` show them (snapshots 1). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice

from ..planning.snapshot_jobs import specs_of
from .schedule_file import ServerEntry, as_server
from .server_list import ListedServer
from .snapshot_slots import Calendar, Slot, calendar_of, upcoming_slots
from .snapshot_spec import GENERAL, Spec, Times

ALL_OTHERS = "(all others)"
"""Stands for the servers that the schedule file does not name."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """One spec of one server, or of all that an entry is for.

    :param server: as the schedule file has it, or the server's name
    :param server_id: "" when the server is not known
    :param never: why no copy is made by itself, "" when copies are
    """

    server: str
    set_name: str
    spec: Spec
    calendar: Calendar
    server_id: str = ""
    never: str = ""

    def next_slots(self, now: datetime, count: int) -> list[Slot]:
        """The next slots.

        :param now: in UTC
        :param count: how many
        """
        return [] if self.never else list(islice(upcoming_slots(self.calendar, now), count))


def meanings_of_file(
    entries: Mapping[str, ServerEntry], general: Spec, times: Times, *, general_snapshots: bool
) -> list[Meaning]:
    """Each spec of the file, in its order, and the general one.

    :param general: the spec of servers that the file does not name
    :param general_snapshots: whether it has effect
    """
    found = [_meaning(entry.server, "", placed.spec, times) for entry in entries.values() for placed in entry.specs]
    off = "" if general_snapshots else "general_snapshots is off"
    return [*found, _meaning(ALL_OTHERS, "", general, times, GENERAL, off)]


def meanings_of_servers(
    servers: Iterable[ListedServer], by_server: Mapping[str, ServerEntry], general: Spec | None, times: Times
) -> list[Meaning]:
    """Each spec of each server.

    :param by_server: the entry that counts for a server, by its id
    :param general: the spec of servers that the file does not name, None for none
    """
    return [
        _meaning(server.name or server.id, server.id, spec, times, name)
        for server in servers
        for name, spec in specs_of(by_server.get(server.id), general).items()
    ]


def coming(meanings: Iterable[Meaning], now: datetime) -> Iterator[tuple[Slot, Meaning]]:
    """The slots of all, in their order.

    :param now: in UTC
    """
    series = (_series(meaning, now) for meaning in meanings if not meaning.never)
    return ((slot, meaning) for _, _, _, slot, meaning in merge(*series, key=lambda each: each[:3]))


def named_servers(servers: Sequence[ListedServer], words: Iterable[str]) -> tuple[list[ListedServer], list[str]]:
    """The servers that a user names by UUID, ``project/name`` or name, and the words that name none.

    :param servers: all that there are
    :param words: as the user wrote them
    """
    wanted = [as_server(word) for word in words]
    known: dict[str, list[ListedServer]] = {}
    for server in servers:
        for name in {server.id, f"{server.project}/{server.name}", server.name}:
            known.setdefault(name, []).append(server)
    ids = {server.id for word in wanted for server in known.get(word, ())}
    return [server for server in servers if server.id in ids], [word for word in wanted if word not in known]


def _meaning(server: str, server_id: str, spec: Spec, times: Times, set_name: str = "", never: str = "") -> Meaning:
    name = set_name or spec.set_name
    minute = times.general_minute if name == GENERAL else times.minute
    return Meaning(server, name, spec, calendar_of([spec], minute, times.zone), server_id, never or _why_never(spec))


def _why_never(spec: Spec) -> str:
    if spec.count == 0:
        return "the count is 0"
    return "" if spec.days else "only by snapshots run"


def _series(meaning: Meaning, now: datetime) -> Iterator[tuple[datetime, str, str, Slot, Meaning]]:
    for slot in upcoming_slots(meaning.calendar, now):
        yield slot.instant, meaning.server, meaning.set_name, slot, meaning
