"""Files of a real slave volume: digests through a mount and by ssh are the same, and exact names are removed (vms 2.5).

The mount has the client number that may write although geo-replication has made the volume read-only.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from devcloud_lib.gluster import node_commands
from devcloud_lib.gluster.gluster_world import MASTER, SLAVE, GlusterWorld

from fiwareglancesync.vms.replication.gluster_replication import GlusterReplication
from fiwareglancesync.vms.slave_address import SlaveAddress
from tests.support.vm_builders import id_of
from tests.support.vm_nodes import running_gluster

pytestmark = [pytest.mark.integration, pytest.mark.gluster, pytest.mark.slow]

SHARD = 4 * 2**20
NAMES = ["it's \"odd\" $(touch x) <b>", "large"]
SLAVES = {"plain": "plain-copy", "sharded": "sharded-copy"}


@pytest.fixture(scope="module")
def world(root: Path) -> GlusterWorld:
    """The gluster of the development cloud."""
    return running_gluster(root)


@pytest.fixture(params=SLAVES)
def slave(request: pytest.FixtureRequest, world: GlusterWorld) -> Iterator[tuple[SlaveAddress, Path]]:
    """A slave volume, and where the master's node has it mounted."""
    address = SlaveAddress(SLAVE.host, SLAVES[request.param])
    replication = GlusterReplication(request.param, address, (str(world.script), MASTER.short))
    folder = world.home(MASTER) / "slave-files"
    folder.mkdir(exist_ok=True)
    replication.mount_slave(str(folder))
    yield address, folder
    node_commands.run(world, MASTER, "find", folder, "-name", id_of(77, 2), "-exec", "rm", "-r", "{}", "+")
    replication.unmount(str(folder))


def trial(world: GlusterWorld, *words: object, root: Path) -> Any:
    """Run the program in the master's node."""
    script = root / "tests" / "support" / "slave_volume_trial.py"
    return json.loads(node_commands.run(world, MASTER, sys.executable, script, *words))


@pytest.mark.parametrize("volume", SLAVES)
def test_digests_by_ssh_are_those_of_a_mount_whatever_the_names_are(
    world: GlusterWorld, volume: str, root: Path, tmp_path: Path
) -> None:
    # Of the master volume, which may be written: its large file has several shards.
    large = tmp_path / "large"
    large.write_bytes(os.urandom(SHARD + SHARD // 2))
    folder = world.mount(MASTER, volume)
    try:
        node_commands.run(world, MASTER, "cp", "--no-preserve=all", "/etc/hosts", folder / NAMES[0])
        node_commands.run(world, MASTER, "cp", "--no-preserve=all", large, folder / NAMES[1])
        words = ("digests", folder, MASTER.host, volume, *NAMES, "missing")
        mounted, by_ssh = trial(world, *words, root=root)
    finally:
        node_commands.run(world, MASTER, "rm", "-f", *(folder / name for name in NAMES))
    assert mounted == by_ssh
    assert [each["problem"] for each in mounted[:3]] == ["", "", "it is not there"]
    assert mounted[1]["size"] == large.stat().st_size > SHARD
    assert not node_commands.succeeds(world, SLAVE, "grep", "-q", "glancesync-vms-", "/proc/mounts")


def test_the_overlays_are_removed_by_their_exact_names(
    world: GlusterWorld, slave: tuple[SlaveAddress, Path], root: Path
) -> None:
    removed, stay, again = trial(world, "strip", slave[1], root=root)
    assert removed == [id_of(77, 4), f"{id_of(77, 4)}.lease", f"{id_of(77, 4)}.meta"]
    assert stay == [id_of(77, 3), f"{id_of(77, 3)}.meta", id_of(77, 5), f"{id_of(77, 5)}.meta"]
    assert again == []
