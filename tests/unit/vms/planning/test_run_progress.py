"""What a run does, as its journal says (vms 1.4)."""

from __future__ import annotations

import pytest

from fiwareglancesync.vms.backup_journal import Journal, Stage
from fiwareglancesync.vms.planning.run_progress import step_text
from tests.support.vm_builders import journal, journal_machine

DONE = {"checkpoint": 5, "is_complete": True}
REMOVES = "compares, and removes the overlays from the slave"


@pytest.mark.parametrize(
    ("run", "step"),
    [
        (journal(), "looks at the volumes and the virtual machines"),
        (journal(journal_machine(1)), "makes the snapshots"),
        (journal(journal_machine(1, stage=Stage.SNAPSHOTTED), journal_machine(2)), "makes the snapshots"),
        (journal(journal_machine(1, stage=Stage.SNAPSHOTTED)), "replicates"),
        (
            journal(journal_machine(1, stage=Stage.SNAPSHOTTED), journal_machine(2, is_dropped=True), checkpoint=5),
            "replicates",
        ),
        (journal(checkpoint=5), "replicates"),
        (journal(journal_machine(1, stage=Stage.SNAPSHOTTED), **DONE), REMOVES),
        (journal(journal_machine(1, stage=Stage.STRIPPED), journal_machine(2, stage=Stage.CHECKED), **DONE), REMOVES),
        (journal(journal_machine(1, stage=Stage.STRIPPED), **DONE), "merges the snapshots"),
        (journal(journal_machine(1, stage=Stage.SNAPSHOTTED), reasons=("full",)), "merges the snapshots"),
        (
            journal(journal_machine(1, stage=Stage.SNAPSHOTTED), journal_machine(2, stage=Stage.MERGED), **DONE),
            "merges the snapshots",
        ),
    ],
)
def test_the_step_is_read_from_the_journal(run: Journal, step: str) -> None:
    assert step_text(run) == step
