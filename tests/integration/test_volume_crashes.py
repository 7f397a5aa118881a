"""A conductor is killed while it makes backups in real Cinder: none is unrecorded, doubled or lost (volumes 4)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fiwareglancesync.volumes.volume_model import RecordState
from tests.support.conditions import wait_for
from tests.support.volume_clouds import VolumeCloud, real_volume_cloud
from tests.support.volume_crashes import CrashBench, line_of

SETTLE_SECONDS = 20
WAIT_SECONDS = 300.0

pytestmark = [pytest.mark.integration, pytest.mark.volumes]


@pytest.fixture
def world(root: Path) -> Iterator[VolumeCloud]:
    """A cloud with a tenant and an account."""
    with real_volume_cloud(root) as made:
        yield made


@pytest.fixture
def bench(world: VolumeCloud, tmp_path: Path) -> CrashBench:
    """Nothing has been backed up yet."""
    return CrashBench(world, tmp_path, f"sqlite:///{tmp_path}/volumes.db", {"settle": f"{SETTLE_SECONDS}s"})


def settled(bench: CrashBench) -> list[str]:
    """Do cycles until no outcome is open; what they have written."""
    lines: list[str] = []

    def is_done() -> bool:
        done = bench.run()
        lines.extend(done.stderr.splitlines())
        assert done.returncode in (0, 1), done.stderr
        return not any(record.is_unfinished for record in bench.records())

    wait_for(is_done, "the outcomes", WAIT_SECONDS)
    return lines


def test_killed_at_a_request_of_each_of_three_volumes(bench: CrashBench) -> None:
    bench.add_volumes("one", "two", "three")
    for point in ("unanswered create_backup", "after create_backup", "before create_backup"):
        assert bench.killed(point=point)
    assert len(bench.backups()) == 2
    lines = settled(bench)
    bench.check()
    (lost,) = [record for record in bench.records() if record.state is RecordState.LOST]
    assert [line for line in lines if line.startswith("ERROR:")] == [line_of(lost)]
    assert lost.reason == "Cinder did not answer, and made no backup"
    assert not [line for line in lines if "Traceback" in line]
    assert bench.run("--now", lost.volume_id).returncode == 0
    bench.check()
    assert [len(bench.good(volume)) for volume in bench.volumes] == [1, 1, 1]


@pytest.mark.slow
def test_killed_at_each_point_of_a_cycle(bench: CrashBench) -> None:
    """From one to the next with the same volumes, which are due again."""
    bench.add_volumes("one", "two")
    assert bench.run().returncode == 0
    number, is_killed = 0, True
    while is_killed:
        number += 1
        forced = [word for volume in bench.volumes for word in ("--now", volume)]
        before = [len(bench.good(volume)) for volume in bench.volumes]
        is_killed = bench.killed(*forced, point=str(number))
        settled(bench)
        bench.check()
        after = [len(bench.good(volume)) for volume in bench.volumes]
        gained = [new - old for old, new in zip(before, after, strict=True)]
        assert all(count in (0, 1) for count in gained), f"point {number}: {gained}"
        lost = [record for record in bench.records() if record.state is RecordState.LOST]
    assert number > 20
    assert gained == [1, 1]
    assert lost, "a kill before a request has sent it"
