"""What is backed up, and how, by real Cinder and Nova: the rules that need more than a volume in use (volumes 2, 4)."""

from __future__ import annotations

import csv
import io
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from devcloud_lib import state

from fiwareglancesync.volumes.planning.volume_plan import PASSING
from fiwareglancesync.volumes.volume_model import DAY, HOUR, BackupType, RecordState
from tests.support.cloud import running_cloud
from tests.support.conditions import wait_for
from tests.support.development_cloud import DevelopmentCloud
from tests.support.operated_volumes import attach, detach, extend, in_status, retype, transfer
from tests.support.volume_clouds import real_volume_cloud
from tests.support.volume_crashes import CrashBench, line_of

FAILING = ("error", "error_restoring", "error_extending")
STUCK = ", but no backup of it is being made: set its state back"
FULL, INCREMENTAL = BackupType.FULL, BackupType.INCREMENTAL
MOST_ITEMS = 128
"""Metadata items that a server of Nova may have."""

UP_SECONDS = 3600
"""How long Cinder believes that a service is up that does not report."""

pytestmark = [pytest.mark.integration, pytest.mark.volumes, pytest.mark.slow]


@pytest.fixture
def bench(root: Path, tmp_path: Path) -> Iterator[CrashBench]:
    """Nothing has been backed up yet."""
    with real_volume_cloud(root) as world:
        yield CrashBench(world, tmp_path, f"sqlite:///{tmp_path}/volumes.db")


@contextmanager
def frozen_backups(root: Path) -> Iterator[None]:
    """Have the backup service take requests and do nothing meanwhile; Cinder believes that it is up."""
    cloud = DevelopmentCloud(running_cloud(root).parent)
    believed = f"DEFAULT.service_down_time={UP_SECONDS}"
    with cloud.changed("cinder-api", believed), cloud.changed("cinder-scheduler", believed):
        process = state.load(cloud.folder).services["cinder-backup"].process
        assert process is not None
        os.killpg(process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGCONT)


def planned(bench: CrashBench) -> dict[str, tuple[str, str]]:
    """What the plan says of volumes, by name: action and reason, without the time."""
    done = bench.call("plan", "--format", "csv")
    assert done.returncode == 0, done.stderr
    rows = csv.DictReader(io.StringIO(done.stdout))
    return {row["volume"]: (row["action"], row["why"].split(" (until ")[0]) for row in rows}


def open_for(bench: CrashBench, minutes: int) -> None:
    """Have the window be open since an hour ago, and close after so many minutes."""
    now = datetime.now(timezone.utc)
    opened, closes = now - timedelta(hours=1), now + timedelta(minutes=minutes)
    bench.settings["backup_window"] = f"{opened:%H:%M}-{closes:%H:%M}"


def types(bench: CrashBench, volume: str) -> list[BackupType]:
    """The types of the good backups of a volume, the oldest first."""
    return [record.type for record in bench.good(volume)]


def test_a_volume_of_two_servers_is_backed_up_once(bench: CrashBench) -> None:
    operator, alice = bench.world.operator, bench.world.alice
    kind = operator.new_type(multiattach="<is> True")
    shared = operator.new_volume(alice, "shared", volume_type=kind)
    times = ({"backup-interval": "2d", "backup-retention": "3w"}, {"backup-interval": "2h", "backup-retention": "8d"})
    servers = []
    for each in times:
        servers.append(operator.new_server(alice, operator.new_volume(alice), **{bench.mark: "true"}, **each))
        attach(operator, alice, servers[-1], shared)
    done = bench.run()
    assert done.returncode == 0, done.stderr
    bench.check()
    assert [backup["volume_id"] for backup in bench.backups().values()].count(shared) == 1
    (record,) = bench.good(shared)
    assert record.server_id == min(servers)
    assert (record.interval, record.retention) == (2 * HOUR, 21 * DAY)
    for server in servers:
        metadata = operator.ask("compute", "GET", f"/servers/{server}")["server"]["metadata"]
        assert datetime.fromisoformat(metadata["last-backup-time"]) >= record.due


def test_a_volume_waits_in_a_passing_state_and_fails_in_it_at_the_end_of_the_window(bench: CrashBench) -> None:
    statuses = [*sorted(PASSING), *FAILING]
    volumes = bench.add_volumes(*statuses)
    whys = {name: f"the volume is {name}" for name in statuses}
    whys["backing-up"] += STUCK
    with in_status(bench.world.operator, volumes, statuses):
        open_for(bench, minutes=120)
        expected = {name: ("fail" if name in FAILING else "wait", why) for name, why in whys.items()}
        assert planned(bench) == expected
        assert bench.run().returncode == 1
        reasons = {record.volume_name: record.reason for record in bench.records()}
        assert reasons == {name: whys[name] for name in FAILING}
        open_for(bench, minutes=9)  # the next cycle is in 10 minutes
        done = bench.run()
    assert done.returncode == 1
    records = {record.volume_name: record for record in bench.records()}
    assert {record.state for record in records.values()} == {RecordState.FAILED}
    assert bench.backups() == {}
    for name in PASSING:
        assert records[name].reason == f"{whys[name]}, for too long"
        assert line_of(records[name]) in done.stderr
    chosen = volumes[statuses.index("backing-up")]
    done = bench.run("--now", chosen)
    assert done.returncode == 0, done.stderr
    assert types(bench, chosen) == [FULL]


def test_a_backup_that_stays_in_creating_has_failed_and_its_place_is_free(bench: CrashBench, root: Path) -> None:
    volumes = bench.add_volumes("one", "two")
    bench.settings |= {"max_running": "1", "backup_timeout": "1s"}
    with frozen_backups(root):
        done = bench.run()
        records = bench.records()
        assert [record.reason for record in records] == ["the backup has been creating for more than 1s"] * 2
        assert [line for line in done.stderr.splitlines() if line.startswith("ERROR:")] == list(map(line_of, records))
        assert {backup["status"] for backup in bench.backups().values()} == {"creating"}
        done = bench.run("--now", volumes[0])
        assert done.returncode == 1
        assert f"({volumes[0]}) is not backed up now: the volume is backing-up\n" in done.stderr
        assert bench.call("report").stdout.count("its status is creating for longer than 1s") == 2
    for backup in bench.backups():
        bench.world.operator.wait_for_backup(backup)
    del bench.settings["backup_timeout"]
    wait_for(lambda: bench.run().returncode == 0 and not bench.backups(), "the late backups to go")
    assert {record.backup_id for record in records} == {record.backup_id for record in bench.records()}
    done = bench.run("--now", volumes[0])
    assert done.returncode == 0, done.stderr
    assert types(bench, volumes[0]) == [FULL]
    bench.check()


def test_the_backup_after_a_volume_has_grown_is_full(bench: CrashBench) -> None:
    operator, alice = bench.world.operator, bench.world.alice
    volume = operator.new_volume(alice, "data")
    server = operator.new_server(alice, operator.new_volume(alice), volume, **{bench.mark: "true"})
    bench.settings["full_backup_depth"] = "9"
    assert bench.run().returncode == 0
    assert bench.run("--now", volume).returncode == 0
    detach(operator, alice, server, volume)
    extend(operator, alice, volume, 2)
    attach(operator, alice, server, volume)
    for _ in range(2):
        done = bench.run("--now", volume)
        assert done.returncode == 0, done.stderr
    bench.check()
    assert types(bench, volume) == [FULL, INCREMENTAL, FULL, INCREMENTAL]
    good, backups = bench.good(volume), bench.backups()
    made = [backups[str(record.backup_id)] for record in good]
    assert [(backup["size"], backup["is_incremental"]) for backup in made] == [
        (1, False), (1, True), (2, False), (2, True),
    ]  # fmt: skip
    assert [record.parent_id for record in good] == [None, good[0].backup_id, None, good[2].backup_id]


def test_the_chain_of_a_volume_that_is_retyped_goes_on(bench: CrashBench) -> None:
    operator, alice = bench.world.operator, bench.world.alice
    kind = operator.new_type()
    (volume,) = bench.add_volumes("data")
    assert bench.run().returncode == 0
    retype(operator, alice, volume, kind)
    done = bench.run("--now", volume)
    assert done.returncode == 0, done.stderr
    bench.check()
    first, second = bench.good(volume)
    assert (second.type, second.parent_id) == (INCREMENTAL, first.backup_id)


def test_a_volume_that_is_transferred_begins_anew_in_its_new_project(bench: CrashBench) -> None:
    """What was made in the old one expires there."""
    operator, alice = bench.world.operator, bench.world.alice
    bob = operator.new_person(operator.new_project("taker"))
    volume = operator.new_volume(alice, "data")
    giving = operator.new_server(alice, operator.new_volume(alice), volume, **{bench.mark: "true"})
    taking = operator.new_server(bob, operator.new_volume(bob), **{bench.mark: "true"})
    bench.settings |= {"retention": "1s", "min_retention": "1s"}
    assert bench.run().returncode == 0
    assert bench.run("--now", volume).returncode == 0
    assert types(bench, volume) == [FULL, INCREMENTAL]
    old = [record.backup_id for record in bench.good(volume)]
    assert set(old) <= set(bench.backups()), "the last good one stays, and what it builds on"
    detach(operator, alice, giving, volume)
    transfer(operator, alice, bob, volume)
    attach(operator, bob, taking, volume)
    done = bench.run("--now", volume)
    assert done.returncode == 0, done.stderr
    record = bench.good(volume)[-1]
    assert (record.type, record.project_id) == (FULL, bob.project)
    path = f"/backups/{record.backup_id}"
    assert operator.ask("block-storage", "GET", path)["backup"]["os-backup-project-attr:project_id"] == bob.project

    def is_clean() -> bool:
        done = bench.run()
        assert done.returncode == 0, done.stderr
        return [record.backup_id for record in bench.good(volume)] == [record_of_new]

    record_of_new = record.backup_id
    wait_for(is_clean, "the old backups to go")
    assert not set(old) & set(bench.backups())
    bench.check()


def test_only_volumes_that_are_not_to_be_skipped_are_backed_up(bench: CrashBench) -> None:
    operator, alice = bench.world.operator, bench.world.alice
    wanted = operator.new_volume(alice, "wanted", metadata={"skip-volume-backup": "false"})
    skipped = operator.new_volume(alice, "skipped", metadata={"skip-volume-backup": " Yes"})
    other = operator.new_volume(alice, "other")
    operator.new_server(alice, wanted, skipped, **{bench.mark: " ON "})
    operator.new_server(alice, other, **{bench.mark: "maybe"})
    assert planned(bench) == {
        "wanted": ("full", "it is the first backup"), "skipped": ("skip", "the volume has skip-volume-backup"),
    }  # fmt: skip
    assert bench.run().returncode == 0
    assert [backup["volume_id"] for backup in bench.backups().values()] == [wanted]


def test_nothing_is_begun_while_no_backup_service_is_up(bench: CrashBench, root: Path) -> None:
    bench.add_volumes("data")
    with DevelopmentCloud(running_cloud(root).parent).stopped("cinder-backup"):
        down = {"data": ("wait", "no cinder-backup service is up")}
        wait_for(lambda: planned(bench) == down, "Cinder to list the service as down")
        done = bench.run()
        assert done.returncode == 1
        assert "ERROR:no cinder-backup service is up: nothing is begun\n" in done.stderr
        assert (bench.records(), bench.backups()) == ([], {})
    wait_for(lambda: planned(bench) == {"data": ("full", "it is the first backup")}, "the service")
    assert bench.run().returncode == 0
    bench.check()


def test_a_volume_waits_while_its_only_backup_is_restored_and_that_one_stays(bench: CrashBench, root: Path) -> None:
    operator, alice = bench.world.operator, bench.world.alice
    (volume,) = bench.add_volumes("data")
    bench.settings |= {"retention": "1s", "min_retention": "1s"}
    assert bench.run().returncode == 0
    bench.settings["keep_at_least"] = "0"
    target = operator.new_volume(alice)
    (backup,) = bench.backups()
    with frozen_backups(root):
        restore = {"restore": {"volume_id": target}}
        operator.ask("block-storage", "POST", f"/backups/{backup}/restore", restore, person=alice)
        done = bench.run("--now", volume)
        assert f"({volume}) is not backed up now: its only backups are being restored\n" in done.stderr
        assert {id: each["status"] for id, each in bench.backups().items()} == {backup: "restoring"}
    operator.wait_for_backup(backup)
    operator.wait_for_volume(target)
    del bench.settings["keep_at_least"]
    done = bench.run("--now", volume)
    assert done.returncode == 0, done.stderr
    assert types(bench, volume) == [FULL, INCREMENTAL]
    bench.check()


def test_a_server_without_room_for_the_time_of_its_backup_has_a_good_one_all_the_same(bench: CrashBench) -> None:
    operator, alice = bench.world.operator, bench.world.alice
    volume = operator.new_volume(alice)
    others = {f"item-{number}": "" for number in range(MOST_ITEMS - 1)}
    server = operator.new_server(alice, volume, **{bench.mark: "true"}, **others)
    done = bench.run()
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("WARNING:")]
    assert f"({server}): it does not get last-backup-time: " in line
    assert types(bench, volume) == [FULL]
    operator.ask("compute", "DELETE", f"/servers/{server}/metadata/item-0", person=alice)
    done = bench.run()
    assert [line for line in done.stderr.splitlines() if line.startswith("WARNING:")] == []
    assert "last-backup-time" in operator.ask("compute", "GET", f"/servers/{server}")["server"]["metadata"]
