"""What listens to a run: the narrative, files of events and of regions, progress bars (sync 1.4)."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from ..base.errors import CloudError
from ..base.messages import Message
from ..events import Emit, Event, MessageReported
from ..images.region_job import Mode
from ..images.region_names import RegionRef
from ..images.settings import Target
from ..terminal.narrative import LogWriter
from ..terminal.private_files import private_file
from ..terminal.streams import shows_bars, write_if_possible, write_line
from .log_folders import SYNC, LogPlace
from .region_logs import RegionLogs
from .report import EventWriter

NARRATED = (Mode.SYNC, Mode.DRY_RUN)
"""The modes that have a narrative; of the others, only warnings and errors are written."""

TABLES = ("table", "matrix")
"""The formats for people; after others nothing follows."""


class Listeners:
    """Passes events on to what the command line asks for.

    With ``--parallel`` the narrative of each region goes to a file of its own, and not to the log writer.

    :param options: the parsed command line
    :param mode: what is wanted of the regions
    :param keep_logs: how many folders with narratives are kept, 0 for all
    :param logs_word: the first word of their names
    """

    def __init__(
        self, options: argparse.Namespace, mode: Mode, keep_logs: int = 0, logs_word: str = SYNC
    ) -> None:
        self._options = options
        self._mode = mode
        self._log_place = LogPlace(Path(options.output_dir or ""), keep_logs, self.narrate, logs_word)
        self._logs_regions = options.parallel and mode in NARRATED
        has_data = options.events == "-" or options.show_regions or mode is Mode.STATUS
        level = logging.WARNING if options.quiet else _detailed(options)
        self._log_writer = LogWriter(level, narrate=mode in NARRATED, to_stderr=has_data, timed=options.verbose)
        self._listeners: list[Emit] = []
        self._plans: dict[str, list[Event]] | None = {} if self._logs_regions and mode is Mode.DRY_RUN else None
        self._region_logs: RegionLogs | None = None
        self._incomplete = False

    @property
    def all_written(self) -> bool:
        """Whether all files and streams have taken all that was written to them."""
        return self._log_writer.is_whole and not self._incomplete

    def open(self, stack: ExitStack, *more: Emit) -> None:
        """Open the file of ``--events``, and add the listeners of the whole run.

        :param stack: closes them
        :param more: further listeners
        :raises UsageError: a file cannot be opened
        """
        if self._options.events == "-":
            self._listeners.append(EventWriter(self._print))
        elif self._options.events:
            file = stack.enter_context(private_file(self._options.events, self.report_incomplete))
            self._listeners.append(EventWriter(partial(write_line, file)))
        self._listeners.extend(more)
        if self._plans is not None:
            self._listeners.append(self._keep_for_plan)
        elif not self._logs_regions:
            self._listeners.append(self._log_writer)

    def open_for_regions(self, stack: ExitStack, refs: Sequence[RegionRef]) -> None:
        """Show progress bars, and open the files of the regions, where these are wanted.

        :param stack: closes them
        :param refs: the regions
        """
        options = self._options
        silent = options.quiet or options.debug or options.progress is False
        if self._mode is Mode.SYNC and not silent and shows_bars():
            from ..terminal.progress import progress_bars  # only now: a run from cron shows none

            bars = stack.enter_context(progress_bars(len(refs)))
            self._log_writer.without_bars = bars.hidden
            self._listeners.insert(0, bars)  # so that they show what the line above them says
        if self._logs_regions:
            self._region_logs = RegionLogs(refs, _detailed(options), self._log_place, self._narrate_instead)
            self._listeners.append(stack.enter_context(self._region_logs))

    def emit(self, event: Event) -> None:
        """Pass on an event of a region."""
        for listener in self._listeners:
            listener(event)

    def announce(self, event: Event) -> None:
        """Pass on an event that the log writer writes even where the regions have files of their own."""
        self._log_writer(event)
        for listener in self._listeners:
            if listener is not self._log_writer:
                listener(event)

    def report(self, message: Message) -> None:
        """Report what the user is to know of the run as a whole."""
        self.announce(MessageReported("", message.image, message))

    def report_lost(self, target: Target, error: CloudError) -> None:
        """Report a target that cannot be asked for its regions."""
        self.report(Message.error(f"The regions of target {target.name} are unknown. Cause: {error}"))

    def narrate(self, text: str, level: int = logging.INFO) -> None:
        """Write a line that belongs to no event."""
        self._log_writer.write(level, text)

    def narrate_end(self, region: str, *lines: str, failed: bool) -> None:
        """Write what came of a region, unless its narrative says so; with a dry run, first its whole plan.

        :param region: its full name
        :param lines: what was done there
        :param failed: whether it failed, or an image of it
        """
        if not self._logs_regions:
            return
        for event in (self._plans or {}).pop(region, ()):
            self._log_writer(event)
        ending = "has finished with errors" if failed else "has finished"
        for line in (*lines, f"Region {region} {ending}"):
            self.narrate(line)

    def narrate_end_of_all(self) -> None:
        """Write that all regions have finished, unless their narrative says so."""
        if self._logs_regions:
            self.narrate("All is done.")

    def summarise(self, summary: Callable[[Path | None], str]) -> None:
        """Write the last line of a run and of a table. Events that come later are dropped.

        :param summary: makes it with the folder of the logs
        """
        # Threads of an interrupted run whose results nobody needs any more may still wait for a service.
        self._listeners.clear()
        if self._mode in NARRATED or (self._mode is Mode.STATUS and self._options.format in TABLES):
            logs = None if self._region_logs is None else self._region_logs.folder
            self._log_writer.write_to_stderr(summary(logs))

    def report_incomplete(self, text: str) -> None:
        """Report a file that could not be written to its end; the regions are done all the same."""
        self._incomplete = True
        self.report(Message.error(text))

    def _narrate_instead(self, text: str) -> None:
        """Narrate what the regions' files cannot take."""
        self.report_incomplete(f"{text}; these lines are printed here instead")
        if self._plans is None:
            self._listeners.append(self._log_writer)

    def _keep_for_plan(self, event: Event) -> None:
        """Keep what is printed of a region when it has ended: lines of several regions would mix."""
        if self._plans is not None and event.region:
            self._plans.setdefault(event.region, []).append(event)

    def _print(self, line: str) -> None:
        with self._log_writer.without_bars():
            problem = write_if_possible(sys.stdout, line)
        if problem is not None:
            self.report_incomplete(problem)


def _detailed(options: argparse.Namespace) -> int:
    return logging.DEBUG if options.verbose else logging.INFO
