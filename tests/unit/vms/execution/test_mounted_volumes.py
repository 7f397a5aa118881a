"""The files of both volumes through mounts of this machine (vms 2)."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from fiwareglancesync.vms.backup_journal import JournalDisk
from fiwareglancesync.vms.execution import mounted_volumes
from fiwareglancesync.vms.execution.mounted_volumes import TRIGGER, MountedVolumes, VolumePlaces
from fiwareglancesync.vms.slave_address import SlaveAddress
from fiwareglancesync.vms.vm_errors import GlusterError, VolumeFilesError
from tests.support.stand_ins.georep_stand_in import GeorepStandIn, StoredReplication
from tests.support.vm_builders import DOMAIN, id_of
from tests.support.vm_site import Site, SiteClock

DISK = JournalDisk(id_of(1, 2), DOMAIN, id_of(1, 3), id_of(1, 4))


class Volumes:
    """Two volumes whose mounts are names in memory.

    :param folder: an empty folder
    """

    def __init__(self, folder: Path, ssh: str = "") -> None:
        self.site = Site(1)
        self.stored: StoredReplication = next(iter(self.site.slaves.values())).session
        self.master = folder / "master"
        self.image = self.master / DOMAIN / "images" / DISK.id
        self.image.mkdir(parents=True)
        self.state = folder / "state"
        places = VolumePlaces("data", SlaveAddress("gs", "copy"), (self.master,), self.state, ssh)
        self.files = MountedVolumes(GeorepStandIn(self.stored), places, SiteClock(self.site))

    @property
    def mounts(self) -> set[str]:
        """The folders at which something is mounted, by their names."""
        return {Path(each).name for each in self.stored.mounts}


@pytest.fixture
def volumes(tmp_path: Path) -> Volumes:
    """Two volumes."""
    return Volumes(tmp_path)


class TestMounts:
    def test_both_are_mounted_in_folders_of_the_state_that_only_their_owner_enters(self, volumes: Volumes) -> None:
        volumes.files.mount()
        assert volumes.mounts == {"master", "slave", "slave-to-read"}
        folders = list((volumes.state / "mounts").iterdir())
        assert {each.stat().st_mode & 0o777 for each in folders} == {0o700}
        volumes.files.unmount()
        assert volumes.mounts == set()

    def test_what_a_killed_run_has_mounted_is_unmounted_first(self, volumes: Volumes) -> None:
        volumes.files.mount()
        volumes.files.mount()
        assert len(volumes.mounts) == 3

    def test_a_slave_that_cannot_be_mounted_leaves_nothing_after_the_unmount(
        self, volumes: Volumes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(self: GeorepStandIn, folder: str) -> None:
            raise GlusterError("no")

        monkeypatch.setattr(GeorepStandIn, "mount_slave_for_reading", refuse)
        with pytest.raises(GlusterError):
            volumes.files.mount()
        volumes.files.unmount()
        assert volumes.mounts == set()

    def test_a_folder_that_cannot_be_made_is_named(self, volumes: Volumes) -> None:
        volumes.state.write_text("a file")
        with pytest.raises(VolumeFilesError, match=r"state/mounts/master cannot be made: "):
            volumes.files.mount()

    def test_the_slave_is_tried_at_its_mount(self, volumes: Volumes) -> None:
        with pytest.raises(VolumeFilesError, match="the slave volume copy: files cannot be made and removed"):
            volumes.files.try_slave("run-1")
        volumes.files.mount()
        assert volumes.files.try_slave("run-1").where == "the slave volume copy"
        assert list((volumes.state / "mounts" / "slave").iterdir()) == []


class TestLook:
    def test_it_is_at_mounts_of_its_own_and_leaves_nothing(self, volumes: Volumes, tmp_path: Path) -> None:
        volumes.files.mount()
        before = set(volumes.stored.mounts)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TMPDIR", str(tmp_path))
            patch.setattr(tempfile, "tempdir", None)
            look = volumes.files.look_at_slave("run-1")
        assert (look.space.where, look.problem, look.changes) == ("the slave volume copy", "", ())
        assert volumes.stored.mounts == before
        assert list(tmp_path.glob("glancesync-vms-*")) == []
        assert not list(volumes.state.glob("checks-*"))

    def test_a_slave_that_cannot_be_unmounted_loses_nothing(
        self, volumes: Volumes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def mount(self: GeorepStandIn, folder: str) -> None:
            Path(folder, "disk").write_text("a disk")

        def refuse(self: GeorepStandIn, folder: str) -> None:
            raise GlusterError("the target is busy")

        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        monkeypatch.setattr(GeorepStandIn, "mount_slave", mount)
        monkeypatch.setattr(GeorepStandIn, "unmount", refuse)
        with pytest.raises(GlusterError, match="the target is busy"):
            volumes.files.look_at_slave("")
        assert [each.name for each in tmp_path.glob("glancesync-vms-*/*/*")] == ["disk", "disk"]

    def test_one_that_is_read_only_is_named(self, volumes: Volumes, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "access", lambda path, mode: False)
        problem = volumes.files.look_at_slave("").problem
        assert problem == "the slave volume copy: files cannot be made on the slave: it is read-only"


class TestMaster:
    def test_the_root_is_touched(self, volumes: Volumes) -> None:
        os.utime(volumes.master, (1, 1))
        volumes.files.touch_master()
        assert volumes.master.stat().st_mtime > 1

    def test_a_master_that_is_gone_is_named(self, volumes: Volumes, tmp_path: Path) -> None:
        volumes.master.rename(tmp_path / "elsewhere")
        with pytest.raises(VolumeFilesError, match="the volume data cannot be written: No such file or directory"):
            volumes.files.touch_master()
        with pytest.raises(GlusterError, match="the master volume data does not answer"):
            volumes.files.master_space()

    def test_the_bytes_of_a_layer_are_those_that_it_takes(self, volumes: Volumes) -> None:
        assert volumes.files.layer_bytes(DISK) == 0
        (volumes.image / DISK.frozen).write_bytes(b"x" * 8192)
        os.truncate(volumes.image / DISK.frozen, 2**30)
        assert 8192 <= volumes.files.layer_bytes(DISK) < 2**20

    def test_exactly_the_files_of_the_overlay_are_marked_to_be_sent_again(
        self, volumes: Volumes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in (DISK.frozen, DISK.overlay, f"{DISK.overlay}.meta"):
            (volumes.image / name).touch()
        marked: list[tuple[str, str]] = []
        monkeypatch.setattr(os, "setxattr", lambda file, name, value: marked.append((Path(file).name, name)))
        volumes.files.send_again(DISK)
        assert marked == [(DISK.overlay, TRIGGER), (f"{DISK.overlay}.meta", TRIGGER)]

    def test_a_file_that_cannot_be_marked_is_named(self, volumes: Volumes, monkeypatch: pytest.MonkeyPatch) -> None:
        (volumes.image / DISK.overlay).touch()

        def refuse(*arguments: object) -> None:
            raise OSError(95, "Operation not supported")

        monkeypatch.setattr(os, "setxattr", refuse)
        with pytest.raises(VolumeFilesError, match=f"{DISK.overlay} cannot be marked to be sent again: Operation not"):
            volumes.files.send_again(DISK)


class TestRsync:
    def test_the_version_at_the_slave_is_known_with_ssh_only(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        called: list[tuple[str, ...]] = []

        def output(*words: str) -> str:
            called.append(words)
            return "rsync  version 3.2.7"

        monkeypatch.setattr(mounted_volumes, "_output", output)
        assert list(Volumes(tmp_path / "a").files.rsync_versions()) == ["the master"]
        assert list(Volumes(tmp_path / "b", "root@gs").files.rsync_versions()) == ["the master", "root@gs"]
        assert called[-1] == ("ssh", "-o", "BatchMode=yes", "--", "root@gs", "rsync --version")

    def test_a_program_that_is_missing_has_no_version(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        assert Volumes(tmp_path / "a").files.rsync_versions() == {"the master": ""}
