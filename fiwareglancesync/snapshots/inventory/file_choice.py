"""Which schedule file and which list of servers are in force: the originals, or the last good copies (snapshots 3.2).

Pure: the contents are parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from ...base.errors import ConfigError
from ..schedule.server_list import ListedServer
from .snapshot_files import LoadedSchedule, understand_schedule, understand_servers

MOST_NAMED = 10
"""Mistakes of a file that a text names."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file as it is now.

    :param content: None when it is not there, or cannot be read
    :param problem: why, "" when it can
    """

    path: str
    content: bytes | None
    problem: str = ""


class Pair(NamedTuple):
    """A file, and the copy of the last good one."""

    original: FoundFile
    copy: FoundFile


@dataclass(frozen=True, slots=True)
class FileChoice:
    """What is in force.

    :param schedule: None when nothing can be used
    :param files: the schedule file and the list of servers that are used
    :param problem: why the originals are not, "" when they are
    """

    schedule: LoadedSchedule | None
    files: tuple[FoundFile, ...] = ()
    problem: str = ""


def choose_files(schedules: Pair, lists: Pair) -> FileChoice:
    """Choose the files that are used: the originals, else one of them with the copy of the other, else both copies.

    :param schedules: the schedule file
    :param lists: the list of servers
    """
    problem = ""
    for listed, schedule in product(lists, schedules):
        files = schedule, listed
        try:
            found = _understand(*files)
        except ConfigError as error:
            problem = problem or _in_short(error.problems)
            continue
        return FileChoice(found, files, problem)
    return FileChoice(None, (), problem)


def _in_short(mistakes: Sequence[str]) -> str:
    """The first mistakes of a file in one line, for the log and a mail; validate prints all."""
    more = len(mistakes) - MOST_NAMED
    return "; ".join((*mistakes[:MOST_NAMED], *([f"and {more} more"] if more > 0 else [])))


def _understand(schedule: FoundFile, servers: FoundFile) -> LoadedSchedule:
    """Read both files.

    :raises ConfigError: one cannot be used
    """
    content, listed = _content(schedule), _content(servers)
    found: list[ListedServer] = understand_servers(servers.path, listed)
    return understand_schedule(schedule.path, content, found)


def _content(file: FoundFile) -> bytes:
    if file.content is None:
        raise ConfigError(file.problem)
    return file.content
