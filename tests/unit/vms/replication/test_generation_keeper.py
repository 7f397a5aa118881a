"""At every moment one consistent backup exists, unless nothing is kept (vms 2.0)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.base.errors import ConfigError
from fiwareglancesync.vms.backup_config import BackupSettings, read_backup_text
from fiwareglancesync.vms.replication.generation_keeper import CommandKeeper, NoKeeper, SnapshotKeeper, keeper_of
from fiwareglancesync.vms.slave_address import SlaveAddress
from fiwareglancesync.vms.vm_errors import KeepFailed
from fiwareglancesync.vms.vm_options import Keep, KeepMethod

SLAVE = SlaveAddress("gs", "copy")
STAND_IN = Path(__file__).parents[3] / "support" / "stand_ins" / "snapshot_gluster.py"


class Gluster:
    """The slave's gluster."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "state"
        self.set(snapshots=[["copy", "nightly"], ["other", "glancesync-other"]])

    def set(self, **state: Any) -> None:
        self.file.write_text(json.dumps(state))

    def names(self) -> list[str]:
        return [name for volume, name in json.loads(self.file.read_text())["snapshots"] if volume == "copy"]

    def keeper(self, keep: int = 2) -> SnapshotKeeper:
        return SnapshotKeeper([sys.executable, str(STAND_IN), str(self.file)], "copy", keep)


@pytest.fixture
def gluster(tmp_path: Path) -> Gluster:
    return Gluster(tmp_path)


class TestSnapshots:
    def test_the_newest_stay_and_those_of_others_are_left_alone(self, gluster: Gluster) -> None:
        for run in ("run-1", "run-2", "run-3", "run-3"):
            gluster.keeper().after_strip(run)
        assert gluster.names() == ["nightly", "glancesync-run-2", "glancesync-run-3"]

    def test_the_last_good_backup_has_one_before_it_is_overwritten(self, gluster: Gluster) -> None:
        for _ in range(2):
            gluster.keeper().before_replication("run-2", "run-1")
        assert gluster.names() == ["nightly", "glancesync-run-1"]

    def test_a_torn_slave_gets_none(self, gluster: Gluster) -> None:
        gluster.keeper().before_replication("run-2", "")
        assert gluster.names() == ["nightly"]

    def test_none_is_removed_before_the_new_one_is_there(self, gluster: Gluster) -> None:
        gluster.keeper().after_strip("run-1")
        gluster.set(snapshots=[["copy", "glancesync-run-1"]], fail="create")
        with pytest.raises(KeepFailed, match=r"create glancesync-run-2: Snapshot is supported only for thin"):
            gluster.keeper(1).after_strip("run-2")
        gluster.set(snapshots=[["copy", "glancesync-run-1"]], forget="create")
        with pytest.raises(KeepFailed, match="does not list it"):
            gluster.keeper(1).after_strip("run-2")
        assert gluster.names() == ["glancesync-run-1"]

    def test_one_that_is_not_removed_is_an_error_whatever_the_head_of_the_answer_says(self, gluster: Gluster) -> None:
        kept = [["copy", "glancesync-run-1"], ["copy", "glancesync-run-2"]]
        gluster.set(snapshots=kept, fail="delete")
        with pytest.raises(KeepFailed, match=r"delete glancesync-run-1: Snapshot \(glancesync-run-1\) does not exist"):
            gluster.keeper(1).after_strip("run-2")
        gluster.set(snapshots=kept, forget="delete")
        with pytest.raises(KeepFailed, match="reported that it removed glancesync-run-1, but lists it"):
            gluster.keeper(1).after_strip("run-2")

    def test_a_machine_that_does_not_answer_is_one_line(self, gluster: Gluster) -> None:
        for remote, reason in ((["false"], "exit code 1: without a reason"), (["/nowhere/ssh"], "cannot be run")):
            with pytest.raises(KeepFailed, match=reason):
                SnapshotKeeper(remote, "copy", 2).after_strip("run-1")

    def test_a_name_cannot_be_taken_for_another_command(self, gluster: Gluster) -> None:
        gluster.keeper().after_strip("run'; touch x #")
        assert gluster.names() == ["nightly", "glancesync-run'; touch x #"]


class TestCommand:
    def script(self, folder: Path, text: str) -> Path:
        path = folder / "keep"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o700)
        return path

    def test_it_learns_what_it_keeps(self, tmp_path: Path) -> None:
        names = ("RUN", "LAST_GOOD", "SLAVE_HOST", "SLAVE_VOLUME")
        values = " ".join(f"$GLANCESYNC_{name}" for name in names)
        path = self.script(tmp_path, f'echo "{values}" > {tmp_path}/seen')
        CommandKeeper(str(path), SLAVE).before_replication("run-2", "run-1")
        assert (tmp_path / "seen").read_text() == "run-2 run-1 gs copy\n"

    def test_one_that_fails_is_one_line_whatever_it_prints(self, tmp_path: Path) -> None:
        path = self.script(tmp_path, "echo '<no room>'; exit 7")
        with pytest.raises(KeepFailed, match=r"keep failed with exit code 7: <no room>$"):
            CommandKeeper(str(path), SLAVE).before_replication("run-2", "run-1")
        with pytest.raises(KeepFailed, match="cannot be run"):
            CommandKeeper(str(tmp_path / "nowhere"), SLAVE).before_replication("run-2", "run-1")


def test_each_method_has_its_keeper() -> None:
    for method, kind in (
        (KeepMethod(), NoKeeper),
        (KeepMethod(Keep.ALTERNATE), NoKeeper),
        (KeepMethod(Keep.COMMAND, "keep"), CommandKeeper),
        (KeepMethod(Keep.GLUSTER_SNAPSHOT), SnapshotKeeper),
    ):
        assert isinstance(keeper_of(BackupSettings(method=method, ssh="gs"), SLAVE), kind)


def test_snapshots_of_gluster_need_a_machine_that_takes_them() -> None:
    text = "[libvirt]\nuri = qemu:///system\n[generations]\nmethod = gluster-snapshot\n"
    with pytest.raises(ConfigError, match=r"\[generations\] method: expected \[slave\] ssh"):
        read_backup_text(text.encode(), "backup.cfg")
    read_backup_text(f"{text}[slave]\nssh = root@gs\n".encode(), "backup.cfg")
