"""Section ``[snapshots]`` of the configuration (snapshots 1.2)."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from pathlib import Path

from fiwareglancesync.config.reader import Configuration
from fiwareglancesync.kinds import SECTIONS, option_tables
from fiwareglancesync.snapshots.execution.run_limits import RunLimits
from fiwareglancesync.snapshots.planning.excess_plan import RemovalLimits
from fiwareglancesync.snapshots.schedule.snapshot_spec import Times
from fiwareglancesync.snapshots.schedule.spec_reader import read_spec
from fiwareglancesync.snapshots.snapshot_options import (
    GENERAL_SPEC,
    SNAPSHOT_OPTIONS,
    SnapshotSettings,
    read_snapshot_settings,
    snapshots_section,
)

WHOLE = """[snapshots]
schedule_file = /etc/schedule.yml
server_list = /tmp/servers
general = 3@sun
general_snapshots = yes
honour_metadata = yes
minute = 5
general_minute = 20
timezone = Europe/Madrid
misfire_grace = 2h
spread = 10min
log_file = /tmp/snaps.log
ceph_conf = /etc/ceph/other.conf
ceph_user = snaps
ceph_pool = fast
backend_pools = ssd=volumes-ssd, node@old=archive
vms_pool = vms
ceph_timeout = 1min
max_parallel = 8
stop_ratio = 0.9
max_deletions = 50
orphan_keep = 0
deleted_keep = 2h
inventory_period = 1h
region = Spain
"""


def read(text: str, folder: Path) -> SnapshotSettings:
    (folder / "test.conf").write_text(text)
    configuration = Configuration(str(folder / "test.conf"), [], {}, option_tables(), lambda *_: None)
    configuration.raise_problems()
    assert configuration.findings.warnings == []
    return read_snapshot_settings(configuration)


def test_each_field_is_a_key() -> None:
    assert [option.key for option in SNAPSHOT_OPTIONS] == [field.name for field in fields(SnapshotSettings)]


def test_every_key_is_read(tmp_path: Path) -> None:
    spec = read_spec("3@sun").spec
    assert spec is not None
    found = read(WHOLE, tmp_path)
    assert found == SnapshotSettings(
        "/etc/schedule.yml", "/tmp/servers", spec, True, True, 5, 20, "Europe/Madrid", 7200, 600, "/tmp/snaps.log",
        "/etc/ceph/other.conf", "snaps", "fast", (("ssd", "volumes-ssd"), ("node@old", "archive")), "vms",
        60, 8, 0.9, 50, 0, 7200, 3600, "Spain",
    )  # fmt: skip
    assert found.limits == RunLimits(8, 0.9, RemovalLimits(timedelta(), timedelta(hours=2), 50))
    assert found.times == Times(5, 20, "Europe/Madrid")
    assert found.general_spec == spec


def test_without_the_section_all_are_defaults(tmp_path: Path) -> None:
    found = read("", tmp_path)
    assert found == SnapshotSettings()
    assert found.general_spec is None
    assert str(GENERAL_SPEC) == "5@mon-fri@6,11,15,19"


def test_the_defaults_are_given_in_words() -> None:
    table = snapshots_section()
    assert table == SECTIONS["snapshots"]()
    assert [table.default_text(option) for option in SNAPSHOT_OPTIONS] == [
        "/var/lib/snapmanager/snap_sched.yml",
        "/var/lib/snapmanager/server_list.txt",
        "5@mon-fri@6,11,15,19",
        "False",
        "False",
        "0",
        "15",
        "UTC",
        "21600",
        "0",
        "/var/log/snapmanager.log",
        "/etc/ceph/ceph.conf",
        "snapmanager",
        "volumes",
        "none",
        "none",
        "30",
        "4",
        "0.85",
        "200",
        "2592000",
        "86400",
        "10800",
        "that of the account",
    ]
