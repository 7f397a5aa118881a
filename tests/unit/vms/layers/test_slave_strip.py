"""A hostile slave loses nothing but the overlays of the run, by their exact names (vms 2.6)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import NotWritten
from fiwareglancesync.vms.backup_journal import JournalMachine, KeptFile
from fiwareglancesync.vms.engines.machines_port import StoreLayer
from fiwareglancesync.vms.layers.domain_files import keep_files
from fiwareglancesync.vms.layers.slave_strip import put_back, strip_machine
from fiwareglancesync.vms.vm_errors import StripRefused
from tests.support.layer_files import layer_file, meta_text, snapshotted
from tests.support.vm_builders import DOMAIN, id_of

IMAGE, BASE, FROZEN, OVERLAY = id_of(1, 2), id_of(1, 5), id_of(1, 3), id_of(1, 4)
CHAINS = {IMAGE: {FROZEN, BASE}}
OURS = {f"{DOMAIN}/images/{IMAGE}/{OVERLAY}{ending}" for ending in ("", ".lease", ".meta")}
META = f"{DOMAIN}/images/{IMAGE}/{FROZEN}.meta"


class Slave:
    """A slave volume with a virtual machine of the run, and much that is not the run's."""

    def __init__(self, folder: Path) -> None:
        self.volume = folder / "slave"
        self.machine = snapshotted(self.volume)
        self.outside = folder / "outside"
        self.outside.mkdir()
        (self.outside / OVERLAY).write_bytes(b"somebody else's")
        self.images = self.volume / DOMAIN / "images"
        snapshotted(self.volume, 2)
        for name in (OVERLAY[:-1], f"{OVERLAY}.old", f"{OVERLAY} ", OVERLAY.upper(), f"{FROZEN}.lease", "a\n\"'<b>"):
            (self.images / IMAGE / name).write_bytes(b"not ours")
        foreign = self.images / id_of(7, 2)
        foreign.mkdir()
        for ending in ("", ".lease", ".meta"):
            (foreign / f"{OVERLAY}{ending}").write_bytes(b"of another disk")

    def listing(self) -> dict[str, str]:
        """Everything there is, with its content."""
        found = {}
        for path in sorted([*self.volume.rglob("*"), *self.outside.rglob("*")]):
            kind = f"-> {os.readlink(path)}" if path.is_symlink() else "folder" if path.is_dir() else ""
            if not kind:
                kind = path.read_bytes().hex() if path.is_file() else "other"
            found[str(path.relative_to(self.volume if self.volume in path.parents else self.outside.parent))] = kind
        return found

    def strip(self, machine: JournalMachine | None = None) -> set[str]:
        return set(map(str, strip_machine(self.volume, machine or self.machine, CHAINS)))


@pytest.fixture
def slave(tmp_path: Path) -> Slave:
    return Slave(tmp_path)


def test_exactly_the_three_files_of_the_overlay_are_removed(slave: Slave) -> None:
    before = slave.listing()
    assert slave.strip() == OURS
    after = slave.listing()
    assert before.keys() - after.keys() == OURS
    assert after.keys() <= before.keys()
    assert {name for name in after if after[name] != before[name]} == {META}


def test_the_layer_below_is_the_top_one_again_with_its_owner_and_mode(slave: Slave) -> None:
    file = slave.volume / META
    file.chmod(0o640)
    os.chown(file, 36, 36) if os.geteuid() == 0 else None
    before = file.stat()
    slave.strip()
    after = file.stat()
    assert file.read_text() == meta_text("LEAF")
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


def test_it_may_be_done_twice(slave: Slave) -> None:
    slave.strip()
    before = slave.listing()
    assert slave.strip() == set()
    assert slave.listing() == before


def test_what_an_interrupted_one_left_behind_is_overwritten(slave: Slave) -> None:
    (slave.images / IMAGE / f"{FROZEN}.meta.glancesync").write_text("half")
    assert slave.strip() == OURS
    assert slave.listing()[META] == meta_text("LEAF").encode().hex()
    assert f"{META}.glancesync" not in slave.listing()


def test_without_kept_metadata_those_of_the_slave_are_taken(slave: Slave) -> None:
    machine = replace(slave.machine, disks=(replace(slave.machine.disks[0], meta=""),))
    slave.strip(machine)
    assert (slave.volume / META).read_text() == meta_text("LEAF")
    (slave.volume / META).unlink()
    assert slave.strip(machine) == set()
    assert not (slave.volume / META).exists()


def link_to(target: str) -> Callable[[Slave, Path], None]:
    """Put a link into the place of a file or folder."""

    def change(slave: Slave, path: Path) -> None:
        if path.is_dir():
            shutil.move(path, slave.outside / "moved")
        else:
            path.unlink(missing_ok=True)
        path.symlink_to(slave.outside / target)

    return change


def folder_at(slave: Slave, path: Path) -> None:
    path.unlink(missing_ok=True)
    (path / "inner").mkdir(parents=True)


def pipe_at(slave: Slave, path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def removed(slave: Slave, path: Path) -> None:
    path.unlink()


IN_FOLDER = f"images/{IMAGE}"
HOSTILE: dict[str, tuple[str, Callable[[Slave, Path], None]]] = {
    "the overlay is a link": (f"{IN_FOLDER}/{OVERLAY}", link_to(OVERLAY)),
    "the overlay is a link to nothing": (f"{IN_FOLDER}/{OVERLAY}", link_to("nothing")),
    "the lease is a link": (f"{IN_FOLDER}/{OVERLAY}.lease", link_to(OVERLAY)),
    "the metadata of the overlay are a link": (f"{IN_FOLDER}/{OVERLAY}.meta", link_to(OVERLAY)),
    "the overlay is a folder": (f"{IN_FOLDER}/{OVERLAY}", folder_at),
    "the overlay is a pipe": (f"{IN_FOLDER}/{OVERLAY}", pipe_at),
    "the folder of the disk is a link": (IN_FOLDER, link_to("moved")),
    "the folder of the images is a link": ("images", link_to("moved")),
    "the folder of the domain is a link": ("", link_to("moved")),
    "the layer below is a link": (f"{IN_FOLDER}/{FROZEN}", link_to(OVERLAY)),
    "the layer below is missing": (f"{IN_FOLDER}/{FROZEN}", removed),
    "the metadata below are a link": (f"{IN_FOLDER}/{FROZEN}.meta", link_to(OVERLAY)),
    "the metadata below are missing": (f"{IN_FOLDER}/{FROZEN}.meta", removed),
    "the name of the new metadata is a link": (f"{IN_FOLDER}/{FROZEN}.meta.glancesync", link_to(OVERLAY)),
    "the name of the new metadata is a folder": (f"{IN_FOLDER}/{FROZEN}.meta.glancesync", folder_at),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_nothing_is_changed_when_something_is_not_what_the_run_made(slave: Slave, case: str) -> None:
    where, change = HOSTILE[case]
    change(slave, slave.volume / DOMAIN / where if where else slave.volume / DOMAIN)
    before = slave.listing()
    with pytest.raises(StripRefused, match="nothing is removed"):
        slave.strip()
    assert slave.listing() == before


@pytest.mark.parametrize("field", ["id", "domain", "overlay", "frozen"])
@pytest.mark.parametrize("id", ["", ".", "..", "*", f"../{id_of(7, 2)}", FROZEN, BASE, "/etc", f"{OVERLAY}/", "a\0b"])
def test_an_id_that_is_not_the_overlays_removes_nothing(slave: Slave, field: str, id: str) -> None:
    if field == "frozen" and id in CHAINS[IMAGE]:
        return
    before = slave.listing()
    machine = replace(slave.machine, disks=(replace(slave.machine.disks[0], **{field: id}),))
    with pytest.raises(StripRefused):
        strip_machine(slave.volume, machine, {disk.id: CHAINS[IMAGE] | {disk.frozen} for disk in machine.disks})
    assert slave.listing() == before


def test_a_disk_that_was_not_compared_keeps_its_overlay(slave: Slave) -> None:
    before = slave.listing()
    wrong: list[dict[str, set[str]]] = [{}, {IMAGE: set()}, {IMAGE: {BASE}}, {id_of(2, 2): {FROZEN, BASE}}]
    for chains in wrong:
        with pytest.raises(StripRefused, match="have not been compared"):
            strip_machine(slave.volume, slave.machine, chains)
    assert slave.listing() == before


def test_one_bad_disk_keeps_the_others_of_its_machine_as_they_are(slave: Slave) -> None:
    [second] = snapshotted(slave.volume, 3).disks
    (slave.images / second.id / f"{second.overlay}.lease").unlink()
    (slave.images / second.id / f"{second.overlay}.lease").symlink_to("/etc/hosts")
    before = slave.listing()
    machine = replace(slave.machine, disks=(*slave.machine.disks, second))
    with pytest.raises(StripRefused):
        strip_machine(slave.volume, machine, {**CHAINS, second.id: {second.frozen}})
    assert slave.listing() == before


def test_a_volume_that_is_not_there_is_refused(slave: Slave, tmp_path: Path) -> None:
    with pytest.raises(StripRefused, match="cannot be opened"):
        strip_machine(tmp_path / "nowhere", slave.machine, CHAINS)


def test_a_refusal_of_the_file_system_is_one_line(slave: Slave, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise OSError(107, "Transport endpoint is not connected")

    monkeypatch.setattr(os, "unlink", away)
    with pytest.raises(NotWritten, match="Transport endpoint is not connected") as caught:
        slave.strip()
    assert "\n" not in str(caught.value)


class TestStore:
    """The files in which the engine writes down its virtual machines."""

    store = StoreLayer(id_of(8, 2), id_of(8, 5))

    @pytest.fixture
    def kept(self, slave: Slave, tmp_path: Path) -> tuple[KeptFile, ...]:
        layer_file(slave.volume, self.store.disk, self.store.layer, b"before" + bytes(5000), meta=meta_text())
        return keep_files(slave.volume, tmp_path / "kept", DOMAIN, [self.store])

    def file(self, slave: Slave, ending: str = "") -> Path:
        return slave.images / self.store.disk / f"{self.store.layer}{ending}"

    def test_it_is_written_as_it_was_in_the_same_files(
        self, slave: Slave, kept: tuple[KeptFile, ...], tmp_path: Path
    ) -> None:
        before, inode = slave.listing(), self.file(slave).stat().st_ino
        for content in (b"meanwhile" + bytes(9000), b"short", b"", b"before" + bytes(5001), b"before" + bytes(4999)):
            self.file(slave).write_bytes(content)
            self.file(slave, ".meta").write_text("meanwhile")
            put_back(slave.volume, tmp_path / "kept", kept)
            assert slave.listing() == before
        assert self.file(slave).stat().st_ino == inode

    def test_what_has_not_changed_is_not_written(
        self, slave: Slave, kept: tuple[KeptFile, ...], tmp_path: Path
    ) -> None:
        before = self.file(slave).stat().st_mtime_ns
        put_back(slave.volume, tmp_path / "kept", kept)
        assert self.file(slave).stat().st_mtime_ns == before

    def test_a_link_is_not_followed(self, slave: Slave, kept: tuple[KeptFile, ...], tmp_path: Path) -> None:
        self.file(slave).unlink()
        self.file(slave).symlink_to(slave.outside / OVERLAY)
        before = slave.listing()
        with pytest.raises(StripRefused, match="a symbolic link"):
            put_back(slave.volume, tmp_path / "kept", kept)
        assert slave.listing() == before

    def test_a_damaged_or_missing_copy_is_not_written(
        self, slave: Slave, kept: tuple[KeptFile, ...], tmp_path: Path
    ) -> None:
        copy = tmp_path / "kept" / kept[-1].sha256
        copy.write_bytes(b"damaged")
        before = slave.listing()
        with pytest.raises(StripRefused, match="is damaged"):
            put_back(slave.volume, tmp_path / "kept", kept)
        copy.unlink()
        with pytest.raises(StripRefused, match="cannot be read"):
            put_back(slave.volume, tmp_path / "kept", kept)
        assert slave.listing() == before

    @pytest.mark.parametrize("name", ["", "..", f"../{FROZEN}", f"{FROZEN}.lease", f"{FROZEN}/x", "hosts"])
    def test_a_name_that_is_no_layer_is_refused(
        self, slave: Slave, kept: tuple[KeptFile, ...], tmp_path: Path, name: str
    ) -> None:
        before = slave.listing()
        for wrong in (replace(kept[0], name=name), replace(kept[0], image=name), replace(kept[0], domain=name)):
            with pytest.raises(StripRefused):
                put_back(slave.volume, tmp_path / "kept", [wrong])
        assert slave.listing() == before
