"""What lies below an image is read from its header (vms 2.5)."""

from __future__ import annotations

import json
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.vms.layers.image_header import HEADER_BYTES, ImageHeader, read_header
from fiwareglancesync.vms.vm_errors import ChainUnreadable
from tests.support.layer_files import image_header
from tests.support.programs import program


@pytest.mark.parametrize("version", [2, 3])
def test_a_header_names_the_layer_below_and_its_format(version: int) -> None:
    assert read_header(image_header("base", "raw", version=version)) == ImageHeader("base", "raw")
    assert read_header(image_header("base", version=version)) == ImageHeader("base", "")
    assert read_header(image_header(version=version)) == ImageHeader("", "")


def test_what_is_no_image_is_refused() -> None:
    for data in (b"", b"QFI", bytes(1024), b"QFI\xfb" + bytes(20), image_header(version=3).replace(b"\3", b"\7", 1)):
        with pytest.raises(ChainUnreadable):
            read_header(data)


def test_an_image_whose_data_are_in_another_file_is_refused() -> None:
    with pytest.raises(ChainUnreadable, match="its data are in another file"):
        read_header(image_header(features=4))


def test_a_name_that_is_not_in_the_header_is_refused() -> None:
    whole = image_header("base", "raw")
    with pytest.raises(ChainUnreadable, match="does not hold the name"):
        read_header(whole[: whole.index(b"base") + 2])


@given(st.binary(max_size=300), st.integers(0, 400))
def test_no_bytes_at_all_do_harm(noise: bytes, at: int) -> None:
    whole = image_header("base", "raw")
    with suppress(ChainUnreadable):
        read_header(whole[:at] + noise + whole[at + len(noise) :])


@pytest.mark.outside
@pytest.mark.parametrize("options", ["compat=0.10", "compat=1.1", "cluster_size=512", "lazy_refcounts=on"])
@pytest.mark.parametrize("base", ["base", "b" * 200, "/absolute/it's \"odd\""])
def test_a_header_that_qemu_img_writes_is_read_as_qemu_img_reads_it(tmp_path: Path, options: str, base: str) -> None:
    overlay = tmp_path / "overlay"
    qemu_img = program("qemu-img")
    for words in (
        ["create", "-q", "-f", "qcow2", "-o", options, str(overlay), "1M"],
        ["rebase", "-q", "-u", "-F", "raw", "-b", base, str(overlay)],
    ):
        subprocess.run([qemu_img, *words], check=True, capture_output=True)
    done = subprocess.run([qemu_img, "info", "--output=json", str(overlay)], check=True, capture_output=True)
    info = json.loads(done.stdout)
    found = read_header(overlay.read_bytes()[:HEADER_BYTES])
    assert found == ImageHeader(info["backing-filename"], info["backing-filename-format"]) == ImageHeader(base, "raw")


@pytest.mark.outside
def test_an_image_of_qemu_img_whose_data_are_elsewhere_is_refused(tmp_path: Path) -> None:
    words = ["create", "-q", "-f", "qcow2", "-o", f"data_file={tmp_path}/data", str(tmp_path / "image"), "1M"]
    subprocess.run([program("qemu-img"), *words], check=True, capture_output=True)
    with pytest.raises(ChainUnreadable, match="its data are in another file"):
        read_header((tmp_path / "image").read_bytes()[:HEADER_BYTES])
