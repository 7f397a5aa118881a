"""Gluster's command as the program calls it (vms 3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from fiwareglancesync.vms.replication import gluster_replication
from fiwareglancesync.vms.replication.gluster_replication import GlusterReplication
from fiwareglancesync.vms.slave_address import SlaveAddress
from fiwareglancesync.vms.vm_errors import GlusterError, NoGluster
from tests.support.gluster_texts import answer, pair, session_answer

SLAVE = SlaveAddress("gs", "copy", "geo")


def replication(folder: Path, text: str, code: int = 0) -> GlusterReplication:
    """A session of a command that always answers the same, and keeps its words."""
    (folder / "answer").write_text(text)
    script = folder / "command"
    script.write_text(f'#!/bin/sh\necho "$*" >>{folder}/words\ncat {folder}/answer\nexit {code}\n')
    script.chmod(0o700)
    return GlusterReplication("data", SLAVE, [str(script)])


def words(folder: Path) -> list[str]:
    return (folder / "words").read_text().splitlines()


@pytest.mark.parametrize(
    ("status", "verb"), [("Stopped", "start"), ("Created", "start"), ("Paused", "resume"), ("Active", "")]
)
def test_a_session_is_started_or_resumed_as_its_status_demands(tmp_path: Path, status: str, verb: str) -> None:
    replication(tmp_path, session_answer(pair("gm", "/b", status=status))).start()
    changes = [line for line in words(tmp_path) if not line.endswith("status detail")]
    expected = f"gluster --mode=script --xml volume geo-replication data geo@gs::copy {verb}"
    assert changes == ([expected] if verb else [])


def test_exit_codes_are_not_believed(tmp_path: Path) -> None:
    text = session_answer(pair("gm", "/b"))
    assert replication(tmp_path, text, code=1).session().is_active
    with pytest.raises(GlusterError, match="no such volume"):
        replication(tmp_path, answer("", code=-1, error="no such volume"), code=0).session()


def test_a_command_that_is_missing_is_named_with_its_package() -> None:
    with pytest.raises(NoGluster, match="/nowhere/gluster is missing; as root: apt-get install glusterfs-server"):
        GlusterReplication("data", SLAVE, ["/nowhere/gluster"]).session()


def test_a_sentence_instead_of_an_answer_is_shown(tmp_path: Path) -> None:
    silent = replication(tmp_path, "Connection failed. Please check if gluster daemon is operational.", code=1)
    with pytest.raises(NoGluster, match=r"Connection failed\. Please check"):
        silent.session()


def test_an_answer_that_is_no_text_is_an_error_of_gluster(tmp_path: Path) -> None:
    garbled = replication(tmp_path, "")
    (tmp_path / "answer").write_bytes(b"<\xff\xfe>")
    with pytest.raises(GlusterError, match="is no XML"):
        garbled.session()


def test_a_gluster_that_is_busy_with_another_command_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gluster_replication, "BUSY_PAUSE_SECONDS", 0.0)
    busy = replication(tmp_path, answer("", code=-1, error="Another transaction is in progress for data. Please try"))
    (tmp_path / "later").write_text(session_answer(pair("gm", "/b")))
    script = tmp_path / "command"
    third = f"[ $(wc -l <{tmp_path}/words) -lt 3 ] || cp {tmp_path}/later {tmp_path}/answer"
    script.write_text(script.read_text().replace("exit 0", third))
    assert busy.session().is_active
    assert len(words(tmp_path)) == 4
    never = replication(tmp_path, answer("", code=-1, error="Locking failed on gs2. Please check log file"))
    with pytest.raises(GlusterError, match="Locking failed on gs2"):
        never.session()
    assert len(words(tmp_path)) == 4 + gluster_replication.BUSY_TRIES


class TestUnmount:
    """Mounts that have lost their process, or are in use, on a machine of words."""

    def machine(self, folder: Path, *, is_mounted: bool = True, code: int = 0) -> GlusterReplication:
        mount = folder / "slave"
        script = folder / "command"
        table = f"9 8 0:7 / {mount} rw - fuse.glusterfs gs:/copy rw" if is_mounted else ""
        script.write_text(
            f'#!/bin/sh\necho "$*" >>{folder}/words\n'
            f'case "$*" in cat*) echo "{table}";; mountpoint*) exit 1;; "umount {mount}") exit {code};; esac\n'
        )
        script.chmod(0o700)
        return GlusterReplication("data", SLAVE, [str(script)])

    def test_one_that_has_lost_its_process_looks_unmounted_and_is_unmounted(self, tmp_path: Path) -> None:
        self.machine(tmp_path).unmount(str(tmp_path / "slave"))
        assert words(tmp_path)[1:] == [f"umount {tmp_path}/slave"]

    def test_one_that_is_in_use_is_unmounted_for_all_others(self, tmp_path: Path) -> None:
        self.machine(tmp_path, code=32).unmount(str(tmp_path / "slave"))
        assert words(tmp_path)[2:] == [f"umount --lazy {tmp_path}/slave"]

    def test_a_folder_without_a_mount_is_left_alone(self, tmp_path: Path) -> None:
        self.machine(tmp_path, is_mounted=False).unmount(str(tmp_path / "slave"))
        assert words(tmp_path) == ["cat /proc/self/mountinfo"]
