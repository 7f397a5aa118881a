"""MERGE: merges every snapshot of a run, on every path, and only with replication at rest (vms 2.7)."""

from __future__ import annotations

from contextlib import suppress

from ..backup_journal import ENDED, JournalMachine, SlaveState, Stage
from ..vm_errors import (
    DiskIllegal,
    DiskNotFound,
    EngineError,
    GlusterError,
    MachineNotFound,
    StillActive,
)
from ..vm_model import Layers
from .run_journal import RunJournal
from .run_ports import RunTools
from .session_rest import bring_all_to_rest
from .worker_threads import for_each

STARTED = "geo-replication was started by something else while snapshots were merged; the slave may be torn"


class MergeStep:
    """Merges the snapshots of a run."""

    def __init__(self, tools: RunTools, journal: RunJournal) -> None:
        self._tools = tools
        self._journal = journal

    def merge(self) -> None:
        """Merge what is not merged, some at once; what cannot be merged stays, and is named. No pair is active."""
        left = [machine for machine in self._journal.now.machines if machine.stage not in ENDED]
        for_each(left, self._merge, self._tools.settings.merge_parallel)

    def _is_at_rest(self) -> bool:
        """Whether no session copies, which may have been started since the last merge: merges take hours."""
        was_active = False
        with suppress(GlusterError):  # then it is not known, and brought to rest all the same
            was_active = self._tools.replication.session().is_active
        try:
            bring_all_to_rest(self._tools)
        except StillActive as error:
            self.name_unmerged(str(error))
            return False
        if was_active:
            self._note_copies()
        return True

    def _note_copies(self) -> None:
        """Call the slave torn: what merges have written may have been copied to it."""
        if self._journal.now.is_consistent:
            self._journal.set(slave_state=SlaveState.TORN, since=self._tools.stamp())
        self._journal.alert(STARTED)

    def name_unmerged(self, reason: str) -> None:
        """Record which snapshots stay, once.

        :param reason: why none may be merged
        """
        names = [machine.name for machine in self._journal.now.machines if machine.stage not in ENDED]
        text = f"The snapshots of {', '.join(names)} are not merged: {reason}" if names else reason
        if text not in self._journal.now.reasons:
            self._journal.alert(text)

    def _merge(self, machine: JournalMachine) -> None:
        if not self._is_at_rest():
            return
        layers = [Layers(disk.id, disk.frozen, disk.overlay) for disk in machine.disks]
        try:
            self._tools.engine.merge(machine.id, layers, self._tools.settings.merge_timeout)
        except DiskNotFound as error:
            self._journal.set_machine(machine.id, stage=Stage.GONE)
            overlays = ", ".join(disk.overlay for disk in machine.disks if disk.id in error.disks)
            self._journal.alert(f"{machine.name} does not have a disk any more; its overlay may be left: {overlays}")
        except MachineNotFound:
            self._journal.set_machine(machine.id, stage=Stage.GONE)
            overlays = ", ".join(disk.overlay for disk in machine.disks)
            self._journal.alert(f"{machine.name} is not there any more; its overlays are left: {overlays}")
        except DiskIllegal as error:
            self._journal.alert(f"{machine.name}: a disk is illegal after the merge, look after it: {error}")
        except EngineError as error:
            self._journal.alert(f"{machine.name}: its snapshot is not merged, the next run tries again: {error}")
        else:
            self._journal.set_machine(machine.id, stage=Stage.MERGED)
            self._journal.report(f"{machine.name}: its snapshot is merged")
