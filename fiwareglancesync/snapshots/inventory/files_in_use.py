"""Keeps the copies of the schedule file and of the list of servers that are in use (snapshots 3.2).

::

    files = FilesInUse(settings.schedule_file, settings.server_list)
    files.refresh()                  # at every change, and every REFRESH_SECONDS
    files.schedule, files.problem    # what is in force, and why the files as they are now are not
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ...base.errors import ConfigError, NotWritten
from ...base.file_replacement import replace_file
from .file_choice import FileChoice, FoundFile, Pair, choose_files
from .snapshot_files import LoadedSchedule, load_schedule, read_schedule_file, read_server_list

SUFFIX = "-"
"""How the name of a copy ends."""

REFRESH_SECONDS = 300


class FilesInUse:
    """The schedule file and the list of servers, each with the copy that is in use.

    :param schedule_file: path of the original
    :param server_list: path of the original
    """

    def __init__(self, schedule_file: str, server_list: str) -> None:
        self._schedule_file = schedule_file
        self._server_list = server_list
        self._seen: list[Pair] = []
        self.schedule: LoadedSchedule | None = None
        self.problem = ""

    @property
    def folders(self) -> frozenset[str]:
        """The folders in which the originals change."""
        return frozenset(str(Path(path).absolute().parent) for path in (self._schedule_file, self._server_list))

    def refresh(self) -> bool:
        """Read the originals, and use copies of them if they are good; whether another schedule is in force now.

        What cannot be used, or is gone, leaves what was in force; ``problem`` says why.
        """
        found = list(_pairs(self._schedule_file, self._server_list))
        if found == self._seen:
            return False
        choice = choose_files(*found)
        self.problem = self._explained(choice)
        self._seen = [self._copied(pair) if pair.original in choice.files else pair for pair in found]
        before, self.schedule = self.schedule, choice.schedule or self.schedule
        return self.schedule != before

    def _explained(self, choice: FileChoice) -> str:
        """Why the originals are not in force, and what is."""
        if not choice.problem:
            return ""
        if choice.files:
            return f"{choice.problem}; in force are {' and '.join(file.path for file in choice.files)}"
        return f"{choice.problem}; {'what was read before' if self.schedule else 'nothing'} is in force"

    def _copied(self, pair: Pair) -> Pair:
        """The files after the original has been copied; one that cannot be is tried again by the next call."""
        if pair.original.content is None or pair.original.content == pair.copy.content:
            return pair
        copy = pair.copy.path
        try:
            replace_file(Path(copy), pair.original.content)
        except OSError as error:
            text = str(NotWritten.because(error, copy))
            self.problem = f"{self.problem}; {text}" if self.problem else text
            return Pair(FoundFile(pair.original.path, None), pair.copy)
        return Pair(pair.original, FoundFile(copy, pair.original.content))


def schedule_in_force(schedule_file: str, server_list: str) -> tuple[LoadedSchedule, str]:
    """What a daemon that starts now works by, and why the originals are not in force, "" when they are.

    :raises ConfigError: nothing can be used
    """
    try:
        return load_schedule(schedule_file, server_list), ""
    except ConfigError:
        choice = choose_files(*_pairs(schedule_file, server_list))
        if choice.schedule is None:
            raise
        return choice.schedule, f"{choice.problem}; in force are {' and '.join(file.path for file in choice.files)}"


def _pairs(schedule_file: str, server_list: str) -> tuple[Pair, Pair]:
    return (
        Pair(_schedule(schedule_file), _schedule(schedule_file + SUFFIX)),
        Pair(_list(server_list), _list(server_list + SUFFIX)),
    )


def _schedule(path: str) -> FoundFile:
    if _may_block(path):
        return FoundFile(path, None, f"the schedule file, {path}, is no regular file")
    try:
        return FoundFile(path, read_schedule_file(path))
    except ConfigError as error:
        return FoundFile(path, None, str(error))


def _list(path: str) -> FoundFile:
    if _may_block(path):
        return FoundFile(path, None, f"the list of servers, {path}, is no regular file")
    try:
        content = read_server_list(path)
    except ConfigError as error:
        return FoundFile(path, None, str(error))
    return FoundFile(path, content, "" if content is not None else f"there is no list of servers, {path}")


def _may_block(path: str) -> bool:
    """Whether reading may never end, as of a named pipe or a device."""
    try:
        mode = os.stat(path).st_mode
    except OSError:  # reading says why
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
