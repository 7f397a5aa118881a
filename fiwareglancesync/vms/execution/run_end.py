"""What a run and a recovery have in common: finishing the slave, and bringing everything to an end (vms 2.9)."""

from __future__ import annotations

from ...base.errors import GlanceSyncError
from ..backup_journal import ENDED
from ..planning.vm_result import run_ended
from ..planning.vm_selection import appeared
from ..vm_errors import StillActive
from .merge_step import MergeStep
from .run_journal import RunJournal
from .run_ports import RunTools
from .session_rest import bring_all_to_rest
from .strip_step import StripStep


def finish_slave(tools: RunTools, journal: RunJournal) -> None:
    """Compare with the slave, and remove the overlays there. Its checkpoint is complete, and the session at rest.

    :raises GlanceSyncError: the engine, or one of the volumes, does not answer
    """
    now = journal.now
    # What was started or created meanwhile is not consistent on the slave.
    found = appeared(now.live, tools.engine.machines(), now.domain)
    journal.leave_out(*(each.text for each in found))
    tools.files.mount()
    try:
        StripStep(tools, journal).finish_slave()
    finally:
        tools.files.unmount()


def end_run(tools: RunTools, journal: RunJournal) -> None:
    """Bring replication to rest, merge, and record how the run ended; it may be called again.

    Without a session at rest the snapshots stay.
    """
    if journal.now.checkpoint is not None or any(each.stage not in ENDED for each in journal.now.machines):
        merge = MergeStep(tools, journal)
        try:
            bring_all_to_rest(tools)
        except StillActive as error:
            merge.name_unmerged(str(error))
        else:
            _unmount(tools, journal)
            merge.merge()
    else:
        _unmount(tools, journal)  # a run that was killed before its first snapshot may have mounted the slave
    journal.change(lambda before: run_ended(before, tools.stamp()))


def _unmount(tools: RunTools, journal: RunJournal) -> None:
    try:
        tools.files.unmount()
    except GlanceSyncError as error:
        journal.warn(f"The volumes of the run stay mounted: {error}")
