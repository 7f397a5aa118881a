"""``qemu-img`` looks at images of strangers, within limits (vault 2.3)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.images.vault import image_structure
from fiwareglancesync.images.vault.image_structure import QEMU_FORMATS, find_qemu_img, structure_fault

SOUND: dict[str, Any] = {"format": "qcow2", "virtual-size": 1}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image"
    path.write_bytes(b"QFI\xfb")
    return path


def stand_in(folder: Path, info: object, *, check: int = 0, complaint: str = "", more: str = "") -> str:
    """A program with the answers of ``qemu-img``; writes down how it was called."""
    path = folder / "qemu-img"
    path.write_text(f"""#!{sys.executable}
import json, sys
with open({str(folder / "calls")!r}, "a") as file:
    print(json.dumps(sys.argv[1:]), file=file)
{more}
if sys.argv[1] == "info":
    print({info if isinstance(info, str) else json.dumps(info)!r})
else:
    print({complaint!r}, file=sys.stderr)
    sys.exit({check})
""")
    path.chmod(0o755)
    return str(path)


def calls(folder: Path) -> list[list[str]]:
    return [json.loads(line) for line in (folder / "calls").read_text().splitlines()]


def test_a_sound_image_has_no_fault(tmp_path: Path, image: Path) -> None:
    assert structure_fault(stand_in(tmp_path, SOUND), image, "qcow2") is None
    assert calls(tmp_path) == [
        ["info", "--output=json", "-f", "qcow2", str(image)],
        ["check", "-f", "qcow2", str(image)],
    ]


@pytest.mark.parametrize("disk_format", ["raw", "iso", "ami", "aki", "ari", "", "json:{}"])
def test_what_has_no_structure_is_not_looked_at(tmp_path: Path, image: Path, disk_format: str) -> None:
    assert structure_fault(stand_in(tmp_path, SOUND), image, disk_format) is None
    assert not (tmp_path / "calls").exists()


@pytest.mark.parametrize(
    ("info", "named"),
    [
        ({"backing-filename": "/etc/passwd"}, "the backing file /etc/passwd"),
        ({"full-backing-filename": "nbd://host"}, "the backing file nbd://host"),
        ({"format-specific": {"data": {"data-file": "/dev/sda"}}}, "the data file /dev/sda"),
        ({"format-specific": {"data": {"extents": [{"filename": "/etc/shadow"}]}}}, "the extent /etc/shadow"),
    ],
)
def test_an_image_that_names_other_files_is_found_and_not_checked(
    tmp_path: Path, image: Path, info: dict[str, Any], named: str
) -> None:
    fault = structure_fault(stand_in(tmp_path, {**SOUND, **info}), image, "vmdk")
    assert fault == f"it needs other files: {named}"
    assert [call[0] for call in calls(tmp_path)] == ["info"]


def test_an_extent_that_is_the_image_itself_is_fine(tmp_path: Path, image: Path) -> None:
    info = {**SOUND, "format-specific": {"data": {"extents": [{"filename": str(image)}]}}}
    assert structure_fault(stand_in(tmp_path, info), image, "vmdk") is None


@pytest.mark.parametrize(("code", "is_fault"), [(0, False), (1, True), (2, True), (3, False), (63, False)])
def test_what_the_check_says_counts(tmp_path: Path, image: Path, code: int, *, is_fault: bool) -> None:
    fault = structure_fault(stand_in(tmp_path, SOUND, check=code, complaint="ERROR cluster 5"), image, "qcow2")
    assert fault == ("qemu-img check: ERROR cluster 5" if is_fault else None)


@pytest.mark.parametrize("answer", ["no JSON", "[]", '{"format-specific": 3}', '{"format-specific": {"data": []}}'])
def test_an_answer_that_cannot_be_read_is_a_fault(tmp_path: Path, image: Path, answer: str) -> None:
    fault = structure_fault(stand_in(tmp_path, f"{answer!r}"), image, "qcow2")
    assert fault is not None
    assert fault.startswith("the answer of qemu-img info cannot be read")


@pytest.mark.parametrize("more", ["bytes(2**33)", "while True: pass"], ids=["memory", "time"])
def test_a_program_that_takes_too_much_is_ended(
    tmp_path: Path, image: Path, more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_structure, "INFO_SECONDS", 1)
    fault = structure_fault(stand_in(tmp_path, SOUND, more=more), image, "qcow2")
    assert fault is not None
    assert fault.startswith("it is no qcow2 image that qemu-img can read: ")


def test_each_format_of_glance_with_a_structure_has_one_of_qemu() -> None:
    assert set(QEMU_FORMATS) == {"qcow2", "vmdk", "vdi", "vhd", "vhdx", "ploop"}


def test_the_program_is_looked_up_in_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = stand_in(tmp_path, SOUND)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_qemu_img() == program
