"""Where volumes are mounted on this machine (vms 2)."""

from __future__ import annotations

from pathlib import Path

from fiwareglancesync.vms.replication.mount_table import find_mounts, mount_points, mounts_of

TABLE = (
    "66 43 254:0 / / rw - ext4 /dev/vda rw\n"
    "106 43 0:45 / /mnt/da\\040ta rw - fuse.glusterfs gm:/data rw\n"
    "107 43 0:46 / /mnt/part rw - fuse.glusterfs gm:/data/part rw\n"
)


def test_a_volume_is_found_in_the_table_of_mounts_and_a_folder_of_it_is_not() -> None:
    assert list(mounts_of(TABLE, "data")) == [Path("/mnt/da ta")]
    assert list(mounts_of(TABLE, "other")) == []


def test_the_mounts_that_a_killed_run_has_left_are_not_those_of_the_engine(tmp_path: Path) -> None:
    table = tmp_path / "table"
    line = "1 2 0:3 / {} rw - fuse.glusterfs localhost:/data rw\n"
    table.write_text("".join(map(line.format, ("/state/data/mounts/master", "/mnt/one", "/mnt/two"))))
    assert find_mounts("data", Path("/state"), table=table) == [Path("/mnt/one"), Path("/mnt/two")]


def test_the_slave_volume_of_the_same_name_is_not_the_master(tmp_path: Path) -> None:
    table = tmp_path / "table"
    line = "1 2 0:3 / {} ro - fuse.glusterfs {} ro\n"
    mounts = [("/mnt/copy", "gs:/data"), ("/mnt/six", "[fe80::2]:/data"), ("/mnt/data", "localhost:/data")]
    table.write_text("".join(line.format(*each) for each in mounts))
    assert find_mounts("data", Path("/state"), {"gs", "fe80::2"}, table) == [Path("/mnt/data")]


def test_every_mount_is_a_point_in_the_table() -> None:
    assert list(mount_points(TABLE)) == ["/", "/mnt/da ta", "/mnt/part"]
