"""With ``--parallel`` the narrative of each region goes to a file of its own (sync 1.4)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType

from ..events import Event, RegionFinished, RegionStarted
from ..images.region_names import RegionRef
from ..terminal.narrative import RegionLog
from ..terminal.private_files import PrivateFile, ReportIncomplete
from .log_folders import LogFolder, LogPlace


class RegionLogs:
    """A new folder with ``<R>.txt`` for each region; old ones are removed when the run has ended.

    :param refs: the regions
    :param level: the lowest level that is written
    :param place: where the folder goes, and how many are kept
    :param report_incomplete: takes, once, the text that a file cannot be written, or not to its end
    """

    def __init__(
        self, refs: Sequence[RegionRef], level: int, place: LogPlace, report_incomplete: ReportIncomplete
    ) -> None:
        self._refs = refs
        self._level = level
        self._place = place
        self._folder: LogFolder | None = None
        self._report_incomplete = report_incomplete
        self._is_whole = True
        self._files: dict[str, RegionLog] = {}
        self._begun: set[str] = set()
        self._stack = ExitStack()

    def __enter__(self) -> RegionLogs:
        try:
            self._folder = self._stack.enter_context(closing(LogFolder(self._place.parent, self._place.word)))
            for ref in self._refs:
                file = PrivateFile(self._folder.file(ref.full), self._report_once)
                self._files[ref.full] = RegionLog(self._stack.enter_context(closing(file)), self._level)
        except OSError as error:
            self._report_once(f"{error.filename} cannot be made here: {error.strerror}")
        return self

    @property
    def folder(self) -> Path | None:
        """The folder; None when it cannot be made."""
        return None if self._folder is None else self._folder.path

    def __call__(self, event: Event) -> None:
        """Write an event into the file of its region."""
        region_log = self._files.get(event.region)
        if region_log is not None:
            region_log(event)
        if isinstance(event, RegionStarted):
            self._begun.add(event.region)
        elif isinstance(event, RegionFinished):
            self._files.pop(event.region, None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            self._report_interruption(getattr(error, "unfinished", ()))
        if self._folder is not None and error is None:
            self._place.remove_old()  # while the lock of this run's own folder protects it
        self._stack.close()

    def _report_interruption(self, unfinished: Sequence[str]) -> None:
        """Write into the log of each region that has not ended that it was interrupted, and what it left.

        :param unfinished: what could not be removed in time, a line for each, which begins with the region's name
        """
        for region, region_log in self._files.items():
            left = [line for line in unfinished if line.startswith(f"{region}: ")]
            for line in left:
                region_log.write(logging.ERROR, f"{line} is unfinished; the next run finishes or removes it")
            when = "interrupted" if region in self._begun else "interrupted before anything was done here"
            region_log.write(logging.ERROR, f"{region}: The run was {when}.")

    def _report_once(self, text: str) -> None:
        if self._is_whole:
            self._is_whole = False
            self._report_incomplete(text)
