"""``glancesync snapshots validate`` (snapshots 1.1)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import datetime, timezone

from ..base.errors import GlanceSyncError
from ..jobs.command_database import open_existing_database
from ..snapshots.inventory.snapshot_files import LoadedSchedule
from ..snapshots.schedule.schedule_effect import effect_of
from ..snapshots.schedule.schedule_preview import meanings_of_file
from ..snapshots.snapshot_options import SnapshotSettings
from ..snapshots.state.snapshot_schema import inventories
from ..snapshots.state.snapshot_store import SnapshotStore, recorded_clusters
from ..terminal.snapshot_tables import meaning_rows, write_meanings
from ..terminal.streams import write_warnings
from .snapshots_opening import open_schedule, open_settings_with_database


def print_meaning(options: argparse.Namespace) -> int:
    """Print what a schedule file means.

    :param options: the parsed command line
    :return: the exit code
    :raises ConfigError: it has mistakes, a line for each
    """
    settings, database = open_settings_with_database(options)
    schedule = open_schedule(settings, options.file)
    now = datetime.now(timezone.utc)
    meanings = meanings_of_file(
        schedule.entries, settings.general, settings.times, general_snapshots=settings.general_snapshots
    )
    write_meanings(meaning_rows(meanings, now), options.format, sys.stdout)
    if schedule.servers is not None:
        write_warnings(_effects(schedule, settings, database, now))
    return 0


def _effects(schedule: LoadedSchedule, settings: SnapshotSettings, database: str, now: datetime) -> Iterator[str]:
    """What the schedule does to the copies that are recorded, a line each; none without records."""
    limits = settings.limits.removal
    try:
        engine = open_existing_database(database, inventories.name)
        if engine is None:
            return
        try:
            for cluster in recorded_clusters(engine):
                records = SnapshotStore(engine, cluster).read()
                effect = effect_of(schedule, settings.general_spec, settings.times, records, limits, now)
                yield from effect.warnings(limits)
        finally:
            engine.dispose()
    except GlanceSyncError as error:
        yield f"what the schedule does to existing copies is not known: {error}"
