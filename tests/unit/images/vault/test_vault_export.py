"""Images are written as plain files (vault 2.8)."""

from __future__ import annotations

import errno
import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import UsageError
from fiwareglancesync.images.vault.vault_export import ExportListeners, export, stem_of
from fiwareglancesync.images.vault.vault_folder import Vault, init_vault
from tests.support.failing_disk import Refuse, observed_disk
from tests.support.vaults import LISTED, back_up, sha512, uuid_of


@dataclass
class Heard:
    """What an export said."""

    done: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    vault = init_vault(tmp_path / "vault")
    back_up(vault, vault.shelf("Burgos"), {1: b"one", 2: bytes(200_000)})
    return vault


@pytest.fixture
def heard() -> Heard:
    return Heard()


def exported(vault: Vault, folder: Path, heard: Heard) -> bool:
    shelves = [vault.shelf(name) for name in vault.shelf_names()]
    return export(
        shelves,
        folder,
        ExportListeners(
            heard.totals.append, lambda count: None, lambda image: heard.done.append(image.file), heard.failures.append
        ),
    )


def test_each_image_is_a_file_with_its_document_beside_it(vault: Vault, tmp_path: Path, heard: Heard) -> None:
    out = tmp_path / "new" / "out"
    assert exported(vault, out, heard)
    assert heard.done == ["image1.image", "image2.image"]
    assert heard.totals == [200_003]
    assert sorted(path.name for path in out.iterdir()) == [
        *("image1.image", "image1.image.json", "image2.image", "image2.image.json")
    ]
    assert (out / "image1.image").read_bytes() == b"one"
    assert (out / "image2.image").stat().st_blocks * 512 < 200_000
    assert json.loads((out / "image1.image.json").read_bytes())["image"]["id"] == uuid_of(1)
    assert stat.S_IMODE((out / "image1.image").stat().st_mode) == 0o600


def test_namesakes_get_their_uuid(vault: Vault, tmp_path: Path, heard: Heard) -> None:
    back_up(vault, vault.shelf("Spain"), {3: b"three"})
    path = vault.shelf("Spain").paths.run(LISTED)
    path.write_bytes(path.read_bytes().replace(b"image3", b"image1"))
    assert exported(vault, tmp_path / "out", heard)
    assert heard.done == [f"image1-{uuid_of(1)}.image", "image2.image", f"image1-{uuid_of(3)}.image"]


def test_images_of_one_uuid_get_their_shelf_as_well(vault: Vault, tmp_path: Path, heard: Heard) -> None:
    long = "x" * 200
    for name in ("a/b", long):
        back_up(vault, vault.shelf(name), {1: b"else"})
    assert exported(vault, tmp_path / "out", heard)
    names = [f"image1-{uuid_of(1)}-{shelf}.image" for shelf in ("Burgos", "a%2Fb", long[:100])]
    assert sorted(heard.done) == sorted([*names, "image2.image"])
    assert [(tmp_path / "out" / name).read_bytes() for name in names] == [b"one", b"else", b"else"]


def test_what_cannot_be_read_is_left_out_and_the_rest_is_written(vault: Vault, tmp_path: Path, heard: Heard) -> None:
    vault.shelf("Burgos").paths.record(uuid_of(1), 1).write_text("{")
    back_up(vault, vault.shelf("Spain"), {3: b"three"})
    vault.shelf("Spain").paths.run(LISTED).write_text("{")
    assert not exported(vault, tmp_path / "out", heard)
    assert heard.done == ["image2.image"]
    of_image, of_run = heard.failures
    assert of_image.startswith("shelf Burgos: image image1 is not written: ")
    assert of_run.startswith(f"{vault.shelf('Spain').paths.run(LISTED)} cannot be read: ")


@pytest.mark.parametrize("inside", ["", "content", "shelves/Burgos/new"])
def test_nothing_is_written_into_a_vault(vault: Vault, tmp_path: Path, heard: Heard, inside: str) -> None:
    before = sorted(vault.folder.rglob("*"))
    (tmp_path / "link").symlink_to(vault.folder)
    with pytest.raises(UsageError, match=r"link.* is in the vault .*; name a folder outside of it"):
        exported(vault, tmp_path / "link" / inside, heard)
    assert sorted(vault.folder.rglob("*")) == before


def test_no_file_is_overwritten(vault: Vault, tmp_path: Path, heard: Heard) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "image1.image").symlink_to("nowhere")
    (out / "image2.image.json").write_text("mine")
    assert not exported(vault, out, heard)
    assert len(heard.failures) == 2
    assert sorted(path.name for path in out.iterdir()) == ["image1.image", "image2.image.json"]
    assert (out / "image2.image.json").read_text() == "mine"


def test_damaged_content_is_not_written_and_the_others_are(vault: Vault, tmp_path: Path, heard: Heard) -> None:
    vault.paths.content_file(sha512(b"one")).write_bytes(b"onf")
    assert not exported(vault, tmp_path / "out", heard)
    assert heard.done == ["image2.image"]
    assert "image image1 is not written: the sha512 of the bytes" in heard.failures[0]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["image2.image", "image2.image.json"]


def test_a_file_system_without_hard_links_will_do(vault: Vault, tmp_path: Path, heard: Heard) -> None:
    with observed_disk(Refuse(errno.EPERM, name="link")):
        assert exported(vault, tmp_path / "out", heard)
    assert (tmp_path / "out" / "image1.image").read_bytes() == b"one"


def test_a_folder_that_cannot_be_made_is_named(vault: Vault, tmp_path: Path, heard: Heard) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be made: Not a directory"):
        exported(vault, tmp_path / "file" / "out", heard)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("ubuntu 24.04 ñ", "ubuntu 24.04 ñ"),
        ("a/b", "a%2Fb"),
        ("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd"),
        (".hidden", "%2Ehidden"),
        ("new\nline\0", "new%0Aline%00"),
    ],
)
def test_what_no_file_name_can_have_is_encoded(name: str, stem: str) -> None:
    assert stem_of(name) == stem
    assert stem_of(name, "u") == f"{stem}-u"


@pytest.mark.parametrize("name", ["x" * 300, "ñ" * 300, "\U0001f600" * 300])
def test_long_names_are_cut(name: str, tmp_path: Path) -> None:
    stem = stem_of(name, uuid_of(1))
    assert stem.endswith(uuid_of(1))
    for end in (".qcow2.json", ".abcdefghijklmnopqrst.json"):
        path = tmp_path / f"{stem}{end}"
        path.touch()
        assert len(os.fsencode(path.name)) <= 255


def test_two_exports_into_one_folder_write_each_file_whole_and_remove_nothing(
    vault: Vault, tmp_path: Path, heard: Heard
) -> None:
    out, again, other = tmp_path / "out", iter([True]), Heard()
    out.mkdir()
    (out / ".image1.image.part").write_text("mine")

    def export_as_well(count: int) -> None:
        if next(again, False):
            assert exported(vault, out, other)

    listeners = ExportListeners(heard.totals.append, export_as_well, lambda image: None, heard.failures.append)
    assert not export([vault.shelf("Burgos")], out, listeners)
    assert other.done == ["image1.image", "image2.image"]
    assert [failure.rpartition(": ")[2] for failure in heard.failures] == [
        f"{out / 'image1.image'} is there already",
        f"{out / 'image2.image.json'} is there already",
    ]
    assert (out / "image1.image").read_bytes() == b"one"
    assert (out / "image2.image").read_bytes() == bytes(200_000)
    assert {path.name for path in out.iterdir() if path.name.startswith(".")} == {".image1.image.part"}
    assert (out / ".image1.image.part").read_text() == "mine"


def test_a_document_that_appears_meanwhile_fails_its_image_alone(
    vault: Vault, tmp_path: Path, heard: Heard
) -> None:
    def write_document(count: int) -> None:
        (tmp_path / "image1.image.json").write_text("mine")

    listeners = ExportListeners(heard.totals.append, write_document, lambda image: None, heard.failures.append)
    assert not export([vault.shelf("Burgos")], tmp_path, listeners)
    assert heard.failures == [
        f"shelf Burgos: image image1 is not written: {tmp_path / 'image1.image.json'} is there already"
    ]
    assert (tmp_path / "image2.image").exists()
