"""When a checkpoint is complete, and what is done when replication stands still (vms 2.4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.vms.planning.checkpoint_progress import (
    Next,
    StallWatch,
    free_enough,
    is_complete,
    obstacle,
    shard_problems,
)
from fiwareglancesync.vms.replication.georep_model import BROKEN, Pair, PairStatus, Session, Volume

ZONE = timezone(timedelta(hours=2))
CHECKPOINT = 1_795_890_309
SHOWN = datetime.fromtimestamp(CHECKPOINT, ZONE).replace(tzinfo=None)
VOLUME = Volume("data", True, (frozenset({"a:/1", "b:/1"}), frozenset({"a:/2", "b:/2"})), {})


def active(brick: str) -> Pair:
    """A pair that has completed the checkpoint."""
    return Pair(brick, PairStatus.ACTIVE, True, SHOWN, SHOWN)


DONE = Session((active("a:/1"), Pair("b:/1", PairStatus.PASSIVE), Pair("a:/2", PairStatus.PASSIVE), active("b:/2")))


def changed(**fields: object) -> Session:
    """The complete session with another first pair."""
    return Session((replace(DONE.pairs[0], **fields), *DONE.pairs[1:]))  # type: ignore[arg-type]


def test_it_is_complete_when_every_active_pair_says_so_for_this_checkpoint() -> None:
    assert obstacle(DONE, VOLUME, CHECKPOINT, ZONE) == ""
    assert is_complete(DONE, VOLUME, CHECKPOINT, ZONE)


@pytest.mark.parametrize(
    ("session", "reason"),
    [
        (changed(is_checkpoint_complete=False), "the checkpoint is not complete on a:/1"),
        (changed(is_checkpoint_complete=None), "the checkpoint is not complete on a:/1"),
        (changed(checkpoint_time=SHOWN - timedelta(seconds=1)), "the checkpoint is not complete on a:/1"),
        (changed(status=PairStatus.PASSIVE), "no pair is active for a:/1, b:/1"),
        (Session(()), "no pair is active"),
        *((changed(status=status), f"a:/1 is {status.value}") for status in sorted(BROKEN, key=lambda s: s.value)),
    ],
)
def test_it_is_not_complete_otherwise_and_the_reason_is_named(session: Session, reason: str) -> None:
    assert obstacle(session, VOLUME, CHECKPOINT, ZONE) == reason


def test_the_yes_of_an_earlier_checkpoint_does_not_count() -> None:
    assert not is_complete(DONE, VOLUME, CHECKPOINT + 1, ZONE)
    assert not is_complete(DONE, VOLUME, CHECKPOINT, timezone.utc)


def test_a_paused_session_is_never_complete() -> None:
    paused = Session(tuple(replace(pair, status=PairStatus.PAUSED) for pair in DONE.pairs))
    assert paused.is_at_rest
    assert not is_complete(paused, VOLUME, CHECKPOINT, ZONE)


@given(st.lists(st.sampled_from(PairStatus), min_size=1, max_size=5))
def test_a_session_at_rest_never_completes_a_checkpoint(statuses: list[PairStatus]) -> None:
    session = Session(tuple(Pair("a:/1", status, True, SHOWN, SHOWN) for status in statuses))
    one_set = replace(VOLUME, replica_sets=(frozenset({"a:/1"}),))
    assert not (session.is_at_rest and is_complete(session, one_set, CHECKPOINT, ZONE))


def test_the_slave_is_as_far_as_the_slowest_active_pair() -> None:
    assert changed(last_synced=SHOWN - timedelta(hours=1)).last_synced == SHOWN - timedelta(hours=1)
    assert changed(last_synced=None).last_synced is None


class TestStall:
    def test_the_session_is_restarted_once_and_then_given_up(self) -> None:
        watch, step = StallWatch(300, 0).look(SHOWN, 10)
        assert step is Next.WAIT
        assert watch.look(SHOWN, 309)[1] is Next.WAIT
        watch, step = watch.look(SHOWN, 310)
        assert step is Next.RESTART
        assert watch.look(SHOWN, 609)[1] is Next.WAIT
        assert watch.look(SHOWN, 610)[1] is Next.FAIL

    @given(st.lists(st.floats(0, 299), min_size=1, max_size=30))
    def test_what_goes_on_is_left_alone(self, pauses: list[float]) -> None:
        watch, now = StallWatch(300, 0), 0.0
        for number, pause in enumerate(pauses):
            now += pause
            watch, step = watch.look(SHOWN + timedelta(seconds=number), now)
            assert step is Next.WAIT

    @given(st.lists(st.tuples(st.sampled_from([None, SHOWN]), st.floats(0, 400)), max_size=30))
    def test_it_is_never_restarted_twice(self, looks: list[tuple[datetime | None, float]]) -> None:
        watch, now, steps = StallWatch(300, 0), 0.0, []
        for synced, pause in looks:
            now += pause
            watch, step = watch.look(synced, now)
            steps.append(step)
        assert steps.count(Next.RESTART) <= 1


def test_both_volumes_are_sharded_alike_and_with_rsync() -> None:
    plain, sharded = VOLUME, replace(VOLUME, options={"features.shard": "on", "features.shard-block-size": "4MB"})
    assert shard_problems(plain, plain, "tarssh") == []
    assert shard_problems(sharded, sharded, "rsync") == []
    [problem] = shard_problems(sharded, replace(plain, name="copy"), "rsync")
    assert "data has 4MB, copy has no shards" in problem
    [problem] = shard_problems(sharded, sharded, "tarssh")
    assert "uses tarssh" in problem


@pytest.mark.parametrize(("free", "enough"), [(10, True), (9, False), (0, False), (100, True)])
def test_room_on_the_master(free: int, enough: bool) -> None:
    assert free_enough(free, 100, 10) == enough
