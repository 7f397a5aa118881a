"""The parts of the development cloud's gluster, without a node."""

from __future__ import annotations

import errno
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from devcloud_lib import processes, topology
from devcloud_lib.errors import CloudError
from devcloud_lib.gluster import (
    counter_program,
    gluster_lifecycle,
    gluster_world,
    guest_seed,
    node_commands,
    node_needs,
)
from devcloud_lib.gluster.gluster_world import MASTER, NODES, GlusterWorld
from devcloud_lib.servers import Health
from workbench import debian


@pytest.fixture
def world(tmp_path: Path) -> GlusterWorld:
    """Nodes that exist on paper only."""
    made = GlusterWorld(gluster_world.place(tmp_path))
    made.folder.mkdir()
    made.save()
    return made


def test_what_is_known_is_read_again(world: GlusterWorld, tmp_path: Path) -> None:
    process = processes.spawn([sys.executable, "-c", "input()"], folder=tmp_path, log=tmp_path / "log", environment={})
    world.processes[MASTER.name] = process
    world.save()
    processes.end([process])
    assert gluster_world.load(tmp_path) == world


def test_it_needs_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(CloudError, match="needs root"):
        gluster_lifecycle.up(tmp_path, print)
    assert not gluster_world.exists(tmp_path)


class TestNeeds:
    @pytest.fixture(autouse=True)
    def able(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """A machine on which the nodes can run."""
        for name in ("_opening_problem", "_namespace_problem"):
            monkeypatch.setattr(node_needs, name, str)
        monkeypatch.setattr(node_needs, "_attribute_problem", lambda folder: "")

    def test_a_machine_that_has_all_has_no_problem(self, tmp_path: Path) -> None:
        assert node_needs.unmet_need(tmp_path) == ""

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("_opening_problem", "it mounts volumes by FUSE, and /dev/fuse cannot be opened: refused"),
            ("_namespace_problem", "its nodes need namespaces for network, mounts and processes, joined by veth, and "
             "these fail: refused"),
            ("_attribute_problem", "its bricks need extended attributes trusted.*, which {folder} refuses: refused"),
        ],
    )  # fmt: skip
    def test_what_is_missing_is_one_line_and_nothing_is_begun(
        self, name: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(node_needs, name, lambda *_: "refused")
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setattr(debian, "provide", lambda *_, **__: [])
        with pytest.raises(CloudError) as caught:
            gluster_lifecycle.up(tmp_path, print)
        assert str(caught.value) == f"gluster cannot run on this machine: {text.format(folder=tmp_path)}"
        assert not gluster_world.exists(tmp_path)


def test_each_need_is_tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted", "unshare")

    for module, name in ((os, "open"), (os, "setxattr"), (subprocess, "run")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, refuse)
            assert "Operation not permitted" in node_needs.unmet_need(tmp_path)
    refusal = subprocess.CompletedProcess[str]([], 1, "", "unshare: unshare failed: Operation not permitted\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: refusal)
    monkeypatch.setattr(node_needs, "_opening_problem", str)
    monkeypatch.setattr(node_needs, "_attribute_problem", lambda folder: "")
    assert node_needs.unmet_need(tmp_path).endswith("these fail: unshare: unshare failed: Operation not permitted")


def test_a_cloud_without_gluster_has_no_nodes(tmp_path: Path) -> None:
    assert gluster_lifecycle.rows(tmp_path) == []
    assert gluster_lifecycle.environment(tmp_path) == {}
    gluster_lifecycle.down(tmp_path)
    gluster_lifecycle.reset(tmp_path, print)
    gluster_lifecycle.stop_named(tmp_path, topology.service_names())
    for refuse in (
        lambda: gluster_lifecycle.stop_named(tmp_path, list(NODES)),
        lambda: gluster_lifecycle.start_named(tmp_path, list(NODES), print),
        lambda: guest_seed.seed_guests(tmp_path, print),
    ):
        with pytest.raises(CloudError, match="up --with gluster"):
            refuse()


def test_nodes_that_are_down_are_shown_and_purged(world: GlusterWorld, tmp_path: Path) -> None:
    assert [(row.name, row.health, row.pid) for row in gluster_lifecycle.rows(tmp_path)] == [
        (name, Health.DOWN, None) for name in NODES
    ]
    with pytest.raises(CloudError, match="gluster-master does not run"):
        node_commands.run(world, MASTER, "true")
    gluster_lifecycle.purge(tmp_path)
    assert not gluster_world.exists(tmp_path)


def test_guests_have_ids_of_their_own_in_the_folders_of_ovirt() -> None:
    ids = [id for guest in guest_seed.GUESTS for id in (guest.id, guest.image, guest.layer)]
    assert len(set(ids)) == len(ids)
    [first, *_] = guest_seed.GUESTS
    assert first.folder == Path(guest_seed.DOMAINS["sharded"], "images", first.image)


class TestCounter:
    def test_the_program_fits_into_a_sector_that_can_be_booted(self) -> None:
        sector = counter_program.boot_sector()
        assert len(sector) == counter_program.SECTOR_BYTES
        assert sector.endswith(b"\x55\xaa")

    def test_the_program_halts_between_two_writes_until_the_timer_has_ticked(self) -> None:
        code = counter_program.boot_sector()
        halt = code.index(b"\xf4\xa1\x6c\x04")  # HLT, and the ticks of the timer
        assert b"\xcd\x15" not in code, "the firmware waits, which keeps the processor busy"
        again, back, first = code.index(b"\x74", halt), code.index(b"\xeb", halt), code.index(b"\xeb")
        # When it is started, it begins with what it may not have written when it was ended.
        assert jump_target(code, first) == code.index(bytes.fromhex("a10080"))
        assert jump_target(code, again) == halt
        assert jump_target(code, back) == code.index(b"\x66\xff\x06\x00\x80")

    def test_the_program_finds_its_routine_and_its_data(self) -> None:
        code = counter_program.boot_sector()
        packet = code.index(bytes.fromhex("1000010000800000"))
        routine = code.index(bytes.fromhex("b80043"))
        calls = [at for at in range(routine) if code[at] == 0xE8 and code[at + 2] == 0]
        assert [at + 3 + code[at + 1] for at in calls] == [routine, routine]
        for opcode, data in [("8816", packet - 1), ("8a16", packet - 1), ("be", packet), ("a3", packet + 8)]:
            assert bytes.fromhex(opcode) + (LOADED_AT + data).to_bytes(2, "little") in code

    @pytest.mark.parametrize("last", [0, 1, 500, 3 * counter_program.TRACE_SECTORS + 7])
    def test_a_disk_with_all_that_was_written_is_whole(self, last: int) -> None:
        assert counter_program.counter(disk(last)) == last
        assert counter_program.is_whole(disk(last))

    def test_the_last_further_sector_may_be_missing_and_no_other(self) -> None:
        assert counter_program.is_whole(disk(500, without=500))
        assert not counter_program.is_whole(disk(500, without=499))
        assert not counter_program.is_whole(disk(500, without=3))


LOADED_AT = 0x7C00
"""Where the firmware puts a boot sector."""


def jump_target(code: bytes, at: int) -> int:
    """Where a short jump leads to.

    :param at: where it is
    """
    return at + 2 + int.from_bytes(code[at + 1 : at + 2], "little", signed=True)


def disk(last: int, without: int = 0) -> bytes:
    """A disk on which the program has counted.

    :param last: up to this
    :param without: what is not on the disk
    """
    content = bytearray(counter_program.READ_BYTES)
    struct.pack_into("<I", content, counter_program.SECTOR_BYTES, last)
    for each in range(max(1, last - counter_program.TRACE_SECTORS + 1), last + 1):
        if each != without:
            sector = counter_program.TRACE_SECTOR + each % counter_program.TRACE_SECTORS
            struct.pack_into("<I", content, sector * counter_program.SECTOR_BYTES, each)
    return bytes(content)
