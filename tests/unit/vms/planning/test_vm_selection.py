"""Which virtual machines and disks get a snapshot (vms 2.1)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.base.errors import UsageError
from fiwareglancesync.vms.planning.vm_selection import Choice, Reason, appeared, check_choice, live_ids, select
from fiwareglancesync.vms.vm_model import Disk, DiskStatus, Layers, Machine
from tests.support.vm_builders import DOMAIN, disk, machine

STATES = ["up", "down", "suspended", "paused", "migrating", "unknown"]

disks = st.builds(
    Disk,
    st.sampled_from([f"disk-{number}" for number in range(6)]),
    st.just("root"),
    st.sampled_from([DOMAIN, "elsewhere", ""]),
    st.just("layer"),
    st.sampled_from(DiskStatus),
    st.booleans(),
)
machines = st.builds(
    Machine,
    st.integers(0, 99).map(str),
    st.sampled_from(["web", "db", "mail"]),
    st.sampled_from(STATES),
    st.lists(disks, max_size=4, unique_by=lambda each: each.id).map(tuple),
    st.sampled_from(["", "ovirt", "hosted_engine"]),
)
inventories = st.lists(machines, max_size=6, unique_by=lambda each: each.id)
choices = st.builds(Choice, st.sampled_from([(), ("web",), ("*",)]), st.sampled_from([(), ("db",), ("m*",)]))


@given(inventories, choices)
def test_every_live_disk_of_the_volume_gets_a_snapshot_or_is_listed(found: list[Machine], choice: Choice) -> None:
    selection = select(found, DOMAIN, choice)
    covered = {(each.machine.id, disk.id) for each in selection.covered for disk in each.disks}
    whole = {each.machine.id for each in selection.left_out if each.disk is None}
    single = {(each.machine.id, each.disk.id) for each in selection.left_out if each.disk is not None}
    for each in found:
        for its in each.disks:
            if each.is_live(DOMAIN) and its.domain == DOMAIN:
                assert ((each.id, its.id) in covered) + (each.id in whole) + ((each.id, its.id) in single) == 1
    assert {id for id, _ in covered} | whole | {id for id, _ in single} == {
        each.id for each in found if each.is_live(DOMAIN)
    }


@given(inventories, choices, st.randoms())
def test_the_order_of_the_listing_does_not_count(found: list[Machine], choice: Choice, random: object) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert select(shuffled, DOMAIN, choice) == select(found, DOMAIN, choice)


@given(inventories)
def test_nothing_appears_when_nothing_changes(found: list[Machine]) -> None:
    assert appeared(live_ids(found, DOMAIN), found, DOMAIN) == ()


@pytest.mark.parametrize("state", STATES)
def test_what_is_down_or_suspended_needs_no_snapshot(state: str) -> None:
    selection = select([machine("1", state=state)], DOMAIN, Choice())
    assert bool(selection.covered) == (state not in ("down", "suspended"))
    assert not selection.left_out


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (machine("1", origin="managed_hosted_engine"), Reason.HOSTED_ENGINE),
        (machine("1", disks=(disk("a", status=DiskStatus.LOCKED),)), Reason.LOCKED),
        (machine("1", disks=(disk("a"), disk("b", status=DiskStatus.ILLEGAL))), Reason.ILLEGAL),
        (machine("1", name="db"), Reason.EXCLUDED),
    ],
)
def test_a_virtual_machine_without_a_snapshot_is_listed_with_the_reason(changed: Machine, reason: Reason) -> None:
    selection = select([changed], DOMAIN, Choice(exclude=("d?",)))
    assert not selection.covered
    [left_out] = selection.left_out
    assert (left_out.reason, left_out.disk) == (reason, None)
    assert left_out.text == f"NOT CONSISTENT on the slave: {changed.name} (1): {reason.value}"


def test_a_shareable_disk_and_a_direct_lun_are_listed_and_the_others_covered() -> None:
    mixed = machine("1", disks=(disk("a"), disk("b", is_shareable=True), disk("c", domain=""), disk("d", domain="x")))
    selection = select([mixed], DOMAIN, Choice())
    assert [[each.id for each in covered.disks] for covered in selection.covered] == [["a"]]
    assert [(each.disk and each.disk.id, each.reason) for each in selection.left_out] == [
        ("b", Reason.SHAREABLE), ("c", Reason.DIRECT_LUN)
    ]  # fmt: skip


def test_what_was_started_or_got_a_disk_meanwhile_is_listed() -> None:
    before = [machine("1"), machine("2", state="down")]
    now = [replace(before[0], disks=(*before[0].disks, disk("new"))), replace(before[1], state="up"), machine("3")]
    assert [(each.machine.id, each.reason) for each in appeared(live_ids(before, DOMAIN), now, DOMAIN)] == [
        ("1", Reason.NEW_DISK), ("2", Reason.STARTED), ("3", Reason.STARTED)
    ]  # fmt: skip


def test_leaving_out_a_virtual_machine_has_to_be_allowed() -> None:
    check_choice(Choice(), allow_torn=False)
    check_choice(Choice(only=("web",)), allow_torn=True)
    for choice in (Choice(only=("web",)), Choice(exclude=("web",))):
        with pytest.raises(UsageError, match="--allow-torn"):
            check_choice(choice, allow_torn=False)


@pytest.mark.parametrize(("frozen", "overlay", "covered"), [("a", "b", True), ("a", "a", False), ("", "b", False)])
def test_a_disk_is_covered_if_the_guest_writes_to_another_layer(frozen: str, overlay: str, covered: bool) -> None:
    assert Layers("disk", frozen, overlay).is_covered == covered


def test_a_misplaced_disk_is_listed_also_of_a_machine_without_other_disks_and_in_a_volume_without_a_domain() -> None:
    flat = Disk("/mnt/data/flat", "vda", "elsewhere", "flat", is_misplaced=True)
    found = machine("1", disks=(flat, disk("lun", domain="")))
    for domain in (DOMAIN, ""):
        selection = select([found], domain, Choice())
        assert not selection.covered
        assert {each.reason for each in selection.left_out} == {Reason.MISPLACED, Reason.DIRECT_LUN}
        assert appeared(["1"], [found], domain)[0].reason is Reason.NEW_DISK
        assert not appeared(live_ids([found], domain), [found], domain)


def test_in_a_volume_without_a_storage_domain_a_direct_lun_is_no_disk() -> None:
    assert select([machine("1", disks=(disk("lun", domain=""),))], "", Choice()).left_out == ()
