"""SNAPSHOT and WAIT: puts our overlays on the disks, and drops what has none (vms 2.2)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

from ..backup_journal import Journal, JournalDisk, JournalMachine, Stage
from ..planning.vm_selection import Covered, LeftOut, Reason, Selection
from ..vm_errors import DomainFileRefused, EngineError, SnapshotRefused
from ..vm_model import Layers
from .run_journal import RunJournal
from .run_ports import RunFiles, RunTools
from .worker_threads import for_each

SNAPSHOTS_AT_ONCE = 4


def new_id() -> str:
    """An id for an overlay."""
    return str(uuid.uuid4())


class SnapshotStep:
    """Makes the snapshots of a run.

    :param make_id: makes the ids of overlays
    """

    def __init__(self, tools: RunTools, journal: RunJournal, make_id: Callable[[], str] = new_id) -> None:
        self._tools = tools
        self._journal = journal
        self._make_id = make_id

    def intend(self, selection: Selection) -> None:
        """Write down which overlays are made, before the first one is.

        :param selection: as ``with_metadata`` leaves it
        """
        machines = tuple(self._machine(each) for each in selection.covered)
        self._journal.leave_out(*(each.text for each in selection.left_out))
        self._journal.set(machines=tuple(sorted(machines, key=lambda each: each.id)))

    def take(self, selection: Selection) -> None:
        """Make the snapshots; a virtual machine that gets none is dropped."""
        for_each(selection.covered, self._take, SNAPSHOTS_AT_ONCE)

    def _machine(self, covered: Covered) -> JournalMachine:
        disks = tuple(
            JournalDisk(
                disk.id, disk.domain, disk.layer, self._make_id(),
                self._tools.files.meta(disk.domain, disk.id, disk.layer),
            )
            for disk in covered.disks
        )  # fmt: skip
        return JournalMachine(covered.machine.id, covered.machine.name, disks)

    def _take(self, covered: Covered) -> None:
        machine = self._journal.machine(covered.machine.id)
        overlays = {disk.id: disk.overlay for disk in machine.disks}
        try:
            quiesce, run = self._tools.settings.quiesce, self._journal.now.run
            consistency = self._tools.engine.snapshot(machine.id, overlays, quiesce, run)
            self._demand_covered(machine)
        except EngineError as error:
            drop(self._journal, machine, LeftOut(covered.machine, Reason.DROPPED), str(error))
            return
        self._journal.set_machine(machine.id, stage=Stage.SNAPSHOTTED, consistency=consistency.value)
        self._journal.report(f"{machine.name}: snapshot made, {consistency.value}")

    def _demand_covered(self, machine: JournalMachine) -> None:
        """See that each disk is written to in its overlay, above the layer that was the top one."""
        for disk in machine.disks:
            chain = self._tools.engine.chain(machine.id, disk.id)
            layers = Layers(disk.id, chain[1] if len(chain) > 1 else "", chain[0] if chain else "")
            if not layers.is_covered or (layers.frozen, layers.overlay) != (disk.frozen, disk.overlay):
                raise SnapshotRefused(f"{machine.name}: after the snapshot the disk {disk.id} is not written to in it")


def with_metadata(files: RunFiles, selection: Selection) -> Selection:
    """A selection without the virtual machines with metadata that cannot be kept, which are left out."""
    covered: list[Covered] = []
    left_out = list(selection.left_out)
    for each in selection.covered:
        try:
            for disk in each.disks:
                files.meta(disk.domain, disk.id, disk.layer)
        except DomainFileRefused as error:
            left_out.append(LeftOut(each.machine, Reason.METADATA, detail=str(error)))
        else:
            covered.append(each)
    return Selection(tuple(covered), tuple(left_out))


def drop(journal: RunJournal, machine: JournalMachine, left_out: LeftOut, reason: str) -> None:
    """Give a virtual machine up: it is not consistent on the slave, and its snapshot is merged."""
    line = replace(left_out, detail=reason).text

    def dropped(before: Journal) -> Journal:
        [its] = [each for each in before.machines if each.id == machine.id]
        return before.with_machine(replace(its, is_dropped=True))

    journal.change(dropped)
    journal.leave_out(line)


def undropped(journal: Journal) -> Sequence[JournalMachine]:
    """The virtual machines that have not been given up."""
    return [machine for machine in journal.machines if not machine.is_dropped]
