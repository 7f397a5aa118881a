"""All that is done with one master volume while its lock is held: recoveries, a run, and their reports (vms 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ...base.errors import Cancelled, GlanceSyncError
from ..backup_journal import Journal
from ..planning.vm_result import run_ended
from ..planning.vm_selection import Choice
from ..vm_errors import PreflightFailed
from .journal_files import JournalFiles
from .run_journal import RunJournal
from .run_ports import Clock, Emit, RunTools
from .run_recovery import RunRecovery
from .vm_backup_run import BackupRun, new_run_id

OpenTools = Callable[[str], RunTools]
"""Makes what a run to a slave works with; the slave is named as journals name it."""

Report = Callable[[], None]
"""Reports the runs that have ended, as far as they have not been."""


class VolumeBackup:
    """The runs of one master volume.

    :param volume: the master volume
    :param files: its journals
    :param report: is called at the end of everything
    :param open_tools: raises ``GlanceSyncError`` when something that every run needs is missing
    """

    def __init__(
        self, volume: str, files: JournalFiles, open_tools: OpenTools, report: Report, emit: Emit, clock: Clock
    ) -> None:
        self._volume = volume
        self._files = files
        self._open = open_tools
        self._report = report
        self._emit = emit
        self._clock = clock

    def recover(self) -> bool:
        """Do what runs have left; whether nothing is left then. The reports are sent.

        :raises GlanceSyncError: a journal cannot be read, or something that every run needs is missing
        """
        is_clean = self._recover()
        self._report()
        return is_clean

    def back_up(self, slave: str, choice: Choice) -> Journal:
        """Do what runs have left, then a run of its own; its journal. The reports are sent.

        :param slave: as journals name it
        :raises JournalUnreadable: it is not known what a run has left, so nothing is begun
        :raises Cancelled: a signal ended it, after what it had begun was brought to an end
        """
        now = self._clock.now()
        run = new_run_id(now, [each.run for each in self._files.all()])
        fresh = Journal(run, self._volume, slave, now.isoformat(timespec="seconds"))
        journal = RunJournal(self._files, fresh, self._emit)
        try:
            tools = self._open(slave)
            self._recover()
            former = self._files.all()
            _demand_ended(former)
            return BackupRun(tools, journal, choice, former).run()
        except Cancelled:
            raise
        except GlanceSyncError as error:
            journal.alert(str(error))
            journal.change(lambda before: run_ended(before, self._clock.now().isoformat(timespec="seconds")))
            return journal.now
        finally:
            self._report()
            self._files.remove_old()

    def _recover(self) -> bool:
        is_clean = True
        for left in self._files.unfinished():
            is_clean &= RunRecovery(self._open(left.slave), RunJournal(self._files, left, self._emit)).recover()
        return is_clean


def _demand_ended(former: Iterable[Journal]) -> None:
    """See that no recovery has still to look at the slave: the overlays of its run would be layers of the new backup.

    :raises PreflightFailed: one has
    """
    runs = [each.run for each in former if not each.ended]
    if runs:
        raise PreflightFailed(f"{', '.join(runs)} could not be recovered, so no run begins; call vms recover")
