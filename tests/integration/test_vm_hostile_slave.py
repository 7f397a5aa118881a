"""A hostile slave volume on real gluster loses nothing but the overlays of the run, by their exact names (vms 2.6)."""

from __future__ import annotations

import hashlib
import os
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from devcloud_lib.gluster import node_commands
from devcloud_lib.gluster.gluster_world import MASTER, SLAVE
from devcloud_lib.gluster.guest_seed import DOMAINS, Guest

from fiwareglancesync.vms.planning.overlay_names import ENDINGS
from fiwareglancesync.vms.planning.vm_result import Result
from fiwareglancesync.vms.replication.gluster_replication import GlusterReplication
from fiwareglancesync.vms.slave_address import SlaveAddress
from tests.support.vm_builders import id_of
from tests.support.vm_demands import demand_backup, demand_merged
from tests.support.vm_nodes import VmNodes, running_gluster

pytestmark = [pytest.mark.integration, pytest.mark.gluster, pytest.mark.slow]

FOREIGN_IMAGE, FOREIGN_DOMAIN = id_of(91, 2), id_of(92)
OWN_OF_GLUSTER = (".glusterfs", ".shard", ".trashcan")
ODD = "a\n\"'<b> $(touch x)"


class Slave:
    """A slave volume, mounted on the master such that it can be written.

    :param folder: where it is mounted
    """

    def __init__(self, nodes: VmNodes, folder: Path) -> None:
        self.nodes = nodes
        self.folder = folder
        self.brick = nodes.world.brick(SLAVE, nodes.slave)
        self._planted: list[Path] = []

    def listing(self) -> dict[str, str]:
        """Everything that lies on the volume, with its content."""
        found = {}
        for path in sorted(self.brick.rglob("*")):
            relative = path.relative_to(self.brick)
            if relative.parts[0] in OWN_OF_GLUSTER:
                continue
            if path.is_symlink():
                found[str(relative)] = f"-> {os.readlink(path)}"
            elif path.is_dir():
                found[str(relative)] = "folder"
            else:
                found[str(relative)] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found

    def plant(self, path: Path, text: str) -> None:
        """Write a file, with the folder that it is in."""
        self._planted.append(path)
        self._run(f"mkdir -p {self._at(path.parent)}; printf %s {shlex.quote(text)} > {self._at(path)}")

    def link(self, path: Path, target: str) -> None:
        """Put a symbolic link into a place."""
        self._planted.append(path)
        self._run(f"rm -rf {self._at(path)}; ln -s {shlex.quote(target)} {self._at(path)}")

    def clean(self) -> None:
        """Remove what was planted."""
        for path in self._planted:
            self._run(f"rm -rf {self._at(path)}")
        for name in (Path(FOREIGN_DOMAIN), Path(DOMAINS[self.nodes.volume], "images", FOREIGN_IMAGE)):
            self._run(f"rm -rf {self._at(name)}")

    def _at(self, path: Path) -> str:
        return shlex.quote(str(self.folder / path))

    def _run(self, text: str) -> None:
        node_commands.run(self.nodes.world, MASTER, "sh", "-ec", text)


@pytest.fixture
def nodes(root: Path, tmp_path: Path) -> VmNodes:
    """The two nodes of the development cloud, with three guests."""
    return VmNodes(running_gluster(root), tmp_path)


@pytest.fixture
def slave(nodes: VmNodes) -> Iterator[Slave]:
    """The slave volume of the backups, clean again afterwards."""
    replication = GlusterReplication(
        nodes.volume, SlaveAddress(SLAVE.host, nodes.slave), (str(nodes.world.script), MASTER.short)
    )
    folder = nodes.world.home(MASTER) / "hostile"
    folder.mkdir(exist_ok=True)
    replication.mount_slave(str(folder))
    made = Slave(nodes, folder)
    yield made
    made.clean()
    replication.unmount(str(folder))


def overlay_of(nodes: VmNodes, guest: Guest) -> str:
    """The id of the overlay that the last run has made for a guest."""
    [found] = [each for each in nodes.journals()[-1].machines if each.id == guest.id]
    return found.disks[0].overlay


def plant_neighbours(slave: Slave, guest: Guest, overlay: str) -> None:
    """Files that are nearly an overlay's, beside it and in other folders, and links to it and to elsewhere."""
    for name in (
        overlay[:-1], f"{overlay}0", f"{overlay}.old", f"{overlay}.meta.glancesync", f"{overlay} ", overlay.upper(), ODD
    ):  # fmt: skip
        slave.plant(guest.folder / name, f"not ours: {name}")
    slave.link(guest.folder / "link-to-overlay", overlay)
    slave.link(guest.folder / "link-to-nothing", f"{overlay}.nothing")
    foreign = Path(DOMAINS[guest.volume], "images", FOREIGN_IMAGE)
    slave.link(foreign.with_name(id_of(93, 2)), guest.image)
    for ending in ENDINGS:
        slave.plant(foreign / f"{overlay}{ending}", "of another disk")
        slave.plant(Path(FOREIGN_DOMAIN, "images", guest.image, f"{overlay}{ending}"), "of another domain")
    slave.plant(Path(".glancesync-probe-other"), "of another program")


def test_exactly_the_overlays_are_removed_and_what_is_no_overlay_is_refused(nodes: VmNodes, slave: Slave) -> None:
    good, linked, blocked = nodes.guests
    code, printed, held = nodes.back_up_watched(point="before strip")
    assert code == -signal.SIGKILL, printed
    overlays = {guest: overlay_of(nodes, guest) for guest in nodes.guests}
    plant_neighbours(slave, good, overlays[good])
    ours = {str(good.folder / f"{overlays[good]}{ending}") for ending in ENDINGS}
    for ending in (".lease", ".meta"):
        slave.plant(good.folder / f"{overlays[good]}{ending}", "ours")
    slave.link(linked.folder / overlays[linked], linked.layer)
    slave.plant(blocked.folder / f"{overlays[blocked]}.lease" / "inner", "of somebody")
    before = slave.listing()
    assert ours <= before.keys()
    code, printed = nodes.call("recover")
    after = slave.listing()
    assert before.keys() - after.keys() == ours, printed
    assert {name: text for name, text in before.items() if name not in ours} == after
    assert f"{linked.name}: its overlays are not removed from the slave: " in printed
    assert f"{overlays[linked]} is a symbolic link; nothing is removed" in printed
    assert f"{overlays[blocked]}.lease is a folder; nothing is removed" in printed
    journal = nodes.journals()[-1]
    assert journal.result == Result.PARTIAL.value
    assert {each.name for each in journal.machines if each.is_stripped} == {good.name}
    assert nodes.restored(good) == held[good.name]
    demand_merged(nodes)


def test_an_image_folder_that_is_a_link_elsewhere_is_left_alone(nodes: VmNodes, slave: Slave) -> None:
    guest, *_ = nodes.guests
    code, printed = nodes.back_up(point="before strip")
    assert code == -signal.SIGKILL, printed
    moved = Path(DOMAINS[guest.volume], "images", FOREIGN_IMAGE)
    folder = slave.folder / guest.folder
    node_commands.run(nodes.world, MASTER, "mv", folder, slave.folder / moved)
    node_commands.run(nodes.world, MASTER, "ln", "-s", FOREIGN_IMAGE, folder)
    try:
        before = {name: text for name, text in slave.listing().items() if guest.image in name or FOREIGN_IMAGE in name}
        code, printed = nodes.call("recover")
        after = {name: text for name, text in slave.listing().items() if guest.image in name or FOREIGN_IMAGE in name}
        assert after == before
        assert f"NOT CONSISTENT on the slave: {guest.name}" in printed
    finally:
        node_commands.run(nodes.world, MASTER, "rm", folder)
        node_commands.run(nodes.world, MASTER, "mv", slave.folder / moved, folder)
    demand_merged(nodes)


def test_an_empty_id_in_the_journal_removes_nothing(nodes: VmNodes, slave: Slave) -> None:
    code, printed = nodes.back_up(point="before strip")
    assert code == -signal.SIGKILL, printed
    [file] = (nodes.folder / "state" / nodes.volume / "journals").glob("*.json")
    written = file.read_text(encoding="utf-8")
    disk = nodes.journals()[-1].machines[0].disks[0]
    before = slave.listing()
    for field in ("overlay", "id", "domain", "frozen"):
        file.write_text(written.replace(f'"{field}": "{getattr(disk, field)}"', f'"{field}": ""'), encoding="utf-8")
        code, printed = nodes.call("recover")
        assert code == 1, printed
        assert "the journal cannot be read" in printed
        assert slave.listing() == before
    file.write_text(written, encoding="utf-8")
    code, printed = nodes.call("recover")
    assert code == 0, printed
    demand_merged(nodes)


def test_the_next_run_over_a_hostile_slave_is_whole(nodes: VmNodes, slave: Slave) -> None:
    plant_neighbours(slave, nodes.guests[0], id_of(94, 4))
    before = slave.listing()
    code, printed, held = nodes.back_up_watched()
    assert code == 0, printed
    demand_backup(nodes, held)
    assert before.keys() <= slave.listing().keys()
