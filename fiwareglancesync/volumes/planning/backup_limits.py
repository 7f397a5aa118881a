"""Which of the volumes that are due may be backed up now, and in which order (volumes 2)."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..volume_model import VolumeSettings


@dataclass(frozen=True, slots=True)
class RunningBackup:
    """A backup that has been requested and has not ended.

    :param host: the backup service that makes it, "" as long as that is not known
    """

    project_id: str
    host: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A volume that is due.

    :param since: since when it waits
    """

    volume_id: str
    project_id: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Choice:
    """What may begin now.

    :param begins: the ids of volumes, in this order
    :param full_projects: projects in which no further backup may begin
    :param is_full: whether none may begin in any project
    """

    begins: Sequence[str]
    full_projects: frozenset[str]
    is_full: bool


def choose(
    candidates: Iterable[Candidate],
    running: Sequence[RunningBackup],
    hosts: frozenset[str],
    settings: VolumeSettings,
) -> Choice:
    """Choose what may begin now: always in the project with the fewest running backups, the longest waiting one first.

    So a project with many volumes does not keep the others waiting.

    :param running: those of all projects
    :param hosts: the backup services that are up
    """
    queues: dict[str, deque[Candidate]] = {}
    for candidate in sorted(candidates, key=lambda candidate: (candidate.since, candidate.volume_id)):
        queues.setdefault(candidate.project_id, deque()).append(candidate)
    counts = Counter(backup.project_id for backup in running)
    begins: list[str] = []
    free = min(settings.max_running - len(running), _free_on_hosts(running, hosts, settings.max_running_per_host))
    while len(begins) < free:
        open_queues = [
            (counts[project_id], queue[0].since, queue[0].volume_id, project_id)
            for project_id, queue in queues.items()
            if queue and counts[project_id] < settings.max_running_per_project
        ]
        if not open_queues:
            break
        project_id = min(open_queues)[-1]
        begins.append(queues[project_id].popleft().volume_id)
        counts[project_id] += 1
    full = frozenset(project_id for project_id, count in counts.items() if count >= settings.max_running_per_project)
    return Choice(begins, full, len(begins) >= free)


def most_running(hosts: frozenset[str], settings: VolumeSettings) -> int:
    """How many backups may be made at once, by all conductors together.

    :param hosts: the backup services that are up
    """
    return min(settings.max_running, settings.max_running_per_host * len(hosts))


def _free_on_hosts(running: Sequence[RunningBackup], hosts: frozenset[str], most: int) -> int:
    """How many backups the hosts have room for: Cinder chooses the host, so only their sum counts."""
    counts = Counter(backup.host for backup in running)
    elsewhere = sum(count for host, count in counts.items() if not host)
    return max(0, sum(max(0, most - counts[host]) for host in hosts) - elsewhere)
