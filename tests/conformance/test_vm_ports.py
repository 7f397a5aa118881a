"""What geo-replication and an engine do for the program: stand-ins and real ones do the same (vms 3)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from devcloud_lib.waiting import wait_for

from fiwareglancesync.vms.engines.engine_event import Severity, events_of
from fiwareglancesync.vms.planning.checkpoint_progress import is_complete, obstacle
from fiwareglancesync.vms.replication.georep_model import PairStatus
from fiwareglancesync.vms.vm_errors import MachineNotFound, MergeFailed, NoSession, SnapshotRefused
from fiwareglancesync.vms.vm_model import Layers
from fiwareglancesync.vms.vm_options import Quiesce
from tests.support.ovirt_sdk import demand_ovirt_sdk
from tests.support.vm_nodes import running_gluster
from tests.support.vm_worlds import (
    GeorepWorld,
    MachinesWorld,
    MemoryGeorep,
    MemoryMachines,
    RealMachines,
    real_georep,
)

REAL = pytest.param("real", marks=[pytest.mark.integration, pytest.mark.gluster, pytest.mark.slow])
WAIT_SECONDS = 120.0
RUN = "20261128T180000-1a2b"
LOCAL = datetime.now().astimezone().tzinfo or timezone.utc


@pytest.fixture(scope="module", params=["stand-in", REAL])
def georep(request: pytest.FixtureRequest, root: Path) -> Iterator[GeorepWorld]:
    """A session with its two ends."""
    if request.param == "stand-in":
        yield MemoryGeorep()
    else:
        with real_georep(running_gluster(root)) as made:
            yield made


@pytest.fixture(scope="module", params=["stand-in", "ovirt", REAL])
def world(
    request: pytest.FixtureRequest, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MachinesWorld]:
    """An engine with a virtual machine: in memory, oVirt's through its SDK, libvirt."""
    if request.param == "stand-in":
        yield MemoryMachines()
    elif request.param == "ovirt":
        demand_ovirt_sdk()
        # It imports the SDK.
        from tests.support.ovirt_worlds import ovirt_world

        with pytest.MonkeyPatch.context() as patch, ovirt_world(tmp_path_factory.mktemp("ovirt")) as engine:
            patch.setattr("fiwareglancesync.vms.engines.ovirt_session.POLL_SECONDS", 0.01)
            yield engine
    else:
        made = RealMachines(running_gluster(root))
        yield made
        made.close()

class TestReplication:
    def test_both_volumes_are_described(self, georep: GeorepWorld) -> None:
        master, slave = georep.replication.master(), georep.replication.slave()
        assert (master.name, slave.name) == ("plain", "plain-copy")
        assert master.is_started
        assert [len(each) for each in master.replica_sets] == [1]
        assert master.shard_size == slave.shard_size == ""
        assert georep.replication.method() == "rsync"

    def test_a_session_that_is_not_there_is_not_found(self, georep: GeorepWorld) -> None:
        missing_one = georep.without_session
        for call in (missing_one.session, missing_one.set_checkpoint, missing_one.start, missing_one.stop):
            with pytest.raises(NoSession):
                call()

    def test_a_checkpoint_completes_after_a_write_and_is_seen_before_the_pause_alone(
        self, georep: GeorepWorld
    ) -> None:
        session = georep.replication
        session.stop()
        checkpoint = session.set_checkpoint()
        assert not is_complete(session.session(), session.master(), checkpoint, LOCAL)
        georep.write()
        session.start()
        reached = wait_for(lambda: is_complete(session.session(), session.master(), checkpoint, LOCAL), WAIT_SECONDS)
        assert reached, obstacle(session.session(), session.master(), checkpoint, LOCAL)
        session.pause()
        assert wait_for(lambda: session.session().is_at_rest, WAIT_SECONDS)
        assert session.session().is_paused
        assert not is_complete(session.session(), session.master(), checkpoint, LOCAL)

    def test_each_change_may_be_asked_for_twice(self, georep: GeorepWorld) -> None:
        session = georep.replication
        session.start()
        assert wait_for(lambda: session.session().pairs[0].status is PairStatus.ACTIVE, WAIT_SECONDS)
        for change, status in (
            (session.pause, PairStatus.PAUSED),
            (session.start, PairStatus.ACTIVE),
            (session.stop, PairStatus.STOPPED),
        ):
            change()
            change()
            assert wait_for(lambda: session.session().pairs[0].status is status, WAIT_SECONDS)  # noqa: B023 (called at once)

    def test_the_slave_is_mounted_such_that_files_can_be_removed(self, georep: GeorepWorld) -> None:
        georep.replication.mount_slave(georep.folder)
        assert georep.is_mounted()
        georep.replication.unmount(georep.folder)
        georep.replication.unmount(georep.folder)
        assert not georep.is_mounted()


class TestEngine:
    def test_a_virtual_machine_is_listed_with_its_disk(self, world: MachinesWorld) -> None:
        [found] = [each for each in world.engine.machines() if each.id == world.machine]
        assert found.is_live(world.domain)
        [disk] = found.disks
        assert (disk.id, disk.domain, disk.layer, disk.is_direct_lun) == (world.disk, world.domain, world.layer, False)

    def test_the_storage_domain_in_the_volume_is_found(self, world: MachinesWorld) -> None:
        assert world.domain in world.engine.domains(world.volume)

    def test_an_event_may_be_sent_twice(self, world: MachinesWorld) -> None:
        [event] = events_of("run", Severity.NORMAL, "It's <done> & \"well\"", (), world.domain)
        for _ in range(2):
            world.engine.send(event)

    def test_a_snapshot_puts_our_overlay_on_the_disk_and_a_merge_removes_it(self, world: MachinesWorld) -> None:
        overlay = str(uuid.uuid4())
        assert world.engine.chain(world.machine, world.disk) == (world.layer,)
        world.engine.snapshot(world.machine, {world.disk: overlay}, Quiesce.TRY, RUN)
        assert world.engine.chain(world.machine, world.disk) == (overlay, world.layer)
        [found] = [each for each in world.engine.machines() if each.id == world.machine]
        assert [disk.layer for disk in found.disks] == [overlay]
        layers = [Layers(world.disk, world.layer, overlay)]
        world.engine.merge(world.machine, layers, WAIT_SECONDS)
        assert world.engine.chain(world.machine, world.disk) == (world.layer,)
        assert wait_for(lambda: not world.overlay_is_there(overlay), WAIT_SECONDS)
        world.engine.merge(world.machine, layers, WAIT_SECONDS)

    def test_a_guest_that_cannot_be_frozen_has_no_snapshot_where_that_is_required(self, world: MachinesWorld) -> None:
        with pytest.raises(SnapshotRefused):
            world.engine.snapshot(world.machine, {world.disk: str(uuid.uuid4())}, Quiesce.REQUIRE, RUN)
        assert world.engine.chain(world.machine, world.disk) == (world.layer,)

    def test_what_is_not_there_is_not_found(self, world: MachinesWorld) -> None:
        nobody = str(uuid.uuid4())
        with pytest.raises(MachineNotFound):
            world.engine.chain(nobody, world.disk)
        with pytest.raises(MachineNotFound):
            world.engine.chain(world.machine, nobody)
        with pytest.raises(MachineNotFound):
            world.engine.snapshot(nobody, {}, Quiesce.TRY, RUN)
        with pytest.raises(SnapshotRefused):
            world.engine.snapshot(world.machine, {nobody: str(uuid.uuid4())}, Quiesce.TRY, RUN)

    def test_one_that_is_switched_off_is_down_and_has_no_snapshot(self, world: MachinesWorld) -> None:
        overlay = str(uuid.uuid4())
        layers = [Layers(world.disk, world.layer, overlay)]
        world.engine.snapshot(world.machine, {world.disk: overlay}, Quiesce.TRY, RUN)
        world.switch_off()
        [found] = [each for each in world.engine.machines() if each.id == world.machine]
        assert (found.state, found.is_live(world.domain)) == ("down", False)
        with pytest.raises(SnapshotRefused):
            world.engine.snapshot(world.machine, {world.disk: str(uuid.uuid4())}, Quiesce.TRY, RUN)
        if not world.merges_at_rest:
            with pytest.raises(MergeFailed):
                world.engine.merge(world.machine, layers, WAIT_SECONDS)
            assert world.overlay_is_there(overlay)
            world.switch_on()
        world.engine.merge(world.machine, layers, WAIT_SECONDS)
        assert world.engine.chain(world.machine, world.disk) == (world.layer,)
        assert wait_for(lambda: not world.overlay_is_there(overlay), WAIT_SECONDS)
        if world.merges_at_rest:
            world.switch_on()
