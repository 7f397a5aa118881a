"""The journal of the run that is going on: every change is on the disk before what follows (vms 2.9)."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from threading import RLock
from typing import Any

from ...base.errors import NotWritten
from ...base.messages import Message
from ..backup_journal import Journal, JournalMachine, SlaveState
from .journal_files import JournalFiles
from .run_ports import Emit

log = logging.getLogger("glancesync")


class RunJournal:
    """The journal of one run; threads may share it.

    :param files: where it is kept
    :param journal: its state, which need not be written yet
    :param emit: takes what the user reads
    """

    def __init__(self, files: JournalFiles, journal: Journal, emit: Emit) -> None:
        self._files = files
        self._journal = journal
        self._emit = emit
        self._lock = RLock()
        self._must_write = True

    @property
    def now(self) -> Journal:
        """Its present state."""
        return self._journal

    def change(self, change: Callable[[Journal], Journal]) -> None:
        """Write another state.

        :param change: makes it of the present one
        :raises NotWritten: it could not be written, so nothing may follow
        """
        with self._lock:
            changed = change(self._journal)
            try:
                self._files.write(changed)
            except NotWritten as error:
                if self._must_write:
                    raise
                self._emit(Message.error(f"the journal is not written, and the run is ended nevertheless: {error}"))
            self._journal = changed

    def end_in_any_case(self) -> None:
        """From now on a journal that cannot be written does not keep the run from its end: snapshots are merged."""
        self._must_write = False

    def set(self, **fields: Any) -> None:
        """Write other values of some fields."""
        self.change(lambda journal: replace(journal, **fields))

    def machine(self, id: str) -> JournalMachine:
        """A virtual machine of the run."""
        [found] = [each for each in self._journal.machines if each.id == id]
        return found

    def set_machine(self, id: str, **fields: Any) -> None:
        """Write other values of some fields of a virtual machine."""
        self.change(lambda journal: journal.with_machine(replace(self.machine(id), **fields)))

    def alert(self, *texts: str) -> None:
        """Record and report why the run is no success; where that comes from is logged for ``--debug``."""
        if sys.exc_info()[0] is not None:
            log.debug("%s", "; ".join(texts), exc_info=True)
        # Each recovery of a snapshot that cannot be merged finds the same.
        self.change(lambda journal: replace(journal, reasons=tuple(dict.fromkeys((*journal.reasons, *texts)))))
        for text in texts:
            self._emit(Message.error(text))

    def overwritten(self, former: Journal, now: str) -> None:
        """Record that the slave of an earlier run does not hold its backup any more.

        :param now: ISO 8601
        :raises NotWritten: that is not possible
        """
        self._files.write(replace(former, slave_state=SlaveState.TORN, since=now))

    def alert_and_go_on(self, *texts: str) -> None:
        """Record and report what somebody has to look at, though the run may be a success."""
        self.change(lambda journal: replace(journal, alerts=(*journal.alerts, *texts)))
        for text in texts:
            self._emit(Message.error(text))

    def warn(self, *texts: str) -> None:
        """Record and report what is to be known besides."""
        self.change(lambda journal: replace(journal, warnings=(*journal.warnings, *texts)))
        for text in texts:
            self._emit(Message.warning(text))

    def leave_out(self, *texts: str) -> None:
        """Record and report what is not consistent on the slave."""
        fresh = tuple(text for text in texts if text not in self._journal.left_out)
        if fresh:
            self.change(lambda journal: replace(journal, left_out=(*journal.left_out, *fresh)))
        for text in fresh:
            self._emit(Message.warning(text))

    def report(self, text: str) -> None:
        """Report what is done."""
        self._emit(Message.info(text))
