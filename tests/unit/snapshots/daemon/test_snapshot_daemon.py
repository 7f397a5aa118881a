"""The daemon makes copies at the times of the schedule, each once, whatever happens to clock and files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import StaticPool

from fiwareglancesync.base.database import metadata
from fiwareglancesync.base.errors import ConfigError
from fiwareglancesync.snapshots.ceph.cluster_lock import ClusterLock, LockTooOld, OtherProcess
from fiwareglancesync.snapshots.daemon import snapshot_daemon
from fiwareglancesync.snapshots.daemon.daemon_connection import ExcludedAgain
from fiwareglancesync.snapshots.daemon.snapshot_daemon import NoInventory
from fiwareglancesync.snapshots.daemon.wake_up import Request
from fiwareglancesync.snapshots.inventory.server_inventory import InventoryRecord
from fiwareglancesync.snapshots.planning.service_state import State
from fiwareglancesync.snapshots.snapshot_events import CopyMade, CopyRemoved
from fiwareglancesync.snapshots.state.snapshot_changes import SnapshotChanges
from tests.support.kill_points import Killed, killed_at
from tests.support.snapshot_daemons import DaemonBench
from tests.support.snapshot_runs import DAY, HOUR, MINUTE, POOL
from tests.support.stand_ins.ceph_stand_in import CephStandIn


@pytest.fixture
def bench(engine: Engine, tmp_path: Path) -> Iterator[DaemonBench]:
    """A daemon; afterwards no lock is left."""
    made = DaemonBench(engine, tmp_path)
    yield made
    assert made.cluster.locks == {}


def test_each_time_of_the_schedule_gets_one_copy(bench: DaemonBench) -> None:
    assert bench.run(3 * DAY)
    assert bench.ours("v1") == ["daily_20260312T020000Z", "daily_20260313T020000Z"]
    made = [event for event in bench.events if isinstance(event, CopyMade)]
    assert len(made) == 9
    assert len([event for event in bench.events if isinstance(event, CopyRemoved)]) == 3
    assert bench.warnings == []


def test_a_restart_repeats_no_slot(bench: DaemonBench) -> None:
    bench.run(15 * HOUR)
    assert bench.ours("v1") == ["daily_20260311T020000Z"]
    for _ in range(3):
        bench.run(MINUTE)
    assert bench.ours("v1") == ["daily_20260311T020000Z"]


def test_the_newest_missed_slot_is_taken_late(bench: DaemonBench) -> None:
    bench.run(HOUR)
    bench.clock.seconds += 2.5 * 86400 - 3600  # until 00:00, and the daemon is down; 22 h after the last slot
    bench.run(MINUTE)
    assert bench.ours("v1") == []
    bench.clock.seconds += 5 * 3600
    bench.run(MINUTE)
    assert bench.ours("v1") == ["daily_20260313T050100Z"]


def test_a_clock_that_is_set_back_repeats_no_slot(bench: DaemonBench) -> None:
    def set_back() -> None:
        bench.clock.offset -= 4 * HOUR

    bench.clock.at(15 * HOUR, set_back)
    bench.run(22 * HOUR)
    assert bench.ours("v1") == ["daily_20260311T020000Z"]
    assert [text.partition(" from ")[0] for text in bench.warnings] == ["the clock was set"]


def test_a_clock_that_jumps_over_a_slot_by_hours_and_back_again_makes_its_copy_once(bench: DaemonBench) -> None:
    def set_by(hours: int) -> None:
        bench.clock.offset += hours * HOUR

    bench.clock.at(13 * HOUR, lambda: set_by(3))  # from 01:00 to 04:00
    bench.clock.at(13.5 * HOUR, lambda: set_by(-3))
    bench.run(DAY)
    assert bench.ours("v1") == ["daily_20260311T040000Z"]
    assert len([text for text in bench.warnings if text.startswith("the clock was set")]) == 2
    bench.run(DAY)
    assert len(bench.ours("v1")) == 2


def test_after_a_clock_was_years_ahead_the_next_slots_are_made(bench: DaemonBench) -> None:
    def set_right() -> None:
        bench.clock.offset = timedelta()

    bench.schedule = "web: 9@2\n"
    bench.write()
    bench.clock.offset = 3650 * DAY
    bench.clock.at(2 * DAY, set_right)
    bench.run(4 * DAY)
    assert [name for name in bench.ours("v1") if "2026" in name] == ["daily_20260313T020000Z", "daily_20260314T020000Z"]
    assert any("when the clock was wrong" in text for text in bench.warnings)


def test_an_inventory_of_a_clock_that_was_years_ahead_ends_no_time_of_orphans(bench: DaemonBench) -> None:
    bench.run(4 * DAY)
    inventory = InventoryRecord(bench.clock.now() + 3650 * DAY, covers_all=True)
    SnapshotChanges(bench.engine, bench.cluster.fsid).keep_inventory(inventory)
    before = bench.ours("v1")
    bench.schedule = "web: 2@sun\n"  # the copies of the set daily are orphans from now on
    bench.write()
    bench.run(HOUR)
    assert bench.ours("v1") == before


def test_after_a_clock_jumped_forward_nothing_is_removed_until_the_servers_are_listed(bench: DaemonBench) -> None:
    def set_forward() -> None:
        bench.clock.offset += 30 * DAY

    bench.clock.at(2 * DAY, set_forward)
    bench.clock.at(4 * DAY, lambda: bench.clock.wake(Request.INVENTORY))
    bench.run(4 * DAY - HOUR)
    assert len(bench.ours("v1")) == 4
    assert any("nothing is removed until the servers have been listed again" in text for text in bench.warnings)
    bench.run(DAY)
    assert len(bench.ours("v1")) == 2


def test_while_nothing_is_due_nothing_is_sent(bench: DaemonBench) -> None:
    with bench.counted() as calls:
        bench.clock.at(HOUR, calls.clear)
        bench.clock.at(10 * HOUR, lambda: calls.append("the end"))
        bench.run(10 * HOUR + MINUTE)
    assert calls[: calls.index("the end")] == []


def test_a_slot_whose_predecessor_is_still_being_made_is_skipped_and_reported(bench: DaemonBench) -> None:
    bench.schedule = "web: 9@2,3,4\n"
    bench.write()

    def delay() -> None:
        bench.executor.is_delayed = True

    def go_on() -> None:
        bench.executor.is_delayed = False
        bench.executor.finish()

    bench.clock.at(13 * HOUR, delay)
    bench.clock.at(15 * HOUR + MINUTE, go_on)
    bench.run(DAY)
    assert bench.ours("v1") == ["hourly_20260311T030100Z", "hourly_20260311T040000Z"]
    assert [text for text in bench.warnings if "is skipped" in text] == [
        f"volume {volume}, hourly: the slot 2026-03-11 03:00 UTC is skipped: the copy of an earlier one is still being "
        "made"
        for volume in ("v1", "v2")
    ]


def test_a_broken_file_leaves_the_last_good_one_in_force(bench: DaemonBench) -> None:
    def break_it() -> None:
        bench.schedule = "web: 2@99\n"
        bench.write()

    bench.clock.at(HOUR, break_it)
    bench.clock.at(2 * HOUR, lambda: bench.clock.wake(Request.FILES))
    bench.run(DAY)
    assert bench.ours("v1") == ["daily_20260311T020000Z"]
    assert "sched.yml:1:8" in bench.problems[-1][State.SCHEDULE]


def test_a_file_that_an_editor_empties_before_it_writes_it_is_no_problem(bench: DaemonBench) -> None:
    def empty() -> None:
        bench.files[0].write_text("")
        bench.clock.wake(Request.FILES)

    def write() -> None:
        bench.schedule = "web: 3@2\ndb: 3@2\n"
        bench.write()
        bench.clock.wake(Request.FILES)

    bench.clock.at(HOUR, empty)
    bench.clock.at(HOUR + MINUTE / 60, write)
    bench.run(2 * HOUR)
    assert not any(problems[State.SCHEDULE] for problems in bench.problems)
    assert {job.count for key, job in bench.records().jobs.items() if key.set_name == "daily"} == {3}


def test_a_list_of_servers_that_the_first_inventory_is_to_write_is_no_problem(bench: DaemonBench) -> None:
    inventory = NoInventory()
    inventory.is_first = True
    bench.files[1].unlink()
    bench.clock.at(MINUTE, lambda: setattr(inventory, "is_first", False))
    bench.clock.at(2 * MINUTE, lambda: bench.clock.wake(Request.STOP))
    bench.daemon(inventory).run()
    assert State.SCHEDULE not in bench.problems[0]
    assert "there is no list of servers" in bench.problems[-1][State.SCHEDULE]


def test_a_file_that_changes_all_the_time_is_read_nevertheless(bench: DaemonBench) -> None:
    bench.files[0].write_text("web: 2@99\n")
    for second in range(60):
        bench.clock.at(MINUTE + second * MINUTE / 60, lambda: bench.clock.wake(Request.FILES))
    bench.clock.at(MINUTE / 2, bench.write)
    bench.run(MINUTE + 40 * MINUTE / 60)
    assert bench.problems[-1][State.SCHEDULE] == ""


def test_an_edit_counts_at_once_and_earlier_slots_do_not(bench: DaemonBench) -> None:
    def edit() -> None:
        bench.schedule = "web: 2@2\ndb: 2@14\n"
        bench.write()
        bench.clock.wake(Request.FILES)

    bench.clock.at(HOUR, edit)  # at 13:00
    bench.run(DAY)
    assert bench.ours("v3") == ["daily_20260310T140000Z"]
    assert bench.ours("v1") == ["daily_20260311T020000Z"]


def test_the_servers_of_one_time_are_distributed_within_spread(bench: DaemonBench) -> None:
    bench.settings = replace(bench.settings, spread=1800)
    bench.run(DAY)
    names = {name for volume in ("v1", "v2", "v3") for name in bench.ours(volume)}
    assert len(names) == 2
    assert all("20260311T020000Z" < name.partition("_")[2] < "20260311T023000Z" for name in names)


def test_a_cluster_that_does_not_answer_for_a_while_costs_no_slot(bench: DaemonBench) -> None:
    def silent(is_silent: bool) -> None:
        bench.cluster.is_silent = is_silent

    bench.clock.at(13 * HOUR, lambda: silent(True))
    bench.clock.at(16 * HOUR, lambda: silent(False))
    bench.run(DAY)
    assert len(bench.ours("v1")) == 1
    assert any("does not answer" in problems[State.CLUSTER] for problems in bench.problems)
    assert bench.problems[-1][State.CLUSTER] == ""


def test_a_lock_that_cannot_be_renewed_for_a_while_costs_no_slot(
    bench: DaemonBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = ClusterLock.guard

    def too_old(_: ClusterLock) -> None:
        raise LockTooOld("the lock was not renewed")

    bench.clock.at(14 * HOUR - MINUTE, lambda: monkeypatch.setattr(ClusterLock, "guard", too_old))
    bench.clock.at(15 * HOUR, lambda: monkeypatch.setattr(ClusterLock, "guard", guard))
    bench.run(16 * HOUR)
    assert [len(bench.ours(volume)) for volume in ("v1", "v2", "v3")] == [1, 1, 1]


def test_a_configuration_of_ceph_that_is_away_for_a_while_ends_no_daemon(
    bench: DaemonBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = bench.connect

    def no_file() -> CephStandIn:
        raise ConfigError("ceph.conf cannot be read")

    def take_away() -> None:
        bench.cluster.excluded.append(bench.clients[-1])
        monkeypatch.setattr(bench, "connect", no_file)

    bench.clock.at(13 * HOUR, take_away)
    bench.clock.at(15 * HOUR, lambda: monkeypatch.setattr(bench, "connect", connect))
    bench.run(16 * HOUR)
    assert len(bench.ours("v1")) == 1


def test_a_year_is_made_as_the_schedule_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LONGEST_WAIT_SECONDS", "REFRESH_SECONDS"):  # half a million waits are not what is tried here
        monkeypatch.setattr(snapshot_daemon, name, 86400.0)
    engine = create_engine("sqlite://", poolclass=StaticPool)
    metadata.create_all(engine)
    bench = DaemonBench(engine, tmp_path)
    bench.settings = replace(bench.settings, timezone="Europe/Madrid")
    bench.schedule = "web: 400@2\ndb: 400@sun@3\n"
    bench.write()
    bench.run(timedelta(days=365))
    assert (len(bench.ours("v1")), len(bench.ours("v3"))) == (365, 52)
    assert bench.ours("v1")[18:20] == ["daily_20260329T010000Z", "daily_20260330T000000Z"]
    engine.dispose()


def test_a_second_daemon_ends_while_the_first_one_runs(bench: DaemonBench) -> None:
    outcome: list[object] = []

    def second() -> None:
        with pytest.raises(OtherProcess) as caught:
            bench.daemon().run()
        outcome.append(str(caught.value))

    bench.clock.at(HOUR, second)
    bench.run(2 * HOUR)
    assert "another process is the daemon of this cluster" in str(outcome)


def test_a_daemon_on_another_machine_is_waited_for_a_minute_and_then_reported(bench: DaemonBench) -> None:
    other = bench.connect()
    name = f"snapmanager-daemon.{bench.cluster.fsid}"
    other.lock(POOL, name, "node2:77", 60)
    with pytest.raises(OtherProcess, match=r"another daemon works on this cluster: another process \(node2:77\)"):
        bench.run(HOUR)
    assert bench.clock.seconds > 60
    bench.clock.actions.clear()
    bench.clock.at(MINUTE / 2, other.close)  # it was killed, and its lock ends
    assert bench.run(HOUR)


def test_a_run_in_between_is_waited_for(bench: DaemonBench) -> None:
    other = bench.connect()
    name = f"snapmanager.{bench.cluster.fsid}"
    bench.clock.at(13 * HOUR, lambda: other.lock(POOL, name, "node2:77", 60))
    bench.clock.at(15 * HOUR, other.close)
    bench.run(DAY)
    assert len(bench.ours("v1")) == 1
    reported = [problems.get(State.CLUSTER) for problems in bench.problems]
    assert any(reported)
    assert any("node2:77" in text for text in bench.warnings)


def test_a_lock_that_another_process_has_for_some_minutes_is_no_problem(bench: DaemonBench) -> None:
    other = bench.connect()
    name = f"snapmanager.{bench.cluster.fsid}"
    bench.clock.at(14 * HOUR - MINUTE, lambda: other.lock(POOL, name, "node2:77", 60))
    bench.clock.at(14 * HOUR + 10 * MINUTE, other.close)
    bench.run(DAY)
    assert len(bench.ours("v1")) == 1
    assert not any(problems.get(State.CLUSTER) for problems in bench.problems)


def test_a_cluster_that_is_away_from_the_start_is_reported(bench: DaemonBench) -> None:
    bench.cluster.is_silent = True
    bench.run(MINUTE)
    assert "does not answer" in bench.problems[-1][State.CLUSTER]


def test_an_excluded_connection_is_replaced_three_times(bench: DaemonBench) -> None:
    def exclude() -> None:
        bench.cluster.excluded += bench.clients
        bench.cluster.locks.clear()  # they end by themselves

    bench.clock.at(13 * HOUR, exclude)
    bench.run(DAY)
    assert (len(bench.ours("v1")), len(bench.clients)) == (1, 2)
    bench.clients.clear()
    bench.cluster.excludes_all = True
    with pytest.raises(ExcludedAgain, match="3 new connections were excluded too"):
        bench.run(DAY)
    assert len(bench.clients) == 4
    assert "3 new connections were excluded too" in bench.problems[-1][State.CLUSTER]


POINTS = (
    (SnapshotChanges, ("keep_jobs", "begin", "made", "close", "drop", "keep_images")),
    (CephStandIn, ("create", "remove")),
)


def test_a_daemon_that_is_killed_anywhere_leaves_what_the_next_one_goes_on_with(bench: DaemonBench) -> None:
    """No slot gets two copies, none is lost, and each snapshot of ours is recorded."""
    bench.schedule = "web: 2@2\ndb: 9@2\n"
    bench.write()
    killed, point = 0, 1
    while killed == point - 1 and point < 200:
        with killed_at(point, POINTS):
            try:
                bench.run(2 * DAY)
            except Killed:
                killed += 1
        for client in bench.clients:  # its locks end
            client.close()
        bench.clock.actions.clear()
        bench.clock.requests.clear()
        point += 1
        recorded = sorted((copy.volume_id, copy.name) for copy in bench.records().copies)
        opened = sorted((intent.volume_id, intent.name) for intent in bench.records().intents)
        there = sorted((volume, name) for volume in ("v1", "v2", "v3") for name in bench.ours(volume))
        assert set(there) <= {*recorded, *opened}
    assert killed > 10
    bench.run(3 * HOUR)
    recorded = sorted((copy.volume_id, copy.name) for copy in bench.records().copies)
    assert recorded == sorted((volume, name) for volume in ("v1", "v2", "v3") for name in bench.ours(volume))
    days = [name[:15] for name in bench.ours("v3")]
    assert len(days) == len(set(days))
