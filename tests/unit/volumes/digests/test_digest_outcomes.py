"""What came of backups in a period (volumes 6)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from fiwareglancesync.volumes.digests.digest_model import ExpiredBackup, FailedBackup, GoodBackup, ProjectDigest
from fiwareglancesync.volumes.digests.digest_outcomes import with_outcomes
from fiwareglancesync.volumes.volume_model import BackupRecord, BackupType, RecordState
from tests.support.digests import ANALYTICS, BEGIN, END

BEGUN, FINISHED = BEGIN + timedelta(hours=1), BEGIN + timedelta(hours=2)
EARLIER = BEGIN - timedelta(days=14)


def record(state: RecordState, **others: Any) -> BackupRecord:
    usual: dict[str, Any] = {
        "id": "r1", "project_id": "p1", "project_name": "demo", "server_id": "s-id", "server_name": "s",
        "volume_id": "v-id", "volume_name": "v", "due": BEGIN, "type": BackupType.FULL, "name": "s_v", "interval": 1,
        "retention": 1, "size": 40, "begun": BEGUN, "finished": FINISHED,
    }  # fmt: skip
    return BackupRecord(**{**usual, "state": state, **others})


def digest(*records: BackupRecord) -> ProjectDigest:
    """What there is to report of the only project with records."""
    return with_outcomes((), records, BEGIN, END)[0]


def test_a_good_backup_has_its_begin_and_end() -> None:
    found = digest(record(RecordState.GOOD))
    assert found == ProjectDigest(
        "p1", "demo", good=(GoodBackup("s", "v", "s_v", BackupType.FULL, 40, BEGUN, FINISHED),)
    )


@pytest.mark.parametrize(
    ("state", "others", "reason"),
    [
        (RecordState.FAILED, {"reason": "no space"}, "no space"),
        (RecordState.FAILED, {}, "The reason is not known."),
        (RecordState.LOST, {}, "Cinder never listed the backup."),
        (
            RecordState.GOOD,
            {"type": BackupType.INCREMENTAL},
            "It is incremental, and it is not known which backup it builds on.",
        ),
    ],
)
def test_one_that_nobody_can_rely_on_has_failed(state: RecordState, others: dict[str, Any], reason: str) -> None:
    assert digest(record(state, **others)) == ProjectDigest(
        "p1", "demo", failed=(FailedBackup("s", "v", FINISHED, reason),)
    )


def test_ids_stand_for_names_that_are_missing() -> None:
    (failed,) = digest(record(RecordState.FAILED, server_name="", volume_name="")).failed
    assert (failed.server, failed.volume) == ("s-id", "v-id")


@pytest.mark.parametrize("state", [RecordState.PLANNED, RecordState.CREATING, RecordState.RUNNING])
def test_one_that_is_not_finished_is_not_reported(state: RecordState) -> None:
    assert digest(record(state, finished=None)) == ProjectDigest("p1", "demo")


class TestRemoved:
    @staticmethod
    def removed(at: datetime = FINISHED, **others: Any) -> BackupRecord:
        times = {"begun": EARLIER, "finished": EARLIER, "removal_asked": BEGUN, "removed": at}
        return record(RecordState.GOOD, **{**times, **others})

    def test_one_that_went_because_its_time_was_over_has_expired(self) -> None:
        expired = (ExpiredBackup("s", "v", "s_v", FINISHED),)
        assert digest(self.removed()) == ProjectDigest("p1", "demo", expired=expired)

    def test_one_that_nobody_asked_for_is_a_warning(self) -> None:
        found = digest(self.removed(removal_asked=None))
        assert found.warnings == ("Backup s_v of volume v was deleted by somebody else.",)
        assert (found.expired, found.good) == ((), ())

    def test_one_that_became_good_and_went_in_one_period_is_both(self) -> None:
        found = digest(self.removed(begun=BEGUN, finished=BEGUN))
        assert (len(found.good), len(found.expired)) == (1, 1)

    def test_one_that_goes_later_is_only_good(self) -> None:
        found = digest(self.removed(at=END, begun=BEGUN, finished=FINISHED))
        assert (len(found.good), len(found.expired)) == (1, 0)

    def test_what_is_left_of_a_failed_one_is_removed_without_a_word(self) -> None:
        found = digest(record(RecordState.FAILED, finished=EARLIER, removal_asked=BEGUN, removed=FINISHED))
        assert found == ProjectDigest("p1", "demo")


def test_what_is_so_at_present_stays_and_a_project_without_outcomes_too() -> None:
    present = ProjectDigest("p1", "Default/demo", unprotected=("bastion",), warnings=("w",))
    first, second = with_outcomes((ANALYTICS, present), [record(RecordState.GOOD)], BEGIN, END)
    assert first == ANALYTICS
    assert (second.project_name, second.unprotected, second.warnings) == ("Default/demo", ("bastion",), ("w",))
    assert len(second.good) == 1
