"""Ends a run that was ended from outside, or that could not merge everything (vms 2.9)."""

from __future__ import annotations

from ...base.errors import GlanceSyncError
from ..vm_errors import StillActive
from .merge_step import MergeStep
from .run_end import end_run, finish_slave
from .run_journal import RunJournal
from .run_ports import RunTools
from .session_rest import bring_all_to_rest

INTERRUPTED = "The run was ended from outside; this recovery does what it has left"


class RunRecovery:
    """Does what a run has left.

    :param tools: with the session to the slave of that run
    :param journal: of that run
    """

    def __init__(self, tools: RunTools, journal: RunJournal) -> None:
        self._tools = tools
        self._journal = journal

    def recover(self) -> bool:
        """Do what is left; whether nothing is left then.

        Without a session at rest nothing is done, and the snapshots stay.
        """
        journal = self._journal
        if not journal.now.ended and INTERRUPTED not in journal.now.warnings:
            journal.warn(INTERRUPTED)
        try:
            bring_all_to_rest(self._tools)
        except StillActive as error:
            MergeStep(self._tools, journal).name_unmerged(str(error))
            return False
        try:
            self._tools.engine.machines()
        except GlanceSyncError as error:  # nothing is given up: a later recovery may reach the engine
            MergeStep(self._tools, journal).name_unmerged(str(error))
            return False
        if not journal.now.ended:
            self._finish_slave()
        journal.end_in_any_case()
        end_run(self._tools, journal)
        return journal.now.is_finished

    def _finish_slave(self) -> None:
        """Make the slave consistent, if the checkpoint of the run was complete; else it stays as it is."""
        journal = self._journal
        if journal.now.is_consistent:
            return
        if not journal.now.is_complete:
            journal.alert("The run was ended from outside before its checkpoint was complete")
            return
        try:
            finish_slave(self._tools, journal)
        except GlanceSyncError as error:
            journal.alert(str(error))
