"""Weeks of backups, planned and removed cycle after cycle (volumes 2, 3)."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest

from fiwareglancesync.volumes.volume_model import BackupRecord, BackupType, RecordState, VolumeSettings
from tests.support.volume_simulation import Simulation
from tests.support.volumes import DAY, HOUR, MARK, NOW, make_server, make_volume

HOURLY = VolumeSettings(cycle=3600)


def one_volume(settings: VolumeSettings = HOURLY, retention: str = "2w") -> Simulation:
    return Simulation([make_server(metadata={**MARK, "backup-retention": retention})], [make_volume()], settings)


def types(records: list[BackupRecord]) -> str:
    return "".join(record.type.value[0].upper() for record in sorted(records, key=lambda record: record.due))


def test_a_volume_is_backed_up_each_day_and_the_oldest_chains_go() -> None:
    simulation = one_volume()
    simulation.run(42)
    assert types(simulation.history) == "FII" * 14
    dues = sorted(record.due for record in simulation.history)
    assert {later - earlier for earlier, later in pairwise(dues)} == {DAY}
    # 14 days, and as much as the bases of the youngest of them need.
    assert 14 <= len(simulation.good("v1")) <= 14 + 2
    assert len(simulation.removed) + len(simulation.records) == 42
    assert set(simulation.backups) == {record.backup_id for record in simulation.records.values()}


@pytest.mark.parametrize("depth", [0, 1, 5])
def test_chains_are_as_long_as_configured(depth: int) -> None:
    simulation = one_volume(VolumeSettings(cycle=3600, full_backup_depth=depth))
    simulation.run(30)
    assert types(simulation.history) == (("F" + "I" * depth) * 30)[:30]
    assert 14 <= len(simulation.good("v1")) <= 14 + depth


def test_after_an_outage_one_backup_is_made_and_the_last_good_ones_are_still_there() -> None:
    simulation = one_volume()
    simulation.run(10)
    simulation.now += 60 * DAY
    simulation.run(1)
    assert len(simulation.good("v1")) >= 1
    simulation.run(2)
    newest = simulation.good("v1")[-1]
    assert (newest.due - NOW) % DAY == timedelta(0)
    assert newest.due > simulation.now - 2 * DAY
    assert len([record for record in simulation.history if record.due > NOW + 60 * DAY]) == 3


def test_the_window_is_kept() -> None:
    simulation = one_volume(VolumeSettings(cycle=600, backup_window=(22 * 60, 6 * 60), timezone="Europe/Madrid"))
    simulation.run(30)  # the clock goes forward in the night to 29 March
    hours = Counter(record.due.hour for record in simulation.history)
    assert len(simulation.history) == 30
    # 22:00 is 21:00 UTC in winter; the series goes on with its 24 hours, which is 23:00 in summer.
    assert hours == {21: 30}


def test_after_failures_the_volume_is_tried_again_more_and_more_rarely_and_then_wholly() -> None:
    simulation = Simulation([make_server()], [make_volume()], VolumeSettings(), failing=4)
    simulation.run(3)
    tried = sorted(simulation.history, key=lambda record: record.due)
    assert [record.state for record in tried[:5]] == [RecordState.FAILED] * 4 + [RecordState.GOOD]
    waits = [(later.due - (earlier.finished or NOW)) / HOUR for earlier, later in pairwise(tried[:5])]
    assert waits == [1, 2, 4, 8]
    assert all(record.type is BackupType.FULL for record in tried[:5])
    assert {record.backup_id for record in tried[:4]}.isdisjoint(simulation.backups)


def test_a_backup_that_a_user_makes_in_between_begins_a_new_chain_and_pins_nothing_for_ever() -> None:
    simulation = one_volume()
    simulation.run(1.5)
    simulation.make_foreign("users", "v1", is_incremental=True)
    simulation.run(20)
    pinned = [each.pinned_by for each in simulation.cycle().kept if each.pinned_by]
    assert pinned == ["users"]
    assert types(simulation.history)[:6] == "FIFIIF"
    del simulation.backups["users"]
    simulation.run(1)
    assert not [each for each in simulation.cycle().kept if each.pinned_by]
    assert len(simulation.good("v1")) <= 16


def test_a_volume_that_grows_gets_a_full_backup() -> None:
    simulation = one_volume()
    simulation.run(1.5)
    volume = simulation.volumes["v1"]
    simulation.volumes["v1"] = make_volume(status=volume.status, size=20)
    simulation.run(3)
    assert types(simulation.history) == "FIFIIF"[: len(simulation.history)]


def test_when_server_and_volume_go_the_last_good_backup_stays_a_month_longer() -> None:
    simulation = one_volume()
    simulation.run(5.5)
    simulation.servers, simulation.volumes = [], {}
    simulation.run(20)
    assert len(simulation.records) == 3  # the last of F I I F I I, and what it builds on
    simulation.run(30)
    assert simulation.backups == {}
    assert simulation.records == {}


def test_many_volumes_share_the_places_and_every_project_is_served() -> None:
    servers = [make_server(f"s{number}", [f"v{number}"], project_id=f"p{number // 30}") for number in range(61)]
    volumes = [make_volume(f"v{number}", project_id=f"p{number // 30}") for number in range(61)]
    simulation = Simulation(servers, volumes, VolumeSettings(max_running_per_host=4), minutes=10)
    simulation.run(0.25)
    done = Counter(record.project_id for record in simulation.history)
    assert simulation.most_running == 4
    assert done == {"p0": 30, "p1": 30, "p2": 1}
    first = sorted(simulation.history, key=lambda record: record.begun or NOW)[:4]
    assert {record.project_id for record in first} == {"p0", "p1", "p2"}


def test_a_longer_retention_of_a_server_keeps_more() -> None:
    simulation = one_volume(retention="1mon")
    simulation.run(60)
    assert 30 <= len(simulation.good("v1")) <= 32
    simulation.servers = [make_server(metadata=MARK)]
    simulation.run(1)
    assert 30 <= len(simulation.good("v1")) <= 32
    simulation.run(31)
    assert len(simulation.good("v1")) <= 16
