"""``glancesync volumes run`` and ``conductor`` (volumes 1)."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from contextlib import suppress

from ..base.errors import CloudError, UsageError
from ..base.signals import cancellable
from ..base.text import show
from ..base.waiting import pause
from ..notify.mail_settings import MailSettings
from ..terminal.streams import log_to_standard_error, write_line
from ..terminal.volume_bars import VolumeBars, volume_bars
from ..terminal.volume_narrative import volume_line
from ..volumes.execution.conductor import Conductor
from ..volumes.execution.cycle_order import CycleCounts, CycleOrder
from ..volumes.planning.volume_preview import chosen_projects
from ..volumes.volume_events import VolumeEvent
from ..volumes.volume_region import VolumeRegion
from .volumes_opening import open_configuration, open_volumes

FORM = "%(levelname)s:%(message)s"
FORM_OF_TIME = "%Y-%m-%d %H:%M:%S"

MAX_DIGITS = 9
"""Digits of the largest number of removals."""


class Narrator:
    """Writes events as lines on standard error, and counts them.

    :param times: whether each line begins with the time
    :param bars: what shows the progress below the lines, None for nothing
    """

    def __init__(
        self, options: argparse.Namespace, *, times: bool = False, bars: VolumeBars | None = None
    ) -> None:
        self.counts = CycleCounts()
        self._bars = bars or VolumeBars(None)
        self._least = logging.WARNING if options.quiet else logging.INFO
        self._times = times
        if not options.debug:  # mails that nobody is to send are logged
            log_to_standard_error(self._least, f"%(asctime)s {FORM}" if times else FORM, FORM_OF_TIME)

    def __call__(self, event: VolumeEvent) -> None:
        """Take an event."""
        self.counts(event)
        level, text = volume_line(event)
        self.write(level, text)
        self._bars.take(event)

    def write(self, level: int, text: str) -> None:
        """Write a line."""
        if level >= self._least:
            moment = time.strftime(f"{FORM_OF_TIME} ") if self._times else ""
            with self._bars.hidden():
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
    started = time.monotonic()
    with cancellable(), volume_bars(options.progress) as bars:
        narrator = Narrator(options, bars=bars)
        with region.cycles(narrator, bars.wait) as cycle:
            try:
                cycle.run(CycleOrder(forced=options.now))
            except CloudError:
                _report_all_the_same(region, configuration.mail, narrator)
                raise
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


def _report_all_the_same(region: VolumeRegion, mail: MailSettings, narrator: Narrator) -> None:
    """Make a digest that is due although no cycle can be done; it says that none has ended."""
    with suppress(CloudError), region.reporter(mail, narrator) as reporter:
        reporter(region.clock.now())


def _allow_deletions(region: VolumeRegion, number: str, project: str) -> None:
    """Write down that an operator allows more removals of a project than usual."""
    if not number.isdecimal() or not number.isascii() or len(number) > MAX_DIGITS:
        raise UsageError(f"--allow-deletions {show(number)}: expected a number of backups, then the project")
    listing = region.cloud.projects()
    (project_id,) = chosen_projects(listing.items, [project])
    found = next(each for each in listing.items if each.id == project_id)
    region.store.allow_deletions(project_id, found.full_name, int(number))


def _summary(region: VolumeRegion, counts: CycleCounts, seconds: float) -> str:
    parts = [f"{counts.good} good", f"{counts.failed} failed"]
    parts += [f"{counts.undecided} undecided"] if counts.undecided else []
    parts += [f"{counts.removed} removed"] if counts.removed else []
    parts += [f"{counts.refused} removals refused"] if counts.refused else []
    parts += [f"{counts.problems} problem{'s' * (counts.problems > 1)}"] if counts.problems else []
    return f"{region.cloud.region}: {', '.join(parts)}; {seconds:.0f} s"


def _wait(seconds: float) -> None:
    pause(seconds, lambda: None)
