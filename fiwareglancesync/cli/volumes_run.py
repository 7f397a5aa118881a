"""``glancesync volumes run`` and ``conductor`` (volumes 1)."""

from __future__ import annotations

import argparse
import logging
import sys
import time

from ..base.errors import UsageError
from ..base.signals import cancellable
from ..base.text import show
from ..base.waiting import pause
from ..terminal.streams import log_to_standard_error, write_line
from ..terminal.volume_narrative import volume_line
from ..volumes.conductor import Conductor
from ..volumes.cycle_order import CycleCounts, CycleOrder
from ..volumes.volume_events import VolumeEvent
from ..volumes.volume_preview import chosen_projects
from ..volumes.volume_region import VolumeRegion
from .volumes_opening import open_configuration, open_volumes

FORM = "%(levelname)s:%(message)s"

MAX_DIGITS = 9
"""Digits of the largest number of removals."""


class Narrator:
    """Writes events as lines on standard error, and counts them.

    :param times: whether each line begins with the time
    """

    def __init__(self, options: argparse.Namespace, *, times: bool = False) -> None:
        self.counts = CycleCounts()
        self._least = logging.WARNING if options.quiet else logging.INFO
        self._times = times
        if not options.debug:  # mails that nobody is to send are logged
            log_to_standard_error(self._least, "%(asctime)s %(levelname)s:%(message)s" if times else FORM)

    def __call__(self, event: VolumeEvent) -> None:
        """Take an event."""
        self.counts(event)
        level, text = volume_line(event)
        self.write(level, text)

    def write(self, level: int, text: str) -> None:
        """Write a line."""
        if level >= self._least:
            moment = time.strftime("%Y-%m-%d %H:%M:%S ") if self._times else ""
            write_line(sys.stderr, f"{moment}{logging.getLevelName(level)}:{text}")


def run_once(options: argparse.Namespace) -> int:
    """Do one cycle.

    :param options: the parsed command line
    :return: the exit code
    """
    configuration = open_configuration(options)
    region = open_volumes(configuration)
    if options.allow_deletions is not None:
        _allow_deletions(region, *options.allow_deletions)
    narrator = Narrator(options)
    started = time.monotonic()
    with cancellable(), region.cycles(narrator, _wait) as cycle:
        cycle.run(CycleOrder(forced=options.now))
        with region.reporter(configuration.mail, narrator) as reporter:
            reporter(region.clock.now())
    narrator.write(logging.INFO, _summary(region, narrator.counts, time.monotonic() - started))
    return 1 if narrator.counts.has_failed else 0


def conduct(options: argparse.Namespace) -> int:
    """Do one cycle after the other until a signal ends the process.

    :param options: the parsed command line
    """
    configuration = open_configuration(options)
    region = open_volumes(configuration)
    narrator = Narrator(options, times=True)
    with (
        cancellable(),
        region.cycles(narrator, _wait) as cycle,
        region.reporter(configuration.mail, narrator) as reporter,
    ):
        Conductor(cycle, region.settings, region.clock, narrator, _wait, reporter).run()
    return 0


def _allow_deletions(region: VolumeRegion, number: str, project: str) -> None:
    """Write down that an operator allows more removals of a project than usual."""
    if not number.isdecimal() or not number.isascii() or len(number) > MAX_DIGITS:
        raise UsageError(f"--allow-deletions {show(number)}: expected a number of backups, then the project")
    listing = region.cloud.projects()
    (project_id,) = chosen_projects(listing.items, [project])
    found = next(each for each in listing.items if each.id == project_id)
    region.store.allow_deletions(project_id, f"{found.domain_name}/{found.name}", int(number))


def _summary(region: VolumeRegion, counts: CycleCounts, seconds: float) -> str:
    parts = [f"{counts.good} good", f"{counts.failed} failed"]
    parts += [f"{counts.undecided} undecided"] if counts.undecided else []
    parts += [f"{counts.removed} removed"] if counts.removed else []
    parts += [f"{counts.refused} removals refused"] if counts.refused else []
    parts += [f"{counts.problems} problems"] if counts.problems else []
    return f"{region.cloud.region}: {', '.join(parts)}; {seconds:.0f} s"


def _wait(seconds: float) -> None:
    pause(seconds, lambda: None)
