"""The real ``qemu-img`` looks at images, sound ones and others (vault 2.3)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from fiwareglancesync.images.vault.image_structure import structure_fault
from tests.support.programs import program

pytestmark = pytest.mark.outside

QEMU_NAMES = {"vhd": "vpc", "ploop": "parallels"}


@pytest.fixture
def qemu_img() -> str:
    return program("qemu-img")


def made(qemu_img: str, folder: Path, disk_format: str, *options: str) -> Path:
    path = folder / "image"
    words = [qemu_img, "create", "-q", "-f", QEMU_NAMES.get(disk_format, disk_format), *options, str(path), "10M"]
    subprocess.run(words, check=True, cwd=folder)
    return path


@pytest.mark.parametrize("disk_format", ["qcow2", "vmdk", "vdi", "vhd", "vhdx", "ploop"])
def test_sound_images_have_no_fault(qemu_img: str, tmp_path: Path, disk_format: str) -> None:
    assert structure_fault(qemu_img, made(qemu_img, tmp_path, disk_format), disk_format) is None


@pytest.mark.parametrize(
    ("disk_format", "options", "named"),
    [
        ("qcow2", ["-b", "/etc/hostname", "-F", "raw"], "the backing file /etc/hostname"),
        ("qcow2", ["-o", "data_file=other"], "the data file other"),
        ("vmdk", ["-o", "subformat=monolithicFlat"], "image-flat"),
    ],
)
def test_images_that_name_other_files_are_found(
    qemu_img: str, tmp_path: Path, disk_format: str, options: list[str], named: str
) -> None:
    fault = structure_fault(qemu_img, made(qemu_img, tmp_path, disk_format, *options), disk_format)
    assert fault is not None
    assert "it needs other files: " in fault
    assert named in fault


def test_an_image_with_a_wrong_table_is_found(qemu_img: str, tmp_path: Path) -> None:
    path = made(qemu_img, tmp_path, "qcow2")
    with path.open("r+b") as file:
        file.seek(40)
        table = int.from_bytes(file.read(8), "big")
        file.seek(table)
        file.write(b"\xff" * 4)
    fault = structure_fault(qemu_img, path, "qcow2")
    assert fault is not None
    assert fault.startswith("qemu-img check: ERROR")


def test_an_image_that_is_cut_off_is_found(qemu_img: str, tmp_path: Path) -> None:
    path = made(qemu_img, tmp_path, "qcow2")
    path.write_bytes(path.read_bytes()[:100])
    fault = structure_fault(qemu_img, path, "qcow2")
    assert fault is not None
    assert fault.startswith("it is no qcow2 image that qemu-img can read")
