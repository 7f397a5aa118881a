"""Which entry of the schedule file counts for a server: the most exact one (snapshots 2.3)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ...base.text import show
from .schedule_file import ServerEntry
from .schedule_nodes import Finding
from .server_list import UUID, ListedServer

WILDCARDS = re.compile(r"[*?]")


@dataclass(frozen=True, slots=True)
class MatchedServers:
    """Which servers an entry counts for.

    :param entries: by id of the server; those that are not named are not in it
    :param mistakes: two patterns for one server
    :param warnings: names that several servers have, or none
    """

    entries: Mapping[str, ServerEntry] = field(default_factory=dict)
    mistakes: Sequence[Finding] = ()
    warnings: Sequence[Finding] = ()


def match_servers(entries: Mapping[str, ServerEntry], servers: Iterable[ListedServer]) -> MatchedServers:
    """Find the entry of each server: by UUID, else by ``project/name``, else by name, else by pattern.

    :param entries: of the schedule file
    :param servers: all that there are
    """
    patterns = [(entry, _matcher(entry.server)) for entry in entries.values() if WILDCARDS.search(entry.server)]
    found: dict[str, ServerEntry] = {}
    named: defaultdict[str, list[ListedServer]] = defaultdict(list)
    mistakes: list[Finding] = []
    for server in servers:
        exact = _exact(entries, server)
        fitting = [entry for entry, matches in patterns if matches(server)]
        for entry in [each for each in (entries.get(key) for key in _keys(server)) if each is not None] + fitting:
            named[entry.server].append(server)
        if exact is not None:
            found[server.id] = exact
        elif len(fitting) > 1:
            mistakes.append(_two_patterns(fitting, server))
        elif fitting:
            found[server.id] = fitting[0]
    warnings = [text for entry in entries.values() for text in _warnings(entry, named[entry.server])]
    return MatchedServers(found, sorted(mistakes), sorted(warnings))


def _keys(server: ListedServer) -> tuple[str, str, str]:
    """What may name a server, the most exact first."""
    return server.id, f"{server.project}/{server.name}", server.name


def _exact(entries: Mapping[str, ServerEntry], server: ListedServer) -> ServerEntry | None:
    return next((entries[key] for key in _keys(server) if key in entries), None)


def _matcher(pattern: str) -> Callable[[ListedServer], bool]:
    """Compares names with a pattern; one with a slash is compared with ``project/name``."""
    parts = {"*": ".*", "?": "."}
    expression = re.compile("".join(parts.get(sign, re.escape(sign)) for sign in pattern), re.DOTALL)
    if "/" in pattern:
        return lambda server: expression.fullmatch(f"{server.project}/{server.name}") is not None
    return lambda server: expression.fullmatch(server.name) is not None


def _two_patterns(fitting: Sequence[ServerEntry], server: ListedServer) -> Finding:
    first, second = sorted(fitting, key=lambda entry: entry.position)[:2]
    text = (
        f"two patterns are for the server {show(server.name)} ({server.id}), {show(second.server)} and "
        f"{show(first.server)} at {first.position}; name the server itself, or change a pattern"
    )
    return Finding(second.position, text)


def _warnings(entry: ServerEntry, servers: Sequence[ListedServer]) -> Iterable[Finding]:
    if not servers:
        kind = "fits" if WILDCARDS.search(entry.server) else "is called"
        if UUID.fullmatch(entry.server):
            kind = "has the id"
        yield Finding(entry.position, f"no server {kind} {show(entry.server)}")
    elif len(servers) > 1 and not WILDCARDS.search(entry.server):
        ids = ", ".join(sorted(server.id for server in servers))
        yield Finding(entry.position, f"{len(servers)} servers are called {show(entry.server)}, and all count: {ids}")
