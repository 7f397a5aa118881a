"""Reads the schedule file and the list of servers (snapshots 2, 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...base.errors import ConfigError, system_error
from ..schedule.schedule_file import ServerEntry, read_schedule
from ..schedule.schedule_nodes import MOST_BYTES
from ..schedule.server_list import ListedServer, read_servers
from ..schedule.server_match import match_servers


@dataclass(frozen=True, slots=True)
class LoadedSchedule:
    """A schedule file without mistakes.

    :param path: of the file
    :param servers: all that the list of servers has, None when there is no list
    :param by_server: the entry that counts for a server, by its id
    :param warnings: what is odd, a line each with file, line and column
    """

    path: str
    entries: Mapping[str, ServerEntry]
    servers: Sequence[ListedServer] | None
    by_server: Mapping[str, ServerEntry]
    warnings: Sequence[str] = ()


def load_schedule(path: str, server_list: str) -> LoadedSchedule:
    """Read the schedule file, and find its servers in the list of servers if there is one.

    :param path: of the schedule file
    :param server_list: path of the list of servers
    :raises ConfigError: a file cannot be read, or there are mistakes, a line for each
    """
    return understand_schedule(path, read_schedule_file(path), load_servers(server_list))


def understand_schedule(path: str, content: bytes, servers: Sequence[ListedServer] | None) -> LoadedSchedule:
    """What a schedule file means.

    :param path: of the schedule file, for messages
    :param content: of the file
    :param servers: all that there are, None when that is not known
    :raises ConfigError: there are mistakes, a line for each
    """
    schedule = read_schedule(content)
    matched = match_servers(schedule.entries, servers or ())
    mistakes = [*schedule.mistakes, *matched.mistakes]
    findings = [*schedule.warnings, *(matched.warnings if servers is not None else ())]
    warnings = [f"{path}:{finding.position}: {finding.text}" for finding in sorted(findings)]
    if mistakes:
        raise ConfigError([f"{path}:{finding.position}: {finding.text}" for finding in mistakes], warnings)
    return LoadedSchedule(path, schedule.entries, servers, matched.entries, warnings)


def load_servers(path: str) -> list[ListedServer] | None:
    """Read the list of servers.

    :param path: of the file
    :return: None when there is none
    :raises ConfigError: it cannot be read
    """
    content = read_server_list(path)
    return None if content is None else understand_servers(path, content)


def understand_servers(path: str, content: bytes) -> list[ListedServer]:
    """The servers of a list.

    :param path: of the file, for messages
    :param content: of the file
    :raises ConfigError: there is a mistake
    """
    try:
        return read_servers(content.decode("utf-8"))
    except ValueError as error:
        raise ConfigError(f"{path}: the list of servers cannot be read: {error}") from error


def read_schedule_file(path: str) -> bytes:
    """The content of a schedule file; of one that is too long only as much that this shows.

    :raises ConfigError: it cannot be read
    """
    try:
        with open(path, "rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        remedy = "write it, or name another file as schedule_file in [snapshots]"
        raise ConfigError(f"the schedule file cannot be read: {system_error(error)}; {remedy}") from error


def read_server_list(path: str) -> bytes | None:
    """The content of a list of servers, None when there is none.

    :raises ConfigError: it cannot be read
    """
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        remedy = "see server_list in [snapshots]"
        raise ConfigError(f"the list of servers cannot be read: {system_error(error)}; {remedy}") from error
