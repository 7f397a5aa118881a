"""One run: the steps in their order, and on every path the merge of its snapshots (vms 2)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta, timezone

from ...base.errors import Cancelled, GlanceSyncError
from ..backup_journal import ENDED, Journal, Stage
from ..planning.generation_plan import keep_warning
from ..planning.vm_selection import Choice, Selection, live_ids, select
from ..vm_errors import NothingCovered, PreflightFailed
from .replicate_step import ReplicateStep
from .run_end import end_run, finish_slave
from .run_journal import RunJournal
from .run_ports import RunTools
from .run_preflight import RunPreflight
from .snapshot_step import SnapshotStep, undropped, with_metadata

NOTHING_COVERED = "no snapshot could be made, so nothing is replicated"
ID_TIME = "%Y%m%dT%H%M%SZ"
_ID = re.compile(r"([0-9]{8}T[0-9]{6}Z)-[0-9a-f]+")


def new_run_id(now: datetime, former: Collection[str] = ()) -> str:
    """The id of a run; ids are in the order of the runs, also after the clock was set back.

    :param former: ids of earlier runs
    """
    time = now.astimezone(timezone.utc).strftime(ID_TIME)
    newest = max((found[1] for found in map(_ID.fullmatch, former) if found), default="")
    if newest >= time:
        time = (datetime.strptime(newest, ID_TIME) + timedelta(seconds=1)).strftime(ID_TIME)
    return f"{time}-{secrets.token_hex(3)}"


class BackupRun:
    """Backs a volume up, while its lock is held.

    :param journal: of this run, not written yet
    :param choice: what the user leaves out
    :param former: the journals of the volume, the oldest first, after their recovery
    """

    def __init__(self, tools: RunTools, journal: RunJournal, choice: Choice, former: Sequence[Journal]) -> None:
        self._tools = tools
        self._journal = journal
        self._choice = choice
        self._former = former
        self._preflight = RunPreflight(tools, former)

    def run(self) -> Journal:
        """Do all steps; how the run ended is in the journal.

        :raises NotWritten: the journal could not even be begun
        :raises Cancelled: a signal ended it, after what it had begun was brought to an end
        """
        self._journal.change(lambda journal: journal)
        try:
            self._steps()
        except GlanceSyncError as error:
            self._fail(str(error))
        except Cancelled as stopped:
            self._fail("the run was interrupted by a signal")
            stopped.left = self._left()
            raise
        except Exception as error:
            self._fail(f"internal error: {type(error).__name__}: {error}")
            raise
        else:
            self._end()
        return self._journal.now

    def _steps(self) -> None:
        journal, tools = self._journal, self._tools
        warning = keep_warning(tools.settings.method)
        if warning:
            journal.warn(warning)
        self._preflight.pass_with(journal)
        selection = self._select()
        SnapshotStep(tools, journal).take(selection)
        if (selection.covered or selection.left_out) and not undropped(journal.now):
            raise NothingCovered(NOTHING_COVERED)
        tools.keeper.before_replication(journal.now.run, self._preflight.last_good(journal))
        self._send_stripped_again()
        journal.report("Replication begins")
        ReplicateStep(tools, journal).replicate()
        finish_slave(tools, journal)
        if journal.now.is_consistent:
            tools.keeper.after_strip(journal.now.run)

    def _select(self) -> Selection:
        """List the virtual machines, and write down what is made of them."""
        tools, journal = self._tools, self._journal
        domain = one_domain(tools, journal.now.master)
        machines = list(tools.engine.machines())
        selection = with_metadata(tools.files, select(machines, domain, self._choice))
        clusters = {each.cluster for each in machines if each.is_live(domain) and each.cluster}
        journal.set(domain=domain, live=live_ids(machines, domain), clusters=tuple(sorted(clusters)))
        if domain:
            store = tools.engine.update_store(domain)
            journal.set(kept=tools.files.keep(journal.now.run, domain, store))
        SnapshotStep(tools, journal).intend(selection)
        return selection

    def _send_stripped_again(self) -> None:
        """Have files sent again that were removed at the slave by a run that could not merge them, or some of them."""
        for machine in (machine for journal in self._former for machine in journal.machines):
            if machine.stage not in ENDED and (machine.is_stripped or machine.stage is Stage.STRIPPING):
                for disk in machine.disks:
                    self._tools.files.send_again(disk)

    def _fail(self, reason: str) -> None:
        """Record why the run is no success, and end it."""
        self._journal.end_in_any_case()
        self._journal.alert(reason)
        self._end()

    def _end(self) -> None:
        """Bring what was begun to an end, also when the first signal comes meanwhile."""
        self._journal.end_in_any_case()
        try:
            end_run(self._tools, self._journal)
        except Cancelled as stopped:
            end_run(self._tools, self._journal)
            stopped.left = self._left()
            raise

    def _left(self) -> str:
        journal = self._journal.now
        left = [machine.name for machine in journal.machines if machine.stage not in ENDED]
        merged = f"the snapshots of {', '.join(left)} are left" if left else "no snapshot is left"
        return f"{merged}, the slave is {journal.slave_text or 'as it was'}"


def one_domain(tools: RunTools, volume: str) -> str:
    """The storage domain in a volume; "" when there is none.

    :raises PreflightFailed: there are several
    """
    domains = tools.engine.domains(volume)
    if len(domains) > 1:
        raise PreflightFailed(f"the volume {volume} has several storage domains: {', '.join(domains)}; expected one")
    return domains[0] if domains else ""
