"""A snapshot that cannot be merged, and whose overlay was removed from a real slave: later runs are whole (vms 2.7)."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from devcloud_lib.gluster import node_commands
from devcloud_lib.gluster.gluster_world import MASTER, SLAVE, Node
from devcloud_lib.gluster.guest_seed import Guest, seed_guests, virsh

from fiwareglancesync.vms.backup_journal import SlaveState
from tests.support.cloud import running_cloud
from tests.support.vm_demands import demand_backup, demand_merged, overlays
from tests.support.vm_nodes import VmNodes, running_gluster

pytestmark = [pytest.mark.integration, pytest.mark.gluster, pytest.mark.slow]

DISK = "/machine/peripheral/virtio-disk0/virtio-backend"
MORE = "write -q -P 7 32M 12M"
"""What a guest writes besides: as much as several shards hold, behind what the counting program uses."""


@pytest.fixture
def nodes(root: Path, tmp_path: Path) -> Iterator[VmNodes]:
    """The two nodes of the development cloud, on which all guests run at the end."""
    made = VmNodes(running_gluster(root), tmp_path)
    yield made
    seed_guests(running_cloud(root).parent, print)
    made.call("recover")


def digests(nodes: VmNodes, node: Node, mount: Path, guest: Guest) -> dict[str, str]:
    """The digests of the files of a guest's disk, by name."""
    listed = node_commands.run(nodes.world, node, "sh", "-c", f"cd {mount / guest.folder} && sha256sum -- *")
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in listed.splitlines())}


@pytest.mark.parametrize("volume", ["sharded", "plain"])
def test_what_was_removed_and_is_needed_again_is_sent_again(nodes: VmNodes, volume: str) -> None:
    nodes.volume, nodes.slave = volume, f"{volume}-copy"
    guest, *_ = nodes.guests
    code, printed = nodes.back_up(point=f"before strip {len(nodes.guests)}")
    assert code == -signal.SIGKILL, printed
    virsh(nodes.world, "qemu-monitor-command", guest.name, "--hmp", f'qemu-io -d {DISK} "{MORE}"')
    code, printed = nodes.call("recover", point="before merge")
    assert code == -signal.SIGKILL, printed
    assert not nodes.names_on_slave(guest) & overlays(nodes)
    virsh(nodes.world, "destroy", guest.name)

    code, printed = nodes.back_up()
    assert f"{guest.name} is switched off; start it, so that its snapshot can be merged" in printed
    assert code == 0, printed
    master, slave = (
        digests(nodes, node, nodes.world.mount(node, name), guest)
        for node, name in ((MASTER, nodes.volume), (SLAVE, nodes.slave))
    )
    assert overlays(nodes) & master.keys(), "there is no overlay to send"
    assert slave == master

    virsh(nodes.world, "start", guest.name)
    code, printed, held = nodes.back_up_watched()
    assert code == 0, printed
    demand_merged(nodes)
    demand_backup(nodes, held)
    assert nodes.journals()[-1].slave_state is SlaveState.CONSISTENT
