"""Disks are restored from a real slave volume by the commands of the handbook, exactly as they are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from devcloud_lib.errors import CloudError
from devcloud_lib.gluster import counter_program, node_commands
from devcloud_lib.gluster.gluster_world import MASTER, SLAVE
from devcloud_lib.gluster.guest_seed import DOMAINS, Guest, disk_file, virsh

from tests.support.pages import DOCS, Block, blocks
from tests.support.vm_nodes import VmNodes, running_gluster

pytestmark = [pytest.mark.integration, pytest.mark.gluster, pytest.mark.slow]

UPPER = "3c000000-0000-4000-8000-00000000000a"
"""A second layer that one guest has, above its first one."""

SNAPSHOT = """\
<domainsnapshot><disks><disk name='vda' snapshot='external'><source file='{file}'/></disk></disks></domainsnapshot>
"""


def commands() -> tuple[Block, Block]:
    """The blocks of the handbook: for a disk as it is, and for one whose backing file is not found."""
    plain, rebased = [block for block in blocks([DOCS / "vms.rst"]) if block.where == "slave"]
    return plain, rebased


class Restorer:
    """Somebody at the slave's site with the handbook.

    :param folder: empty, in the place of those that the handbook names
    """

    def __init__(self, nodes: VmNodes, folder: Path) -> None:
        self.nodes = nodes
        self.mount = folder / "copy"
        self.restored = folder / "restored"
        for each in (self.mount, self.restored):
            each.mkdir()

    @property
    def disk(self) -> Path:
        """The new disk."""
        return self.restored / "web.qcow2"

    def follow(self, block: Block, guest: Guest, layers: Mapping[str, str], *, mounts: bool) -> str:
        """Do what a block of the handbook says, in one shell; what the last command but one printed, and all after it.

        :param layers: names of files, by what the handbook calls them
        :param mounts: whether the volume is not mounted yet
        :raises CloudError: a command failed
        """
        names = {
            "/mnt/copy": str(self.mount), "/srv/restored": str(self.restored), "data-copy": self.nodes.slave,
            "DOMAIN": DOMAINS[guest.volume], "DISK": guest.image, **layers,
        }  # fmt: skip
        lines = [command for command, _ in block.steps if mounts or not command.startswith("mount ")]
        text = "\n".join(lines)
        for word, name in names.items():
            text = text.replace(word, name)
        folder = self.mount / guest.folder if not mounts else self.mount
        return node_commands.run(self.nodes.world, SLAVE, "sh", "-ec", f"cd {folder}\n{text}")

    def unmount(self) -> None:
        node_commands.attempt(self.nodes.world, SLAVE, "umount", self.mount)


@pytest.fixture
def nodes(root: Path, tmp_path: Path) -> VmNodes:
    """The two nodes of the development cloud."""
    return VmNodes(running_gluster(root), tmp_path)


@pytest.fixture
def layered(nodes: VmNodes) -> Iterator[Guest]:
    """A guest with a disk of two layers, of which libvirt names the lower one by its whole path."""
    [guest, *_] = nodes.guests
    base = disk_file(nodes.world, guest)
    wanted = nodes.folder / "snapshot.xml"
    wanted.write_text(SNAPSHOT.format(file=base.with_name(UPPER)))
    virsh(nodes.world, "snapshot-create", guest.name, wanted, "--disk-only", "--atomic", "--no-metadata")
    assert nodes.counts(guest)
    yield guest
    virsh(nodes.world, "blockcommit", guest.name, "vda", "--active", "--pivot", "--wait", "--delete")


@pytest.fixture
def restorer(nodes: VmNodes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restorer]:
    """Somebody who restores."""
    made = Restorer(nodes, tmp_path_factory.mktemp("site"))
    yield made
    made.unmount()


def test_each_disk_is_restored_and_boots(nodes: VmNodes, restorer: Restorer) -> None:
    code, printed, held = nodes.back_up_watched()
    assert code == 0, printed
    plain, _ = commands()
    for number, guest in enumerate(nodes.guests):
        printed = restorer.follow(plain, guest, {"LAYER": guest.layer}, mounts=not number)
        assert "file format: qcow2" in printed
        assert nodes.content(SLAVE, restorer.disk) == held[guest.name]
        assert nodes.boots(restorer.disk)


def test_a_disk_of_two_layers_is_restored_too(nodes: VmNodes, layered: Guest, restorer: Restorer) -> None:
    process = nodes.start(*nodes.backup_words())
    assert process.stdout is not None
    held = b""
    for line in process.stdout:
        if "Replication begins" in line:
            held = nodes.content(MASTER, disk_file(nodes.world, layered).with_name(UPPER))
    assert process.wait() == 0
    plain, rebased = commands()
    layers = {"LAYER": UPPER, "BASE": layered.layer}
    with pytest.raises(CloudError) as caught:
        restorer.follow(plain, layered, layers, mounts=True)
    assert "Could not open" in caught.value.details
    restorer.follow(rebased, layered, layers, mounts=False)
    found = nodes.content(SLAVE, restorer.disk)
    assert found == held
    assert counter_program.is_whole(found)
    assert nodes.boots(restorer.disk)
    there = nodes.world.mount(MASTER, nodes.volume)
    node_commands.run(nodes.world, SLAVE, "mount", "--bind", restorer.mount, there)
    try:
        restorer.follow(plain, layered, layers, mounts=False)
        assert nodes.content(SLAVE, restorer.disk) == held
    finally:
        node_commands.run(nodes.world, SLAVE, "umount", there)
