"""What can go wrong with an oVirt engine, through its SDK over TLS (vms 3)."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fiwareglancesync.vms.engines.engine_event import EngineEvent, Severity, events_of
from fiwareglancesync.vms.engines.machines_port import Consistency, StoreLayer
from fiwareglancesync.vms.planning.vm_selection import Choice, Reason, select
from fiwareglancesync.vms.vm_errors import (
    DiskIllegal,
    DiskNotFound,
    EngineError,
    EngineUnreachable,
    EventRefused,
    MachineNotFound,
    MergeFailed,
    SnapshotRefused,
)
from fiwareglancesync.vms.vm_model import DiskStatus, Layers
from fiwareglancesync.vms.vm_options import Quiesce
from tests.support.certificates import self_signed
from tests.support.ovirt_sdk import demand_ovirt_sdk
from tests.support.vm_builders import DOMAIN, id_of

if TYPE_CHECKING:
    from tests.support.ovirt_worlds import OvirtWorld

pytestmark = pytest.mark.outside

OVERLAY = id_of(1, 4)
RUN = "20261128T180000-1a2b"
MERGE_SECONDS = 30.0
AT_ONCE = 0.0


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OvirtWorld]:
    """An engine with a virtual machine."""
    demand_ovirt_sdk()
    from tests.support.ovirt_worlds import ovirt_world

    monkeypatch.setattr("fiwareglancesync.vms.engines.ovirt_session.POLL_SECONDS", 0.01)
    monkeypatch.setattr("fiwareglancesync.vms.engines.ovirt_machines.THAW_SECONDS", 0.01)
    with ovirt_world(tmp_path) as made:
        yield made


def layers(world: OvirtWorld) -> list[Layers]:
    return [Layers(world.disk, world.layer, OVERLAY)]


def snapshot(world: OvirtWorld, quiesce: Quiesce = Quiesce.TRY) -> Consistency:
    return world.engine.snapshot(world.machine, {world.disk: OVERLAY}, quiesce, RUN)


class TestConnection:
    def test_a_wrong_password_is_one_line_that_does_not_have_it(self, world: OvirtWorld) -> None:
        with pytest.raises(EngineUnreachable, match="refuses the user") as caught:
            world.connect(password="wrong-one")
        assert "wrong-one" not in str(caught.value)
        assert str(caught.value).isprintable()

    def test_an_engine_that_the_certificates_do_not_know_is_refused(self, world: OvirtWorld, tmp_path: Path) -> None:
        other = tmp_path / "other"
        other.mkdir()
        with pytest.raises(EngineUnreachable, match="certificate"):
            world.connect(ca_file=str(self_signed(other)))
        assert world.connect(ca_file="", insecure=True).machines()

    def test_a_file_of_certificates_that_is_missing_is_named(self, world: OvirtWorld) -> None:
        with pytest.raises(EngineUnreachable, match=r"/nowhere\.pem"):
            world.connect(ca_file="/nowhere.pem")

    def test_an_address_where_nobody_answers_is_named(self, world: OvirtWorld) -> None:
        with pytest.raises(EngineUnreachable, match="does not answer"):
            world.connect(server="https://127.0.0.1:1/ovirt-engine/api")

    def test_another_server_is_no_engine(self, world: OvirtWorld) -> None:
        world.stand_in.garbage = True
        with pytest.raises(EngineUnreachable):
            world.connect()

    def test_an_old_engine_is_refused(self, world: OvirtWorld) -> None:
        world.stand_in.version = (4, 2)
        with pytest.raises(EngineUnreachable, match=r"has version 4\.2, expected 4\.3 or newer"):
            world.connect()

    def test_an_engine_that_goes_away_is_one_line_in_every_call(self, world: OvirtWorld) -> None:
        [event] = events_of("r", Severity.ALERT, "text", (), "")
        calls: list[Callable[[], object]] = [
            world.engine.machines,
            lambda: world.engine.domains("data"),
            lambda: world.engine.update_store(DOMAIN),
            lambda: snapshot(world),
            lambda: world.engine.chain(world.machine, world.disk),
            lambda: world.engine.merge(world.machine, layers(world), AT_ONCE),
            lambda: world.engine.send(event),
        ]
        for call in calls:
            for fault in ("away", "garbage"):
                setattr(world.stand_in, fault, 10**6)
                with pytest.raises(EngineError) as caught:
                    call()
                setattr(world.stand_in, fault, 0)
                assert fault == "garbage" or isinstance(caught.value, EngineUnreachable)
                assert str(caught.value).isprintable()


class TestListing:
    def test_hundreds_are_listed_page_by_page_each_once(self, world: OvirtWorld) -> None:
        from tests.support.stand_ins.ovirt_engine import EngineMachine

        for number in range(249):
            world.model.add_machine(EngineMachine(id_of(number, 6), f"vm {number} <\"&'ä>"))
        for page in (100, 40):
            world.stand_in.page = page
            found = world.engine.machines()
            assert len(found) == len({each.id for each in found}) == 250
        assert "vm 7 <\"&'ä>" in {each.name for each in found}

    def test_what_oVirt_alone_has_is_selected_as_the_rules_say(self, world: OvirtWorld) -> None:
        from tests.support.stand_ins.ovirt_engine import EngineDisk, EngineMachine

        def disk(number: int, **fields: object) -> EngineDisk:
            values: dict[str, object] = {"domain": DOMAIN, "chain": [id_of(number, 3)]} | fields
            return EngineDisk(id_of(number, 2), **values)  # type: ignore[arg-type]

        others = [
            EngineMachine(id_of(2, 1), "engine", origin="managed_hosted_engine", disks=[disk(2)]),
            EngineMachine(id_of(3, 1), "asleep", status="suspended", disks=[disk(3)]),
            EngineMachine(id_of(4, 1), "starting", status="wait_for_launch", disks=[
                disk(4), disk(5, shareable=True), disk(6, domain="", chain=[], storage="lun"),
                disk(7, domain="", chain=[], storage="cinder"),
            ]),
            EngineMachine(id_of(8, 1), "busy", disks=[disk(8, status="locked")]),
            EngineMachine(id_of(9, 1), "broken", disks=[disk(9, status="illegal")]),
        ]  # fmt: skip
        for each in others:
            world.model.add_machine(each)
        selection = select(world.engine.machines(), DOMAIN, Choice())
        covered = {each.machine.name: [found.id for found in each.disks] for each in selection.covered}
        assert covered == {"web": [world.disk], "starting": [id_of(4, 2)]}
        assert [(each.machine.name, each.reason) for each in selection.left_out] == [
            ("engine", Reason.HOSTED_ENGINE), ("starting", Reason.SHAREABLE), ("starting", Reason.DIRECT_LUN),
            ("busy", Reason.LOCKED), ("broken", Reason.ILLEGAL),
        ]  # fmt: skip

    def test_disks_that_are_read_only_or_not_plugged_in_are_not_written_to(self, world: OvirtWorld) -> None:
        from tests.support.stand_ins.ovirt_engine import EngineDisk

        world.stored.disks += [
            EngineDisk(id_of(5, 2), DOMAIN, [id_of(5, 3)], active=False),
            EngineDisk(id_of(6, 2), DOMAIN, [id_of(6, 3)], read_only=True),
        ]
        [found] = world.engine.machines()
        assert [disk.id for disk in found.disks] == [world.disk]
        assert world.engine.chain(world.machine, id_of(5, 2)) == (id_of(5, 3),)

    def test_the_storage_domains_of_a_volume_are_found_by_its_name(self, world: OvirtWorld) -> None:
        world.model.domains = {
            "a": "glusterfs gm:/data", "b": "glusterfs /data/sub", "c": "glusterfs gm:/data-2", "d": "nfs gm:/data",
            "e": "glusterfs [fe80::1]:/data",
        }  # fmt: skip
        assert world.engine.domains("data") == ["a", "b", "e"]
        assert world.engine.domains("nothing") == []

    def test_the_slave_volume_of_the_same_name_has_no_storage_domain_of_the_backup(self, world: OvirtWorld) -> None:
        from fiwareglancesync.vms.engines.ovirt_machines import OvirtMachines

        world.model.domains = {"a": "glusterfs gm:/data", "b": "glusterfs gs:/data", "c": "glusterfs [fe80::2]:/data"}
        assert OvirtMachines(world.connection(), 1, {"gs", "fe80::2"}).domains("data") == ["a"]

    def test_the_files_with_the_virtual_machines_are_brought_up_to_date(self, world: OvirtWorld) -> None:
        from tests.support.stand_ins.ovirt_engine import EngineDisk

        world.model.stores[DOMAIN] = [
            EngineDisk(id_of(1, 8), DOMAIN, [id_of(1, 9)], content="ovf_store"), world.stored_disk,
        ]  # fmt: skip
        assert world.engine.update_store(DOMAIN) == [StoreLayer(id_of(1, 8), id_of(1, 9))]
        assert f"POST /storagedomains/{DOMAIN}/updateovfstore" in world.stand_in.lines
        with pytest.raises(EngineError):
            world.engine.update_store("nothing")


class TestSnapshot:
    def test_it_is_without_memory_and_has_the_run_in_its_description(self, world: OvirtWorld) -> None:
        snapshot(world)
        [made] = world.stored.snapshots.values()
        assert made.description == f"GLUSTER-Geo-rep-snapshot {RUN}"

    def test_other_disks_are_left_alone(self, world: OvirtWorld) -> None:
        from tests.support.stand_ins.ovirt_engine import EngineDisk

        world.stored.disks.append(EngineDisk(id_of(2, 2), "elsewhere", [id_of(2, 3)]))
        snapshot(world)
        assert world.engine.chain(world.machine, id_of(2, 2)) == (id_of(2, 3),)

    def test_a_guest_that_can_be_frozen_is_frozen_and_goes_on(self, world: OvirtWorld) -> None:
        world.stored.has_agent = True
        assert snapshot(world, Quiesce.REQUIRE) is Consistency.FROZEN
        assert not world.stored.is_frozen

    def test_one_that_cannot_be_thawed_is_an_error_before_the_snapshot(self, world: OvirtWorld) -> None:
        world.stored.has_agent = True
        world.model.faults.add("thaw")
        with pytest.raises(SnapshotRefused, match="cannot be thawed"):
            snapshot(world)
        assert not world.stored.snapshots

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            ("add", "Low disk space"),
            ("live", "Failed to create live snapshot"),
            ("equal ids", "does not write to the overlay"),
        ],
    )
    def test_one_that_is_refused_or_does_not_hold_is_an_error(self, world: OvirtWorld, fault: str, reason: str) -> None:
        world.model.faults.add(fault)
        with pytest.raises(SnapshotRefused, match=reason):
            snapshot(world)

    def test_one_that_is_never_done_is_late(self, world: OvirtWorld) -> None:
        world.model.faults.add("never ok")
        with pytest.raises(SnapshotRefused, match="is not done in time"):
            world.connect(wait_timeout=0.1).snapshot(world.machine, {world.disk: OVERLAY}, Quiesce.TRY, RUN)

    def test_one_that_somebody_else_removes_is_an_error(self, world: OvirtWorld) -> None:
        world.model.busy = 10**6
        remover = threading.Thread(target=removed_when_there, args=(world,))
        remover.start()
        with pytest.raises(SnapshotRefused, match="removed by somebody else"):
            snapshot(world)
        remover.join()

    def test_an_engine_that_is_away_for_a_while_is_waited_for(self, world: OvirtWorld) -> None:
        world.model.busy = 5
        asked = world.stand_in.answer

        def away_after_the_request(method: str, path: str, query: dict[str, str], body: bytes) -> object:
            if method == "POST" and path.endswith("/snapshots"):
                world.stand_in.away = 3
            return asked(method, path, query, body)

        world.stand_in.answer = away_after_the_request  # type: ignore[method-assign, assignment]
        snapshot(world)
        assert world.engine.chain(world.machine, world.disk) == (OVERLAY, world.layer)


class TestMerge:
    def test_one_that_the_engine_is_still_making_is_waited_for(self, world: OvirtWorld) -> None:
        world.model.busy = 5
        with pytest.raises(SnapshotRefused):
            world.connect(wait_timeout=AT_ONCE).snapshot(world.machine, {world.disk: OVERLAY}, Quiesce.TRY, RUN)
        world.engine.merge(world.machine, layers(world), MERGE_SECONDS)
        assert (world.stored.snapshots, world.stored_disk.chain) == ({}, [world.layer])

    def test_a_refusal_because_of_something_else_is_waited_out(self, world: OvirtWorld) -> None:
        snapshot(world)
        world.model.faults.add("remove")
        world.engine.merge(world.machine, layers(world), MERGE_SECONDS)
        assert not world.stored.snapshots

    def test_an_engine_that_is_away_for_a_while_is_waited_for(self, world: OvirtWorld) -> None:
        snapshot(world)
        asked = world.stand_in.answer

        def away_after_the_request(method: str, path: str, query: dict[str, str], body: bytes) -> object:
            if method == "DELETE":
                world.stand_in.away = 3
            return asked(method, path, query, body)

        world.stand_in.answer = away_after_the_request  # type: ignore[method-assign, assignment]
        world.engine.merge(world.machine, layers(world), MERGE_SECONDS)
        assert not world.overlay_is_there(OVERLAY)

    def test_a_disk_that_is_illegal_afterwards_is_an_error_of_its_own(self, world: OvirtWorld) -> None:
        snapshot(world)
        world.model.faults.add("illegal")
        with pytest.raises(DiskIllegal, match="is illegal"):
            world.engine.merge(world.machine, layers(world), MERGE_SECONDS)
        [found] = world.engine.machines()
        assert found.disks[0].status is DiskStatus.ILLEGAL

    def test_one_that_the_engine_gives_up_or_does_not_end_is_an_error(self, world: OvirtWorld) -> None:
        snapshot(world)
        world.model.faults.add("not merged")
        with pytest.raises(MergeFailed, match="is still there"):
            world.engine.merge(world.machine, layers(world), MERGE_SECONDS)
        world.model.busy = 10**6
        with pytest.raises(MergeFailed, match="not merged in time"):
            world.engine.merge(world.machine, layers(world), 0.1)

    def test_snapshots_of_others_stay(self, world: OvirtWorld) -> None:
        """Also one that has frozen the same layer, because ours was never made."""
        other = str(uuid.uuid4())
        world.model.add_snapshot(world.stored, "GLUSTER", {world.disk: other})
        world.engine.merge(world.machine, layers(world), MERGE_SECONDS)
        assert world.stored_disk.chain == [other, world.layer]

    def test_one_whose_description_was_changed_is_known_by_its_layers(self, world: OvirtWorld) -> None:
        snapshot(world)
        [made] = world.stored.snapshots.values()
        made.description = "renamed"
        world.engine.merge(world.machine, layers(world), MERGE_SECONDS)
        assert world.stored_disk.chain == [world.layer]

    def test_one_below_another_snapshot_is_merged(self, world: OvirtWorld) -> None:
        snapshot(world)
        other = str(uuid.uuid4())
        world.model.busy = 0
        world.model.add_snapshot(world.stored, "of somebody else", {world.disk: other})
        world.engine.merge(world.machine, layers(world), MERGE_SECONDS)
        assert other in world.stored_disk.chain
        assert OVERLAY not in world.stored_disk.chain

    def test_a_machine_and_a_disk_that_are_gone_are_not_found(self, world: OvirtWorld) -> None:
        with pytest.raises(DiskNotFound):
            world.engine.merge(world.machine, [Layers(id_of(9, 2), world.layer, OVERLAY)], MERGE_SECONDS)
        with pytest.raises(MachineNotFound):
            world.engine.merge(id_of(9, 1), layers(world), MERGE_SECONDS)


class TestEvents:
    event = EngineEvent(17, Severity.ALERT, "it's <torn> & \"late\" ä", "cluster-1", DOMAIN)

    def test_an_event_has_its_severity_and_its_links(self, world: OvirtWorld) -> None:
        for _ in range(2):
            world.engine.send(self.event)
        [found] = world.model.events
        assert (found.severity, found.origin, found.custom_id) == ("alert", "ovirt-georep-backup", 17)
        assert (found.description, found.cluster, found.domain) == (self.event.text, "cluster-1", DOMAIN)

    def test_an_id_that_another_event_has_is_not_taken_for_ours(self, world: OvirtWorld) -> None:
        world.engine.send(EngineEvent(17, Severity.NORMAL, "another"))
        world.engine.send(self.event)
        assert [each.custom_id for each in world.model.events] == [17, 18]

    def test_a_refusal_is_one_line(self, world: OvirtWorld) -> None:
        world.model.faults.add("event")
        with pytest.raises(EventRefused, match="too long"):
            world.engine.send(self.event)


def removed_when_there(world: OvirtWorld) -> None:
    """What somebody else does to a snapshot."""
    while not world.stored.snapshots:
        pass
    with world.stand_in.lock:
        world.stored.snapshots.clear()
