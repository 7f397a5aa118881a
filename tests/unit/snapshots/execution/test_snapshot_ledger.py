"""What a run knows while several threads change it."""

from __future__ import annotations

from sqlalchemy import Engine

from fiwareglancesync.snapshots.execution.snapshot_ledger import SnapshotLedger
from fiwareglancesync.snapshots.planning.snapshot_records import SnapshotRecords
from fiwareglancesync.snapshots.snapshot_model import Copy, Intent
from fiwareglancesync.snapshots.state.snapshot_changes import SnapshotChanges
from fiwareglancesync.snapshots.state.snapshot_store import SnapshotStore
from tests.support.snapshot_records import IMAGE, NOW

CLUSTER = "00000000-1111-2222-3333-444444444444"
INTENT = Intent(IMAGE, "daily", "v1", "daily_1", NOW, 0, NOW)


def test_a_request_that_a_thread_waits_for_is_settled_by_no_other(engine: Engine) -> None:
    ledger = SnapshotLedger(SnapshotRecords(), SnapshotChanges(engine, CLUSTER), lambda _: None)
    ledger.begin([], [INTENT])
    assert (ledger.intents(), ledger.unsettled()) == ([INTENT], [])
    ledger.unknown(INTENT, "no answer", NOW)
    assert ledger.unsettled() == [INTENT]
    ledger.made(INTENT, Copy(IMAGE, 1, "daily_1", "daily", "v1", NOW))
    assert (ledger.intents(), ledger.unsettled()) == ([], [])


def test_a_request_of_an_earlier_run_is_settled(engine: Engine) -> None:
    changes = SnapshotChanges(engine, CLUSTER)
    changes.begin([], [INTENT])
    ledger = SnapshotLedger(SnapshotStore(engine, CLUSTER).read(), changes, lambda _: None)
    assert ledger.unsettled() == [INTENT]
