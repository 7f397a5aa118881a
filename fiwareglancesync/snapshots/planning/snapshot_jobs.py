"""The jobs that the schedule asks for: one for each image and set (snapshots 4.1). Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from ...base.text import show
from ..ceph.ceph_model import ImageRef
from ..schedule.server_list import ListedServer
from ..schedule.snapshot_slots import Calendar, calendar_of
from ..schedule.snapshot_spec import GENERAL, Spec, Times
from ..snapshot_model import JobKey

if TYPE_CHECKING:  # reading a schedule file needs the YAML library, and options need jobs
    from ..schedule.schedule_file import ServerEntry


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be made of one image, in one set.

    :param count: copies that are kept; 0 means that nothing is made and nothing removed
    :param server_ids: whose volume it is, sorted
    """

    key: JobKey
    volume_id: str
    count: int
    calendar: Calendar
    server_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Jobs:
    """All jobs.

    :param by_key: in no order
    :param unmapped: volumes whose image is not known, by id: nothing is made of them
    :param wanted: volume and set of all copies that are wanted, those of these volumes too
    :param warnings: what is odd, a line each
    """

    by_key: Mapping[JobKey, Job] = field(default_factory=dict)
    unmapped: frozenset[str] = frozenset()
    wanted: frozenset[tuple[str, str]] = frozenset()
    warnings: Sequence[str] = ()


def make_jobs(
    servers: Iterable[ListedServer],
    entries: Mapping[str, ServerEntry],
    general: Spec | None,
    images: Mapping[str, ImageRef],
    times: Times,
) -> Jobs:
    """Find the jobs of all volumes.

    :param servers: all that there are
    :param entries: of the schedule file, by id of the server that each counts for
    :param general: the spec of the other servers, None for none
    :param images: by id of the volume
    """
    wishes: defaultdict[tuple[str, str], dict[str, Spec]] = defaultdict(dict)
    for server in servers:
        for name, spec in specs_of(entries.get(server.id), general).items():
            for volume_id in server.volume_ids:
                wishes[volume_id, name][server.id] = spec
    calendar = cache(lambda specs, minute: calendar_of(specs, minute, times.zone))
    found: dict[JobKey, Job] = {}
    warnings = []
    for (volume_id, name), by_server in wishes.items():
        if volume_id not in images:
            continue
        specs = frozenset(by_server.values())
        key = JobKey(images[volume_id], name)
        minute = times.general_minute if name == GENERAL else times.minute
        count = max(spec.count for spec in specs)
        found[key] = Job(key, volume_id, count, calendar(specs, minute), tuple(sorted(by_server)))
        if len(specs) > 1:
            warnings.append(_several_specs(volume_id, by_server))
    unmapped = frozenset(volume_id for volume_id, _ in wishes if volume_id not in images)
    return Jobs(found, unmapped, frozenset(wishes), warnings)


def specs_of(entry: ServerEntry | None, general: Spec | None) -> Mapping[str, Spec]:
    """The specs of a server by their sets.

    :param entry: that counts for it, None when the schedule file does not name it
    :param general: the spec of servers that it does not name, None for none
    """
    if entry is not None:
        return {placed.spec.set_name: placed.spec for placed in entry.specs}
    return {} if general is None else {GENERAL: general}


def _several_specs(volume_id: str, by_server: Mapping[str, Spec]) -> str:
    specs = ", ".join(f"{spec} of {show(server)}" for server, spec in sorted(by_server.items()))
    return f"volume {volume_id} has several servers: the times of all and the largest count hold for it ({specs})"
