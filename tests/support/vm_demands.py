"""What holds after backups of the guests of the development cloud, whole ones and ones that were ended (vms 2)."""

from __future__ import annotations

from collections.abc import Mapping

from devcloud_lib.gluster import counter_program, node_commands
from devcloud_lib.gluster.gluster_world import MASTER

from fiwareglancesync.vms.backup_journal import Journal, newest_by_slave
from fiwareglancesync.vms.planning.overlay_names import ENDINGS

from .vm_nodes import VmNodes


def overlays(nodes: VmNodes) -> set[str]:
    """The ids of all overlays that runs have written down."""
    return {disk.overlay for each in nodes.journals() for machine in each.machines for disk in machine.disks}


def demand_merged(nodes: VmNodes) -> None:
    """Each guest writes to its first layer again, has lost nothing, and counts; no overlay is left on the master."""
    for guest in nodes.guests:
        assert nodes.chain(guest) == [guest.layer]
        assert counter_program.is_whole(nodes.frozen(guest)), "what the guest has written was lost in the merge"
        assert nodes.counts(guest)
        names = node_commands.run(nodes.world, MASTER, "ls", nodes.written(guest).parent).split()
        assert set(names) == {f"{guest.layer}{ending}" for ending in ENDINGS}


def demand_backup(nodes: VmNodes, expected: Mapping[str, bytes], slave: str = "") -> None:
    """The slave holds what the snapshots held, and nothing of the overlays.

    :param expected: what the snapshots held, by guest
    :param slave: the volume, "" for the one that the command names
    """
    assert expected.keys() == {guest.name for guest in nodes.guests}
    for guest in nodes.guests:
        found = nodes.restored(guest, slave)
        assert counter_program.counter(found) == counter_program.counter(expected[guest.name]) > 0
        assert found == expected[guest.name]
        assert counter_program.is_whole(found)
        assert not nodes.names_on_slave(guest, slave) & overlays(nodes)


def demand_named(nodes: VmNodes) -> None:
    """Every layer on the master is a guest's first one, or an overlay that a run has written down."""
    for guest in nodes.guests:
        named = {guest.layer} | overlays(nodes)
        names = node_commands.run(nodes.world, MASTER, "ls", nodes.written(guest).parent).split()
        assert {name.partition(".")[0] for name in names} <= named
        assert guest.layer in names
        assert set(nodes.chain(guest)) <= named


def good(nodes: VmNodes) -> dict[str, Journal]:
    """The runs whose backup a slave volume holds, as the program says, by the volume."""
    found = newest_by_slave(nodes.journals())
    return {slave.rpartition("::")[2]: each for slave, each in found.items() if each.is_consistent}
