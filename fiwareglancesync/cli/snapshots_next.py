"""``glancesync snapshots next`` (snapshots 1.1)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from itertools import islice

from ..base.errors import UsageError
from ..base.text import nearest, show
from ..snapshots.inventory.snapshot_files import LoadedSchedule
from ..snapshots.schedule.schedule_file import as_server
from ..snapshots.schedule.schedule_preview import Meaning, coming, meanings_of_file, meanings_of_servers, named_servers
from ..snapshots.schedule.server_list import ListedServer
from ..snapshots.snapshot_options import SnapshotSettings
from ..terminal.snapshot_tables import time_rows, write_times
from ..terminal.streams import write_line
from .snapshots_opening import open_schedule, open_settings


def print_next(options: argparse.Namespace) -> int:
    """Print when the next snapshots are due.

    :param options: the parsed command line
    :return: the exit code
    :raises ConfigError: the schedule file has mistakes
    :raises UsageError: a server is not known
    """
    settings = open_settings(options)
    schedule = open_schedule(settings)
    if schedule.servers is None:
        meanings = _of_file(schedule, settings, options.servers)
    else:
        meanings = _of_servers(schedule, schedule.servers, settings, options.servers)
    rows = list(time_rows(islice(coming(meanings, datetime.now(timezone.utc)), options.count)))
    write_times(rows, options.format, sys.stdout)
    if not rows:
        write_line(sys.stderr, "INFO:no snapshot is due; glancesync snapshots validate prints why")
    return 0


def _of_servers(
    schedule: LoadedSchedule, servers: Sequence[ListedServer], settings: SnapshotSettings, words: Sequence[str]
) -> list[Meaning]:
    """What is due of servers that are known."""
    if words:
        known = [name for server in servers for name in (server.name, server.id)]
        servers, unknown = named_servers(servers, words)
        _refuse(unknown, f"the list of servers, {settings.server_list},", known)
    return meanings_of_servers(servers, schedule.by_server, settings.general_spec, settings.times)


def _of_file(schedule: LoadedSchedule, settings: SnapshotSettings, words: Sequence[str]) -> list[Meaning]:
    """What is due by the file alone, because no server is known."""
    wanted = [as_server(word) for word in words]
    _refuse([word for word in wanted if word not in schedule.entries], schedule.path, list(schedule.entries))
    entries = {key: entry for key, entry in schedule.entries.items() if not wanted or key in wanted}
    return meanings_of_file(
        entries, settings.general, settings.times, general_snapshots=settings.general_snapshots and not wanted
    )


def _refuse(unknown: Sequence[str], place: str, known: Sequence[str]) -> None:
    """Refuse servers that are not known."""
    for word in unknown:
        near = nearest(word, known)
        hint = f"; did you mean {show(near)}?" if near else ""
        raise UsageError(f"{place} has no server {show(word)}{hint}")
