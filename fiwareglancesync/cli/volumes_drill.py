"""``glancesync volumes drill`` (volumes 1.3)."""

from __future__ import annotations

import argparse
import logging
import time
import uuid

from ..base.errors import GlanceSyncError, UsageError
from ..base.signals import cancellable
from ..base.text import show
from ..terminal.volume_bars import volume_bars
from ..volumes.drill_run import DrillCounts, drill_backups
from ..volumes.state.project_leases import ProjectLeases
from ..volumes.volume_events import VolumeEvent
from .volumes_opening import open_configuration, open_recorded_volumes
from .volumes_run import MAX_DIGITS, Narrator


def drill(options: argparse.Namespace) -> int:
    """Restore backups into temporary volumes, and remove these.

    :param options: the parsed command line
    :return: the exit code
    :raises UsageError: the sample is no number of backups
    :raises GlanceSyncError: nothing is recorded yet, so nothing is proven
    """
    sample = _sample(options.sample)
    region = open_recorded_volumes(open_configuration(options), GlanceSyncError)
    counts = DrillCounts()
    started = time.monotonic()
    with (
        cancellable(),
        volume_bars(options.progress) as bars,
        ProjectLeases(region.engine, region.cloud.region, str(uuid.uuid4())) as leases,
    ):
        narrator = Narrator(options, bars=bars)

        def emit(event: VolumeEvent) -> None:
            counts(event)
            narrator(event)

        drill_backups(region, leases, emit, bars.wait, sample)
    text = _summary(counts)
    level = logging.INFO if counts.good else logging.WARNING
    narrator.write(level, f"{region.cloud.region}: {text}; {time.monotonic() - started:.0f} s")
    return 1 if counts.has_failed else 0


def _sample(text: str) -> int:
    """How many backups are drilled."""
    number = int(text) if text.isdecimal() and text.isascii() and len(text) <= MAX_DIGITS else 0
    if not number:
        raise UsageError(f"--sample {show(text)}: expected a number of backups, 1 or more")
    return number


def _summary(counts: DrillCounts) -> str:
    if not (counts.good or counts.failed or counts.undecided):
        parts = ["no backup was drilled"]
    else:
        parts = [f"{counts.good} restored", f"{counts.failed} failed"]
        parts += [f"{counts.undecided} undecided"] if counts.undecided else []
    parts += [f"{counts.postponed} postponed"] if counts.postponed else []
    parts += [f"{counts.left} temporary volumes left"] if counts.left else []
    parts += [f"{counts.problems} problems"] if counts.problems else []
    return ", ".join(parts)
