"""Reads from the journal of a run that goes on what it does (vms 1.4)."""

from __future__ import annotations

from ..backup_journal import ENDED, Journal, Stage

SLAVE_STAGES = frozenset({Stage.SNAPSHOTTED, Stage.CHECKED, Stage.STRIPPING})
"""With a virtual machine in one of these, something is still to be done on the slave."""


def step_text(journal: Journal) -> str:
    """The step that a run is at, as a verb in the third person."""
    stages = {machine.stage for machine in journal.machines if not machine.is_dropped}
    has_failed = bool(journal.reasons) and not journal.is_complete
    if has_failed or any(machine.stage in ENDED for machine in journal.machines):
        return "merges the snapshots"
    if not journal.is_complete:
        return _step_before_completion(journal, is_snapshotted=Stage.INTENDED not in stages)
    return "compares, and removes the overlays from the slave" if stages & SLAVE_STAGES else "merges the snapshots"


def _step_before_completion(journal: Journal, *, is_snapshotted: bool) -> str:
    if journal.checkpoint is None and not journal.machines:
        return "looks at the volumes and the virtual machines"
    return "replicates" if journal.checkpoint is not None or is_snapshotted else "makes the snapshots"
