"""A chain is read from headers, and never leads out of the storage domain (vms 2.5)."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.vms.backup_journal import JournalDisk
from fiwareglancesync.vms.layers.layer_chain import Layer, layer_below, read_chain
from fiwareglancesync.vms.vm_errors import ChainUnreadable
from tests.support.layer_files import image_header, layer_file, meta_text, snapshotted
from tests.support.vm_builders import DOMAIN, id_of

IMAGE, TEMPLATE = id_of(1, 2), id_of(9, 2)
BASE, FROZEN, OVERLAY = id_of(1, 5), id_of(1, 3), id_of(1, 4)
DISK = JournalDisk(IMAGE, DOMAIN, FROZEN, OVERLAY)
MOUNT = PurePosixPath("/engine/volume")


def chain(mount: Path, *engine_mounts: PurePosixPath) -> list[tuple[str, str, str]]:
    return [(layer.image, layer.id, layer.format) for layer in read_chain(mount, DISK, engine_mounts)]


def test_the_layers_below_the_overlay_are_found_in_their_order(tmp_path: Path) -> None:
    snapshotted(tmp_path)
    assert chain(tmp_path) == [(IMAGE, FROZEN, "qcow2"), (IMAGE, BASE, "raw")]


def test_a_layer_of_a_template_is_found_in_its_folder(tmp_path: Path) -> None:
    snapshotted(tmp_path)
    layer_file(tmp_path, TEMPLATE, BASE, b"template")
    layer_file(tmp_path, IMAGE, FROZEN, image_header(f"../{TEMPLATE}/{BASE}", "raw"))
    assert chain(tmp_path) == [(IMAGE, FROZEN, "qcow2"), (TEMPLATE, BASE, "raw")]


def test_an_absolute_name_is_taken_where_the_engine_has_the_volume_alone(tmp_path: Path) -> None:
    snapshotted(tmp_path)
    layer_file(tmp_path, IMAGE, OVERLAY, image_header(f"{MOUNT}/{DOMAIN}/images/{IMAGE}/{FROZEN}", "qcow2"))
    assert chain(tmp_path, MOUNT) == [(IMAGE, FROZEN, "qcow2"), (IMAGE, BASE, "raw")]
    assert chain(tmp_path, PurePosixPath("/other"), MOUNT) == chain(tmp_path, MOUNT)
    for elsewhere in ((), (PurePosixPath("/engine"),)):
        with pytest.raises(ChainUnreadable, match="not in its storage domain"):
            chain(tmp_path, *elsewhere)


def test_a_format_that_the_header_does_not_state_is_that_of_the_metadata(tmp_path: Path) -> None:
    snapshotted(tmp_path)
    layer_file(tmp_path, IMAGE, FROZEN, image_header(BASE))
    # What a guest writes to a raw disk looks like an image, and must not be taken for one.
    layer_file(tmp_path, IMAGE, BASE, image_header("../../etc/shadow", "raw"), meta=meta_text(format="RAW"))
    assert chain(tmp_path) == [(IMAGE, FROZEN, "qcow2"), (IMAGE, BASE, "raw")]
    layer_file(tmp_path, IMAGE, BASE, b"", meta="VOLTYPE=LEAF\n")
    with pytest.raises(ChainUnreadable, match="states the format"):
        chain(tmp_path)


def test_a_raw_layer_ends_the_chain_whatever_the_guest_wrote_to_it(tmp_path: Path) -> None:
    snapshotted(tmp_path, content=image_header("/etc/shadow", "raw"))
    assert chain(tmp_path)[-1] == (IMAGE, BASE, "raw")


@pytest.mark.parametrize(
    "name",
    [
        "/etc/shadow", "../../../etc/shadow", f"../{BASE}", f"../../images/{IMAGE}/{BASE}", f"{IMAGE}/../{BASE}",
        "..", ".", "json:{}", "nbd://host", "file:" + BASE, BASE + "\n", BASE.upper().replace("0", "A"),
        f"../{IMAGE}/{BASE}/",
        f"/engine/volume/{DOMAIN}/images/{IMAGE}/../{BASE}", "a" * 1023, "caf\udce9",
    ],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    snapshotted(tmp_path)
    layer_file(tmp_path, IMAGE, FROZEN, image_header(name, "raw"))
    with pytest.raises(ChainUnreadable, match="not in its storage domain") as caught:
        chain(tmp_path, MOUNT)
    assert str(caught.value).isprintable()


@given(st.text(max_size=60) | st.lists(st.sampled_from(["..", ".", "", BASE, IMAGE, "x"]), max_size=5).map("/".join))
def test_whatever_a_header_says_two_ids_come_of_it_or_nothing(name: str) -> None:
    layer = Layer(DOMAIN, IMAGE, FROZEN, "qcow2")
    try:
        image, id = layer_below(layer, name, (MOUNT,))
    except ChainUnreadable:
        return
    assert len(image) == len(id) == 36
    assert "/" not in image + id


def test_a_layer_that_lies_on_itself_is_refused(tmp_path: Path) -> None:
    snapshotted(tmp_path)
    layer_file(tmp_path, IMAGE, FROZEN, image_header(BASE, "qcow2"))
    layer_file(tmp_path, IMAGE, BASE, image_header(FROZEN, "qcow2"))
    with pytest.raises(ChainUnreadable, match="lies on itself"):
        chain(tmp_path)


def test_a_format_that_no_engine_makes_is_refused(tmp_path: Path) -> None:
    snapshotted(tmp_path)
    layer_file(tmp_path, IMAGE, FROZEN, image_header(BASE, "vmdk"))
    with pytest.raises(ChainUnreadable, match="has the format 'vmdk'"):
        chain(tmp_path)


def test_an_overlay_on_another_layer_is_refused(tmp_path: Path) -> None:
    snapshotted(tmp_path)
    layer_file(tmp_path, IMAGE, OVERLAY, image_header(BASE, "raw"))
    with pytest.raises(ChainUnreadable, match=f"does not lie on the layer {FROZEN}"):
        chain(tmp_path)
    with pytest.raises(ChainUnreadable, match="no UUID"):
        read_chain(tmp_path, replace(DISK, overlay=""), ())


@pytest.mark.parametrize("what", ["link", "folder", "pipe", "missing"])
def test_a_layer_that_is_no_ordinary_file_is_refused(tmp_path: Path, what: str) -> None:
    snapshotted(tmp_path)
    file = tmp_path / DOMAIN / "images" / IMAGE / FROZEN
    kept = file.rename(tmp_path / "kept")
    make = {"link": lambda: file.symlink_to(kept), "folder": file.mkdir, "pipe": lambda: os.mkfifo(file)}
    make.get(what, lambda: None)()
    with pytest.raises(ChainUnreadable, match=r"cannot be read|no image"):
        chain(tmp_path)


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    snapshotted(tmp_path)
    folder = tmp_path / DOMAIN / "images" / IMAGE
    folder.rename(tmp_path / "kept")
    folder.symlink_to(tmp_path / "kept")
    with pytest.raises(ChainUnreadable, match="cannot be read"):
        chain(tmp_path)
