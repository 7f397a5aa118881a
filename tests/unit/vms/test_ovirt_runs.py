"""Whole runs with an oVirt engine: its SDK over TLS, real images, and folders in the place of volumes (vms 2, 3.1)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fiwareglancesync.vms.backup_journal import Journal, Stage
from fiwareglancesync.vms.engines.ovirt_machines import OvirtMachines
from fiwareglancesync.vms.execution.mounted_volumes import MountedVolumes
from tests.support.kill_points import Killed, killed_at
from tests.support.ovirt_sdk import demand_ovirt_sdk
from tests.support.vm_builders import DOMAIN, id_of

if TYPE_CHECKING:
    from tests.support.ovirt_sites import OvirtSite

pytestmark = pytest.mark.outside

ODD = 'data <base> & "co"'
STEPS: dict[str, tuple[type, str]] = {
    "SNAPSHOT": (OvirtMachines, "snapshot"),
    "REPLICATE": (MountedVolumes, "touch_master"),
    "CHECK": (MountedVolumes, "check"),
    "STRIP": (MountedVolumes, "strip"),
    "MERGE": (OvirtMachines, "merge"),
}
"""A call in each step."""

RESULTS = {
    "add": "FAILED", "live": "FAILED", "equal ids": "FAILED", "illegal": "PARTIAL", "not merged": "PARTIAL",
    "event": "SUCCESS", "thaw": "SUCCESS", "remove": "SUCCESS",
}  # fmt: skip
"""How a run ends by what the engine refuses."""


def some_slow(values: Iterable[object], quick: Collection[object]) -> list[Any]:
    """Values of a parameter, of which only some are tried without --long."""
    return [each if each in quick else pytest.param(each, marks=pytest.mark.slow) for each in values]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OvirtSite]:
    """A site with two guests."""
    demand_ovirt_sdk()
    from tests.support.ovirt_sites import OvirtSite
    from tests.support.ovirt_worlds import ovirt_world

    monkeypatch.setattr("fiwareglancesync.vms.engines.ovirt_session.POLL_SECONDS", 0.01)
    monkeypatch.setattr("fiwareglancesync.vms.engines.ovirt_machines.THAW_SECONDS", 0.01)
    with ovirt_world(tmp_path) as world:
        world.model.busy = 1
        made = OvirtSite(world)
        made.pass_time(3)
        yield made


def at(monkeypatch: pytest.MonkeyPatch, step: str, act: Callable[[], object]) -> None:
    """Have something happen once, before the first call of a step."""
    owner, name = STEPS[step]
    method = getattr(owner, name)
    done: list[bool] = []

    def call(*arguments: Any, **options: Any) -> Any:
        if not done:
            done.append(True)
            act()
        return method(*arguments, **options)

    monkeypatch.setattr(owner, name, call)


def names(journal: Journal) -> list[str]:
    """The virtual machines that were backed up."""
    return [each.name for each in journal.machines if each.is_stripped]


def test_runs_leave_on_the_slave_what_the_snapshots_held_and_report_it(site: OvirtSite) -> None:
    for _ in range(2):
        ended = site.back_up()
        assert (ended.result, ended.reasons, ended.left_out, names(ended)) == ("SUCCESS", (), (), ["web", ODD])
        site.demand_backup(ended)
        site.demand_nothing_left()
    events = [each for each in site.model.events if each.origin == "ovirt-georep-backup"]
    assert [(each.severity, each.cluster[:8], each.domain) for each in events] == [("normal", "c0000000", DOMAIN)] * 2
    assert all(ODD in each.description for each in events)


def test_the_files_in_which_the_engine_writes_are_put_back(site: OvirtSite, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.support.ovirt_sites import STORE, STORE_LAYER

    file = Path(DOMAIN, "images", STORE, STORE_LAYER)
    at(monkeypatch, "REPLICATE", lambda: (site.master / file).write_bytes(b"another state of them"))
    assert site.back_up().result == "SUCCESS"
    assert (site.slave / file).read_bytes() == b"the virtual machines\0\0"


def test_the_layers_below_a_snapshot_of_a_user_are_copied_and_his_snapshot_stays(site: OvirtSite) -> None:
    disk, layer = site.world.stored_disk, id_of(7, 4)
    site.model.add_snapshot(site.world.stored, "before the upgrade", {disk.id: layer}).busy = 0
    site.pass_time(3)
    for _ in range(2):
        ended = site.back_up()
        assert (ended.result, ended.reasons, ended.left_out) == ("SUCCESS", (), ())
        [web, _] = ended.machines
        names = {each.name for each in (site.slave / DOMAIN / "images" / disk.id).iterdir()}
        assert names == {name + ending for name in (site.world.layer, layer) for ending in ("", ".meta")}
        assert site.content(site.slave, disk.id, layer) == site.frozen[web.disks[0].overlay]
    assert disk.chain == [layer, site.world.layer]
    assert [each.description for each in site.world.stored.snapshots.values()] == ["before the upgrade"]


@pytest.mark.parametrize("step", some_slow(STEPS, ["REPLICATE"]))
def test_a_session_of_the_engine_that_has_expired_is_begun_again(
    site: OvirtSite, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, step, lambda: setattr(site.world.stand_in, "token", "another token"))
    ended = site.back_up()
    assert (ended.result, names(ended)) == ("SUCCESS", ["web", ODD])


@pytest.mark.parametrize("step", some_slow(["REPLICATE", "CHECK", "STRIP", "MERGE"], ["REPLICATE"]))
def test_an_engine_that_is_restarted_in_the_middle_is_waited_for(
    site: OvirtSite, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, step, lambda: setattr(site.world.stand_in, "away", 6))
    ended = site.back_up()
    assert (ended.result, names(ended)) == ("SUCCESS", ["web", ODD])
    assert any(line.text.startswith("The engine is waited for, for 10 min at most") for line in site.lines)
    site.demand_backup(ended)


@pytest.mark.parametrize("step", some_slow(["REPLICATE", "STRIP", "MERGE"], ["STRIP"]))
def test_an_engine_that_stays_away_leaves_the_rest_to_a_recovery(
    site: OvirtSite, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.settings = replace(site.settings, merge_timeout=1)
    at(monkeypatch, step, lambda: setattr(site.world.stand_in, "away", 10**6))
    ended = site.back_up()
    assert (ended.result, ended.is_finished) == ("FAILED" if step == "REPLICATE" else "PARTIAL", False)
    waiting = list((site.state / "data" / "events").glob("*.event"))
    assert len(waiting) == 1
    site.world.stand_in.away = 0
    assert site.recover()
    site.demand_nothing_left()
    assert not waiting[0].exists()
    assert site.model.events[-1].severity == "alert"


@pytest.mark.parametrize("fault", some_slow(RESULTS, ["live", "illegal", "event"]))
def test_after_a_refusal_of_the_engine_the_next_run_is_whole(site: OvirtSite, fault: str) -> None:
    site.model.faults.add(fault)
    ended = site.back_up()
    assert ended.result == RESULTS[fault], ended.reasons
    site.demand_backup(ended)
    site.model.faults.clear()
    for disk in site.disks:
        disk.status = "ok"
    mended = site.back_up()
    assert mended.result == "SUCCESS", mended.reasons
    site.demand_backup(mended)
    site.demand_nothing_left()
    assert not list((site.state / "data" / "events").glob("*.event"))


def test_a_snapshot_that_is_never_done_is_dropped_and_named(site: OvirtSite) -> None:
    site.settings = replace(site.settings, wait_timeout=0, merge_timeout=1)
    site.model.faults.add("never ok")
    ended = site.back_up()
    assert (ended.result, ended.checkpoint) == ("FAILED", None)
    assert [each.stage for each in ended.machines] == [Stage.INTENDED] * 2
    assert sum("its snapshot is not merged, the next run tries again" in each for each in ended.reasons) == 2


def rename(site: OvirtSite) -> None:
    site.model.machines[id_of(2, 1)].name = "renamed"


def stop(site: OvirtSite) -> None:
    site.model.machines[id_of(2, 1)].status = "down"


def delete(site: OvirtSite) -> None:
    del site.model.machines[id_of(2, 1)]


def detach(site: OvirtSite) -> None:
    site.model.machines[id_of(2, 1)].disks.pop()


def plug(site: OvirtSite) -> None:
    site.add_disk(id_of(2, 1), id_of(4, 2), id_of(4, 3))


def migrate(site: OvirtSite) -> None:
    site.model.machines[id_of(2, 1)].status = "migrating"


def merge(site: OvirtSite) -> None:
    machine = site.model.machines[id_of(2, 1)]
    for snapshot in list(machine.snapshots.values()):
        site.model._merge(machine, snapshot)


@pytest.mark.parametrize("step", some_slow(STEPS, ["CHECK"]))
@pytest.mark.parametrize("act", [rename, stop, delete, detach, plug, migrate, merge])
def test_whatever_is_done_to_a_guest_in_any_step_no_backup_lies(
    site: OvirtSite, act: Callable[[OvirtSite], None], step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        at(patch, step, lambda: act(site))
        ended = site.back_up()
    assert "web" in names(ended)
    if ended.is_consistent:
        site.demand_backup(ended)
    if act in (rename, migrate):
        assert ended.result == "SUCCESS"
    if act in (plug, delete) and step in ("SNAPSHOT", "REPLICATE"):
        assert ended.result == "PARTIAL"
    site.model.machines.get(id_of(2, 1), site.world.stored).status = "up"
    again = site.back_up()
    assert again.result == "SUCCESS", (ended.reasons, again.reasons, again.left_out)
    site.demand_backup(again)
    assert [each.snapshots for each in site.model.machines.values()] == [{}] * len(site.model.machines)


@pytest.mark.parametrize("number", some_slow(range(2, 110, 9), [11, 56, 83]))
def test_after_a_kill_a_recovery_leaves_nothing_and_the_next_run_is_whole(site: OvirtSite, number: int) -> None:
    from tests.support.ovirt_sites import POINTS

    with pytest.raises(Killed), killed_at(number, POINTS):
        site.back_up()
    site.pass_time(5)
    assert site.recover()
    site.demand_nothing_left()
    for journal in site.files.all():
        if journal.is_consistent:
            site.demand_backup(journal)
    ended = site.back_up()
    assert ended.result == "SUCCESS", ended.reasons
    site.demand_backup(ended)
