"""The folders that hold the logs of runs: a new one for each run, old ones are removed (sync 1.4, ``keep_logs``)."""

from __future__ import annotations

import fcntl
import logging
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..base.errors import UsageError
from ..base.file_names import file_name, region_name
from ..terminal.private_files import PRIVATE_FILE_MODE, make_private_folder

SYNC, VAULT = "sync", "vault"
"""The first words of the names: of the runs of ``glancesync``, and of ``glancesync vault backup``."""

TIME_FORMAT = "%Y%m%d_%H%M"
NAME = re.compile(r"([a-z]+)_([0-9]{8}_[0-9]{4})(?:_([1-9][0-9]*))?", re.ASCII)
"""A name of this program: a first word, the time, and a number from 2 where that exists already."""

SUFFIX = ".txt"
FIRST_LINE = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]+ ")
"""How a log begins, unless it is empty; see ``terminal.narrative.RegionLog``."""

FIRST_BYTES = 64
Report = Callable[[str, int], None]

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class LogPlace:
    """Where the log folders of runs are.

    :param parent: the folder that has them
    :param keep: how many of the newest are kept, 0 for all
    :param report: takes a sentence about each old one, and its level of ``logging``
    :param word: the first word of their names; those of another word are not counted and not removed
    """

    parent: Path
    keep: int
    report: Report
    word: str = SYNC

    def remove_old(self) -> None:
        """Remove the old ones."""
        if self.keep:
            remove_old_folders(self.parent, self.keep, self.report, self.word)


def make_parent_folder(path: str) -> None:
    """Make the folder of ``--output-dir``, unless it exists.

    :param path: the folder
    :raises UsageError: it cannot be made, or nothing can be written there
    """
    try:
        make_private_folder(Path(path))
    except OSError as error:
        raise UsageError(f"--output-dir: {error.filename} cannot be used: {error.strerror}") from error


class LogFolder:
    """A new folder for the logs of one run. It is locked until it is closed, so that no other run removes it.

    :param parent: the folder to make it in
    :param word: the first word of its name
    :raises OSError: it cannot be made
    """

    def __init__(self, parent: Path, word: str = SYNC) -> None:
        self.path, self._descriptor = _make(parent, word)

    def file(self, region: str) -> Path:
        """The log of a region.

        :param region: its full name
        """
        return self.path / f"{file_name(region)}{SUFFIX}"

    def close(self) -> None:
        """Write nothing more into it."""
        os.close(self._descriptor)


def _make(parent: Path, word: str) -> tuple[Path, int]:
    name = f"{word}_{datetime.now().strftime(TIME_FORMAT)}"
    # After the last one of this minute: an earlier one may have been removed, and a lower number would say older.
    numbers = [number for _, number, found in _dated(parent, word) if found.startswith(name)]
    number = max(numbers, default=0) + 1
    while True:
        path = parent / (name if number == 1 else f"{name}_{number}")
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
            with suppress(FileNotFoundError):  # another run removed it before it was locked
                descriptor = os.open(path, DIRECTORY)
                with suppress(OSError):  # a file system without locks: nobody can lock it to remove it either
                    fcntl.flock(descriptor, fcntl.LOCK_SH)
                if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                    return path, descriptor
                os.close(descriptor)
        number += 1


def remove_old_folders(parent: Path, keep: int, report: Report, word: str = SYNC) -> None:
    """Remove the log folders of earlier runs, but for the newest ones.

    Only a folder of this account is removed whose name has exactly the form of this program, which contains nothing but
    logs of this program, and into which no other run writes.

    :param parent: the folder that has them
    :param keep: how many of the newest are kept
    :param report: takes a sentence about each old folder, that it is removed or why it is not, and its level
    :param word: the first word of their names
    """
    with suppress(FileNotFoundError):
        for *_, name in sorted(_dated(parent, word), reverse=True)[keep:]:
            path = parent / name
            try:
                why = _remove(path)
            except FileNotFoundError:
                continue  # another run was first
            except OSError as error:
                report(f"{path} cannot be removed (keep_logs): {error.strerror}", logging.WARNING)
            else:
                report(f"{path} is not removed (keep_logs): {why}" if why else f"{path} is removed", logging.DEBUG)


def _dated(parent: Path, word: str) -> Iterator[tuple[datetime, int, str]]:
    """The time and number that names of this program with a first word state in a folder, each with the name."""
    for name in os.listdir(parent):
        match = NAME.fullmatch(name)
        if match is not None and match[1] == word and match[3] != "1":
            with suppress(ValueError):  # digits that are no time
                yield datetime.strptime(match[2], TIME_FORMAT), int(match[3] or 1), name


def _remove(path: Path) -> str | None:
    """Remove a folder with all its logs.

    :return: why it stays; None when it is removed
    """
    try:
        folder = os.open(path, DIRECTORY)
    except NotADirectoryError:
        return "it is no folder"
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(folder).st_uid != os.geteuid():
            return "it belongs to another account"
        names = os.listdir(folder)
        other = next((name for name in sorted(names) if not _is_log(name, folder)), None)
        if other is not None:
            return f"{other} in it is no log of this program"
        for name in names:
            os.unlink(name, dir_fd=folder)
        os.rmdir(path)
    except BlockingIOError:
        return "another run writes into it"
    finally:
        os.close(folder)
    return None


def _is_log(name: str, folder: int) -> bool:
    """Whether a file is a log that a run of this program may have written."""
    stem = name.removesuffix(SUFFIX)
    if stem == name or file_name(region_name(stem)) != stem:
        return False
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode):
        return False
    if not status.st_size:  # of a run that was killed; an empty file of a user is usually readable by others
        return stat.S_IMODE(status.st_mode) == PRIVATE_FILE_MODE
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    try:
        beginning = os.read(descriptor, FIRST_BYTES)
    finally:
        os.close(descriptor)
    return FIRST_LINE.match(beginning) is not None
