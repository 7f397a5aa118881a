"""What the slave gets back is kept before the snapshots (vms 2.2)."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import NotWritten
from fiwareglancesync.vms.engines.machines_port import StoreLayer
from fiwareglancesync.vms.layers.domain_files import keep_files, kept_content, read_meta
from fiwareglancesync.vms.vm_errors import DomainFileRefused
from tests.support.layer_files import layer_file, meta_text
from tests.support.vm_builders import DOMAIN, id_of

DISK, LAYER = id_of(1, 2), id_of(1, 3)


def test_the_metadata_of_a_layer_are_read(tmp_path: Path) -> None:
    file = layer_file(tmp_path, DISK, LAYER, b"", meta=meta_text())
    assert read_meta(tmp_path, DOMAIN, DISK, LAYER) == meta_text()
    file.with_name(f"{LAYER}.meta").unlink()
    assert read_meta(tmp_path, DOMAIN, DISK, LAYER) == ""


@pytest.mark.parametrize("what", ["link", "large", "bytes"])
def test_metadata_that_are_none_are_refused(tmp_path: Path, what: str) -> None:
    file = layer_file(tmp_path, DISK, LAYER, b"").with_name(f"{LAYER}.meta")
    if what == "link":
        file.symlink_to("/etc/hosts")
    else:
        file.write_bytes(b"\xff" if what == "bytes" else b"x" * 70_000)
    with pytest.raises(DomainFileRefused):
        read_meta(tmp_path, DOMAIN, DISK, LAYER)


@pytest.mark.parametrize("id", ["", "..", "a/b", LAYER.upper().replace("0", "A")])
def test_an_id_that_is_none_is_refused(tmp_path: Path, id: str) -> None:
    for ids in ((id, DISK, LAYER), (DOMAIN, id, LAYER), (DOMAIN, DISK, id)):
        with pytest.raises(DomainFileRefused, match="no id of the engine's"):
            read_meta(tmp_path, *ids)


def test_the_files_of_the_engine_are_kept_where_nobody_else_reads_them(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "run"
    layer_file(tmp_path, DISK, LAYER, b"tar" + bytes(2**20), meta=meta_text())
    data, meta = keep_files(tmp_path, folder, DOMAIN, [StoreLayer(DISK, LAYER)])
    assert (data.name, data.size, meta.name) == (LAYER, 2**20 + 3, f"{LAYER}.meta")
    assert [kept_content(folder, each) for each in (data, meta)] == [b"tar", meta_text().encode()]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()} == {0o600}


def test_what_cannot_be_kept_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DomainFileRefused, match="is not there"):
        keep_files(tmp_path, tmp_path / "state", DOMAIN, [StoreLayer(DISK, LAYER)])
    layer_file(tmp_path, DISK, LAYER, b"", meta=meta_text())
    (tmp_path / "file").touch()
    with pytest.raises(NotWritten):
        keep_files(tmp_path, tmp_path / "file", DOMAIN, [StoreLayer(DISK, LAYER)])
