"""CHECK and STRIP: compares the chains with the slave, and removes the overlays of this run there (vms 2.5, 2.6)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial

from ...base.errors import GlanceSyncError
from ..backup_journal import JournalMachine, Stage, strip_ended
from ..planning.preflight_checks import space_problems
from ..planning.vm_selection import NOT_CONSISTENT
from ..vm_errors import EngineError
from .run_journal import RunJournal
from .run_ports import RunTools
from .snapshot_step import undropped

STRIPPABLE = frozenset({Stage.SNAPSHOTTED, Stage.CHECKED, Stage.STRIPPING})
"""Stages in which overlays may still have to be removed from the slave.

A recovery also meets later ones: what was stripped may have been merged since, and has no overlay any more.
"""


class StripStep:
    """Compares the layers below the overlays of a run with the slave, and removes the overlays there.

    Nothing of a virtual machine is removed whose chain is not the same on the slave.
    """

    def __init__(self, tools: RunTools, journal: RunJournal) -> None:
        self._tools = tools
        self._journal = journal

    def finish_slave(self) -> None:
        """Make the slave consistent as of this run, as far as that is possible. Both volumes are mounted.

        :raises GlanceSyncError: a file of the storage domain cannot be put back
        """
        for machine in list(undropped(self._journal.now)):
            if machine.stage in STRIPPABLE:
                self._finish(machine)
        journal = self._journal.now
        if any(machine.is_stripped for machine in journal.machines) or not journal.machines:
            self._tools.files.put_back(journal.run, journal.kept)
        self._journal.change(partial(strip_ended, now=self._tools.stamp()))

    def _finish(self, machine: JournalMachine) -> None:
        # A comparison takes hours, in which the overlays grow: when the master gets full, merging comes first.
        problems = space_problems([self._tools.files.master_space()], self._tools.settings.min_free_master)
        if problems:
            self._give_up(machine, *problems)
            return
        chains = self._check(machine)
        if chains is not None:
            self._strip(machine, chains)

    def _check(self, machine: JournalMachine) -> Mapping[str, Collection[str]] | None:
        """The ids of the layers below the overlays, by the id of the disk; None with a difference."""
        problem = self._changed(machine)
        if problem:
            self._give_up(machine, problem)
            return None
        self._journal.set(verify=self._tools.verify.value)
        found = self._tools.files.check(machine, self._journal.now.run, self._tools.verify)
        if found.differences:
            self._give_up(machine, *(each.text for each in found.differences))
            return None
        self._journal.set_machine(machine.id, stage=Stage.CHECKED)
        how = self._tools.verify.value
        self._journal.report(f"{machine.name}: the layers on the slave are equal ({how} comparison)")
        return {disk: [layer.id for layer in layers] for disk, layers in found.chains.items()}

    def _changed(self, machine: JournalMachine) -> str:
        """Why the snapshot does not hold any more, "" when it does."""
        try:
            for disk in machine.disks:
                chain = self._tools.engine.chain(machine.id, disk.id)
                if chain[:2] != (disk.overlay, disk.frozen):
                    return f"the snapshot of disk {disk.id} was merged or covered by somebody else during the run"
        except EngineError as error:
            return f"its disks cannot be read any more: {error}"
        return ""

    def _strip(self, machine: JournalMachine, chains: Mapping[str, Collection[str]]) -> None:
        self._journal.set_machine(machine.id, stage=Stage.STRIPPING)
        try:
            self._tools.files.strip(machine, chains)
        except GlanceSyncError as error:
            self._give_up(machine, f"its overlays are not removed from the slave: {error}")
            return
        self._journal.set_machine(machine.id, stage=Stage.STRIPPED, is_stripped=True)
        self._journal.report(f"{machine.name}: its overlays are removed from the slave")

    def _give_up(self, machine: JournalMachine, *reasons: str) -> None:
        """Leave a virtual machine as it is on the slave: that is an alert."""
        self._journal.set_machine(machine.id, is_dropped=True)
        self._journal.leave_out(f"{NOT_CONSISTENT}: {machine.name} ({machine.id}): see the reasons of the run")
        self._journal.alert(*(f"{machine.name}: {reason}" for reason in reasons))
