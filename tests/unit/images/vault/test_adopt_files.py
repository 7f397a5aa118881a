"""Plain image files are taken into a shelf (vault 2.9)."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import UsageError
from fiwareglancesync.images.vault.adopt_files import AdoptListeners, adopt
from fiwareglancesync.images.vault.image_inspection import format_of, name_and_end
from fiwareglancesync.images.vault.vault_errors import OtherSource, VaultError
from fiwareglancesync.images.vault.vault_export import ExportListeners, export
from fiwareglancesync.images.vault.vault_folder import Shelf, Vault, init_vault
from tests.support.failing_disk import Kill, Killed, observed_disk
from tests.support.vaults import back_up, faults, sha512

SECTOR = 512


def now() -> datetime:
    return datetime.now(timezone.utc)


def qcow2(backing: str = "", *, data_file: bool = False) -> bytes:
    """A qcow2 image of no size."""
    at = 512 if backing else 0
    features = 4 if data_file else 0
    fields = (b"QFI\xfb", 3, at, len(backing), 16, 0, 0, 0, 65536, 131072, 1, 0, 0, features, 0, 0, 4, 104)
    head = struct.pack(">4sIQIIQIIQQIIQQQQII", *fields)
    return head.ljust(512, b"\0") + backing.encode().ljust(262_144 - 512, b"\0")


def iso(*, partitioned: bool = False) -> bytes:
    image = bytearray(64 * 1024)
    image[0x8000:0x8007] = b"\x01CD001\x01"
    image[0x8800:0x8807] = b"\xffCD001\x01"
    if partitioned:
        image[0:SECTOR] = gpt()[:SECTOR]
    return bytes(image)


def gpt() -> bytes:
    image = bytearray(64 * 1024)
    image[446:462] = struct.pack("<BBBBBBBBII", 0, 0, 2, 0, 0xEE, 255, 255, 255, 1, 127)
    image[510:512] = b"\x55\xaa"
    image[512:520] = b"EFI PART"
    return bytes(image)


def tar() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("disk.vmdk"))
    return content.getvalue()


@dataclass
class Heard:
    """What was said."""

    done: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return init_vault(tmp_path / "vault")


@pytest.fixture
def shelf(vault: Vault) -> Shelf:
    return vault.shelf("plain")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "files"
    path.mkdir()
    return path


@pytest.fixture
def heard() -> Heard:
    return Heard()


def adopted(folder: Path, shelf: Shelf, heard: Heard, disk_format: str | None = None) -> bool:
    listeners = AdoptListeners(print, lambda count: None, heard.done.append, heard.failures.append)
    return adopt(folder, shelf, disk_format, listeners, now)


def names(shelf: Shelf) -> dict[str, str]:
    """Name → format of the images of the newest complete run."""
    run = shelf.newest_complete()
    assert run is not None
    return {
        image.name: str(shelf.record(image.id, image.record).state.document["disk_format"]) for image in run.images
    }


def test_each_file_becomes_an_image_with_the_format_of_its_content(folder: Path, shelf: Shelf, heard: Heard) -> None:
    files = {
        "a.qcow2": qcow2(), "b.img": qcow2(), "c.iso": iso(), "d": iso(partitioned=True), "e.raw": gpt(),
        "f.img": b"bytes", "ubuntu-24.04": b"raw", "g.aki": b"kernel",
    }  # fmt: skip
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / ".hidden").touch()
    (folder / "folder").mkdir()
    (folder / "link").symlink_to("f.img")
    assert adopted(folder, shelf, heard)
    assert names(shelf) == {
        "a": "qcow2", "b": "qcow2", "c": "iso", "d": "iso", "e": "raw", "f": "raw", "ubuntu-24.04": "raw", "g": "aki",
    }  # fmt: skip
    assert faults(shelf.vault) == []
    assert len(heard.done) == 8


def test_what_was_taken_before_keeps_its_uuid(folder: Path, shelf: Shelf, heard: Heard) -> None:
    for name in ("a.img", "b.img", "c.img"):
        (folder / name).write_bytes(name.encode())
    assert adopted(folder, shelf, heard)
    first = shelf.newest_complete()
    (folder / "a.img").write_bytes(b"new")
    (folder / "b.img").unlink()
    assert adopted(folder, shelf, heard)
    second = shelf.newest_complete()
    assert first is not None
    assert second is not None
    assert {image.id for image in first.images} == {image.id for image in second.images}
    changes = {image.name: (image.record, image.content) for image in second.images}
    assert changes["a"][0] == 2
    assert changes["a"][1] != first.images[0].content
    assert (changes["b"][0], changes["c"][0]) == (1, 1)
    assert faults(shelf.vault) == []


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a.qcow2", qcow2("/etc/passwd"), "it is not safe: "),
        ("a.qcow2", qcow2(data_file=True), "it is not safe: "),
        ("a.img", gzip.compress(b"raw", mtime=0), "it is a gzip archive; unpack it"),
        ("a.ova", tar(), "it is a tar archive; unpack it"),
        ("a.zip", b"PK\x03\x04", "it is a zip archive"),
        ("a.qcow2", b"raw", "its content is raw, and its name says qcow2; state its format with --format"),
        ("a.raw", qcow2(), "its content is qcow2, and its name says raw"),
        ("a.img", b"QED\x00".ljust(262_144, b"\0"), "it is not safe: "),
        ("a.img", b"LUKS\xba\xbe\x00\x01".ljust(262_144, b"\0"), "its content is luks, which Glance does not have"),
    ],
)
def test_what_is_no_safe_image_is_refused_and_the_others_are_taken(
    folder: Path, shelf: Shelf, heard: Heard, name: str, content: bytes, text: str
) -> None:
    (folder / name).write_bytes(content)
    (folder / "good.img").write_bytes(b"good")
    assert not adopted(folder, shelf, heard)
    assert f"{folder / name} is not taken: {text}" in heard.failures[0]
    assert names(shelf) == {"good": "raw"}


def test_two_files_of_one_name_are_not_mixed_up(folder: Path, shelf: Shelf, heard: Heard) -> None:
    (folder / "a.img").write_bytes(b"one")
    (folder / "a.raw").write_bytes(b"two")
    assert not adopted(folder, shelf, heard)
    assert "a.img gives the same name a" in heard.failures[0]
    assert names(shelf) == {"a": "raw"}


def test_a_stated_format_overrides_all_but_another_format_that_the_content_shows(
    folder: Path, shelf: Shelf, heard: Heard
) -> None:
    (folder / "a.gz").write_bytes(gzip.compress(b"raw", mtime=0))
    (folder / "b.img").write_bytes(qcow2())
    assert not adopted(folder, shelf, heard, "raw")
    assert names(shelf) == {"a.gz": "raw"}
    assert "its content is qcow2, and --format says raw" in heard.failures[0]


def test_the_shelf_of_a_region_is_refused(vault: Vault, folder: Path, heard: Heard) -> None:
    back_up(vault, vault.shelf("Burgos"), {1: b"one"})
    (folder / "a.img").write_bytes(b"one")
    with pytest.raises(OtherSource, match=r"use another --shelf$"):
        adopted(folder, vault.shelf("Burgos"), heard)


def test_the_documents_of_an_export_are_no_images(vault: Vault, folder: Path, shelf: Shelf, heard: Heard) -> None:
    back_up(vault, vault.shelf("Burgos"), {1: b"one"})
    export([vault.shelf("Burgos")], folder, ExportListeners(print, print, print, heard.failures.append))
    (folder / "other.json").write_text("{}")
    (folder / "cut.json").write_text("{")
    assert len([*folder.glob("*.json")]) == 3
    assert adopted(folder, shelf, heard)
    (name,) = {path.name.split(".")[0] for path in folder.iterdir()} - {"other", "cut"}
    assert set(names(shelf)) == {name, "other.json", "cut.json"}


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.rmdir()])
def test_a_folder_without_images_is_named_and_makes_no_shelf(
    vault: Vault, folder: Path, heard: Heard, make: Callable[[Path], None]
) -> None:
    make(folder)
    with pytest.raises((VaultError, UsageError), match=r"has no image file that can be taken|cannot be read: No such"):
        adopted(folder, vault.shelf("plain"), heard)
    assert vault.shelf_names() == []


def test_an_image_that_the_vault_has_lost_makes_the_run_incomplete(folder: Path, shelf: Shelf, heard: Heard) -> None:
    (folder / "a.img").write_bytes(b"one")
    (folder / "b.img").write_bytes(b"two")
    assert adopted(folder, shelf, heard)
    (folder / "a.img").unlink()
    shelf.vault.paths.content_file(sha512(b"one")).unlink()
    assert not adopted(folder, shelf, heard)
    assert heard.failures == ["image a: its content or its record is not in the vault any more; adopt its file again"]
    run = shelf.run(shelf.run_times()[0])
    assert (run.complete, [image.name for image in run.images]) == (False, ["b"])


def test_a_killed_adoption_leaves_a_whole_vault(tmp_path: Path, folder: Path, heard: Heard) -> None:
    (folder / "a.img").write_bytes(b"one")
    count, counted = Kill(), init_vault(tmp_path / "counted")
    with observed_disk(count):
        adopted(folder, counted.shelf("plain"), heard)
    for at in range(1, count.count + 1):
        vault = init_vault(tmp_path / str(at))
        with observed_disk(Kill(at)), pytest.raises(Killed):
            adopted(folder, vault.shelf("plain"), heard)
        assert faults(vault) == [], at
        adopted(folder, vault.shelf("plain"), heard)
        assert faults(vault) == [], at


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("a.qcow2", ("a", "qcow2")),
        ("A.IMG", ("A", "img")),
        ("ubuntu-24.04", ("ubuntu-24.04", "")),
        ("a.tar.gz", ("a.tar.gz", "")),
        (".raw", (".raw", "")),
        ("a", ("a", "")),
    ],
)
def test_the_name_of_a_file_is_split_only_where_it_says_a_format(file: str, name: tuple[str, str]) -> None:
    assert name_and_end(file) == name


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="cannot be read: No such file or directory"):
        format_of(tmp_path / "nothing", "")


def test_an_image_that_is_cut_off_in_its_head_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "disk.img"
    path.write_bytes(b"KDMV\x01" + bytes(8))
    with pytest.raises(VaultError, match="it is cut off: Incomplete file"):
        format_of(path, "img")
