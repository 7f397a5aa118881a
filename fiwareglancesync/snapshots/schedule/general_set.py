"""What the general spec means for the servers that the schedule file does not name (snapshots 2.4). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .server_list import ListedServer
from .snapshot_spec import Spec

REMEDY = "none is made until --enable-general-snapshots or general_snapshots = True in [snapshots] allows it"


@dataclass(frozen=True, slots=True)
class GeneralMeaning:
    """How much the general spec makes.

    :param servers: that the schedule file does not name
    :param volumes: of these, each once
    :param weekly: snapshots a week
    """

    servers: int
    volumes: int
    weekly: int

    def notice(self, spec: Spec) -> str:
        """The line that the daemon writes when it may not make them."""
        numbers = ((self.servers, "server"), (self.volumes, "volume"), (self.weekly, "snapshot"))
        servers, volumes, snapshots = (f"{number} {noun}{'' if number == 1 else 's'}" for number, noun in numbers)
        what = f"{servers} with {volumes}, {snapshots} a week"
        return f"the general spec {spec} means {what}; {REMEDY}"


def general_meaning(servers: Iterable[ListedServer], named: Mapping[str, object], spec: Spec) -> GeneralMeaning:
    """Find what the general spec makes.

    :param servers: all that there are
    :param named: those that the schedule file names, by id
    """
    found = [server for server in servers if server.id not in named]
    volumes = {volume for server in found for volume in server.volume_ids}
    weekly = len(spec.days) * len(spec.hours) if spec.has_times else 0
    return GeneralMeaning(len(found), len(volumes), len(volumes) * weekly)
