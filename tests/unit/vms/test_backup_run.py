"""One run on a site in memory: what goes wrong, and how it ends (vms 2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from fiwareglancesync.base.errors import Cancelled, NotWritten
from fiwareglancesync.vms.backup_config import BackupSettings
from fiwareglancesync.vms.backup_journal import Journal, Stage
from fiwareglancesync.vms.engines.engine_event import Severity
from fiwareglancesync.vms.engines.machines_port import Consistency
from fiwareglancesync.vms.planning.run_report import severity_of
from fiwareglancesync.vms.planning.vm_selection import Choice
from fiwareglancesync.vms.replication.georep_model import PairStatus
from fiwareglancesync.vms.vm_errors import EngineUnreachable, GlusterError, SnapshotRefused
from fiwareglancesync.vms.vm_model import Layers
from fiwareglancesync.vms.vm_options import Quiesce
from tests.support.vm_builders import DOMAIN, id_of
from tests.support.vm_runs import ALTERNATE, Operator
from tests.support.vm_site import SLAVES, NoKeeper, Site, SiteClock, SiteFiles, SiteMachines, SiteReplication

NONE = BackupSettings(merge_parallel=1)
SLAVE = SLAVES[0]


def operator_with(count: int = 2, settings: BackupSettings = NONE) -> Operator:
    return Operator(Site(count), settings)


def during(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, act: Callable[[], object]) -> None:
    """Have something happen before the first call of a method."""
    method = getattr(owner, name)
    done: list[bool] = []

    def call(*arguments: object, **options: object) -> object:
        if not done:
            done.append(True)
            act()
        return method(*arguments, **options)

    monkeypatch.setattr(owner, name, call)


def refuse(error: BaseException) -> Callable[..., object]:
    def call(*arguments: object, **options: object) -> object:
        raise error

    return call


def stages(journal: Journal) -> list[Stage]:
    return [machine.stage for machine in journal.machines]


def demand_merged(operator: Operator) -> None:
    assert operator.site.overlays() == set()
    assert operator.site.is_at_rest()


def test_150_virtual_machines_are_consistent_on_the_slave_and_merged() -> None:
    operator = operator_with(150)
    ended = operator.back_up()
    assert (ended.result, ended.slave_text) == ("SUCCESS", f"consistent as of {ended.run}")
    assert operator.site.holds(ended)
    demand_merged(operator)


def test_one_that_is_switched_off_is_merged_by_a_later_run_and_its_overlay_is_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    operator = operator_with()
    during(monkeypatch, SiteFiles, "strip", lambda: operator.site.set_state(2, "down"))
    ended = operator.back_up()
    assert (ended.result, stages(ended)) == ("PARTIAL", [Stage.MERGED, Stage.STRIPPED])
    [overlay] = operator.site.overlays()
    files = operator.site.slaves[SLAVE].files
    assert overlay not in files
    assert operator.back_up().is_consistent
    assert files[overlay] == operator.site.files[overlay]
    operator.site.set_state(2, "up")
    assert operator.back_up().result == "SUCCESS"
    demand_merged(operator)


def test_one_whose_snapshot_is_refused_is_named_and_the_others_are_backed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = operator_with()
    made = SiteMachines.snapshot

    def snapshot(
        self: SiteMachines, machine: str, overlays: Mapping[str, str], quiesce: Quiesce, run: str
    ) -> Consistency:
        if machine == id_of(2, 1):
            raise SnapshotRefused("another snapshot is being made")
        return made(self, machine, overlays, quiesce, run)

    monkeypatch.setattr(SiteMachines, "snapshot", snapshot)
    ended = operator.back_up()
    assert ended.result == "PARTIAL"
    [line] = ended.left_out
    assert line.startswith(f"NOT CONSISTENT on the slave: vm-2 ({id_of(2, 1)})")
    assert line.endswith("another snapshot is being made")
    assert operator.site.holds(ended)
    demand_merged(operator)


def test_without_any_snapshot_nothing_is_replicated(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = operator_with()
    monkeypatch.setattr(SiteMachines, "snapshot", refuse(SnapshotRefused("no")))
    ended = operator.back_up()
    assert (ended.result, ended.slave_text, ended.checkpoint) == ("FAILED", "", None)
    assert operator.site.slaves[SLAVE].files == {}


def test_what_is_started_during_the_run_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = operator_with()
    operator.site.set_state(2, "down")
    during(monkeypatch, SiteReplication, "start", lambda: operator.site.set_state(2, "up"))
    ended = operator.back_up()
    assert ended.result == "PARTIAL"
    assert ended.left_out == (
        f"NOT CONSISTENT on the slave: vm-2 ({id_of(2, 1)}): it was started or created during the run",
    )


def test_one_that_is_deleted_during_the_run_is_named_and_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = operator_with()
    during(monkeypatch, SiteFiles, "check", lambda: operator.site.engine.machines.pop(id_of(2, 1)))
    ended = operator.back_up()
    assert (ended.result, stages(ended)) == ("PARTIAL", [Stage.MERGED, Stage.GONE])
    assert operator.journals.unfinished() == []


def test_a_snapshot_that_somebody_else_has_merged_makes_no_backup(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = operator_with(1)

    def merge() -> None:
        [chain] = operator.site.engine.machines[id_of(1, 1)].chains.values()
        overlay = chain.pop(0)
        operator.site.files[chain[0]] = operator.site.files.pop(overlay)

    during(monkeypatch, SiteFiles, "mount", lambda: None)
    during(monkeypatch, SiteReplication, "set_checkpoint", merge)
    ended = operator.back_up()
    assert (ended.result, ended.is_consistent) == ("FAILED", False)
    assert "merged or covered by somebody else" in ended.reasons[0]


def test_of_one_that_differs_on_the_slave_nothing_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = operator_with()
    files = operator.site.slaves[SLAVE].files
    during(monkeypatch, SiteFiles, "check", lambda: files.update({id_of(2, 3): 0}))
    ended = operator.back_up()
    assert ended.result == "PARTIAL"
    assert [machine.is_stripped for machine in ended.machines] == [True, False]
    assert any("other content" in reason for reason in ended.reasons)
    assert operator.site.slaves[SLAVE].removed == {ended.machines[0].disks[0].overlay}
    demand_merged(operator)


def test_replication_that_stands_still_is_started_again_once_and_fails_then(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = operator_with()
    monkeypatch.setattr(SiteFiles, "touch_master", lambda self: None)
    stops: list[bool] = []
    during(monkeypatch, SiteReplication, "stop", lambda: stops.append(True))
    ended = operator.back_up()
    assert ended.result == "FAILED"
    assert ended.reasons[0].startswith("replication has stood still for 5 min, also after it was stopped and started")
    assert stops == [True]
    assert ended.slave_text.startswith("torn since")
    demand_merged(operator)


def test_replication_that_takes_too_long_is_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = operator_with()
    operator.timeout = 60.0
    monkeypatch.setattr(SiteFiles, "touch_master", lambda self: None)
    ended = operator.back_up()
    assert ended.reasons[0].startswith("replication is not complete after 1 min")
    assert operator.site.slaves[SLAVE].session.status is PairStatus.PAUSED
    demand_merged(operator)


def test_a_master_that_fills_up_ends_replication(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = operator_with()
    during(monkeypatch, SiteReplication, "start", lambda: setattr(operator.site, "free", 3))
    ended = operator.back_up()
    assert ended.reasons == ("the master volume data has 3 % free, and 10 % are needed",)
    demand_merged(operator)


def test_nothing_is_merged_while_a_session_cannot_be_brought_to_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = operator_with()
    with monkeypatch.context() as patch:
        patch.setattr(SiteReplication, "pause", refuse(GlusterError("no")))
        patch.setattr(SiteReplication, "stop", refuse(GlusterError("no")))
        ended = operator.back_up()
    assert ended.result == "FAILED"
    assert len(operator.site.overlays()) == 2
    assert "The snapshots of vm-1, vm-2 are not merged" in ended.reasons[-1]
    assert operator.recover()
    demand_merged(operator)


def test_nothing_is_merged_while_a_session_only_says_that_it_is_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = operator_with()
    with monkeypatch.context() as patch:
        for name in ("pause", "stop"):
            patch.setattr(SiteReplication, name, lambda self: None)
        ended = operator.back_up()
    assert (ended.result, ended.is_complete) == ("FAILED", False)
    assert len(operator.site.overlays()) == 2
    assert "The snapshots of vm-1, vm-2 are not merged" in ended.reasons[-1]
    assert operator.recover()
    demand_merged(operator)


def test_a_session_that_somebody_else_has_started_has_torn_the_backup() -> None:
    operator = operator_with()
    former = operator.back_up()
    assert former.is_consistent
    operator.site.slaves[SLAVE].session.status = PairStatus.ACTIVE
    ended = operator.back_up()
    assert ended.alerts[0].startswith("The backup on the slave gs::copy was overwritten: geo-replication is active for")
    assert ended.result == "SUCCESS"
    assert severity_of(ended) is Severity.ALERT


def test_a_good_backup_elsewhere_that_is_being_overwritten_keeps_the_only_other_one() -> None:
    operator = operator_with(settings=BackupSettings(method=ALTERNATE, merge_parallel=1))
    older, newer = operator.back_up(), operator.back_up()
    operator.site.slaves[newer.slave].session.status = PairStatus.ACTIVE
    ended = operator.back_up()
    assert (ended.result, ended.slave_text) == ("FAILED", "")
    assert operator.site.is_at_rest()
    assert operator.good == [older]
    assert operator.newest[newer.slave].slave_text.startswith("torn since")
    assert ended.alerts[0].startswith(f"The backup on the slave {newer.slave} was overwritten")
    assert f"the next run writes {newer.slave}" in ended.reasons[0]
    mended = operator.back_up()
    assert (mended.result, mended.slave) == ("SUCCESS", newer.slave)


@pytest.mark.parametrize(("owner", "name"), [(SiteClock, "sleep"), (SiteMachines, "snapshot"), (SiteMachines, "merge")])
def test_a_signal_ends_a_run_in_order(owner: type, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    operator = operator_with()
    during(monkeypatch, owner, name, refuse(Cancelled(15)))
    with pytest.raises(Cancelled) as stopped:
        operator.back_up()
    assert stopped.value.left.startswith("no snapshot is left, the slave is ")
    demand_merged(operator)
    assert operator.journals.unfinished() == []


def test_an_engine_that_goes_away_leaves_the_merges_to_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = operator_with()
    with monkeypatch.context() as patch:
        away = EngineUnreachable("the engine does not answer")
        during(patch, SiteFiles, "touch_master", lambda: [
            patch.setattr(SiteMachines, each, refuse(away)) for each in ("machines", "chain", "merge")
        ])  # fmt: skip
        ended = operator.back_up()
    assert ended.result == "FAILED"
    assert operator.site.is_at_rest()
    assert operator.back_up().result == "SUCCESS"
    demand_merged(operator)


def killed_after_its_checkpoint() -> Operator:
    """A run that was killed at the first point at which its checkpoint was recorded as complete."""
    number = 1
    operator = operator_with()
    while not any(each.is_complete for each in operator.journals.all()):
        operator = operator_with()
        operator.killed(number)
        number += 1
    return operator


def test_a_recovery_removes_nothing_while_a_session_cannot_be_brought_to_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = killed_after_its_checkpoint()
    operator.site.slaves[SLAVE].session.status = PairStatus.ACTIVE
    with monkeypatch.context() as patch:
        for name in ("pause", "stop"):
            patch.setattr(SiteReplication, name, refuse(GlusterError("no")))
        for name in ("mount", "check", "strip"):
            patch.setattr(SiteFiles, name, refuse(AssertionError(f"the recovery has called {name}")))
        assert not operator.recover()
    assert len(operator.site.overlays()) == 2
    assert operator.recover()
    demand_merged(operator)


def test_an_engine_that_is_away_at_a_recovery_gives_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = killed_after_its_checkpoint()
    with monkeypatch.context() as patch:
        patch.setattr(SiteMachines, "machines", refuse(EngineUnreachable("the engine does not answer")))
        assert not operator.recover()
    assert operator.recover()
    [journal] = operator.good
    assert operator.site.holds(journal)


def test_a_disk_that_fills_up_with_journals_does_not_keep_snapshots_from_being_merged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    operator = operator_with()
    full = refuse(NotWritten("/var/lib/glancesync/vms: No space left on device"))
    during(monkeypatch, SiteFiles, "mount", lambda: None)
    during(monkeypatch, SiteReplication, "start", lambda: monkeypatch.setattr(type(operator.journals), "write", full))
    ended = operator.back_up()
    assert ended.result == "FAILED"
    demand_merged(operator)


def test_what_is_left_out_on_purpose_is_named() -> None:
    ended = operator_with().back_up(Choice(exclude=("vm-2",)))
    assert ended.result == "PARTIAL"
    assert ended.left_out == (f"NOT CONSISTENT on the slave: vm-2 ({id_of(2, 1)}): excluded on purpose",)


def test_a_volume_without_running_virtual_machines_is_copied() -> None:
    operator = operator_with()
    for number in (1, 2):
        operator.site.set_state(number, "down")
    ended = operator.back_up()
    assert (ended.result, ended.is_consistent) == ("SUCCESS", True)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda site: setattr(site, "free", 5), "the master volume data has 5 % free, and 10 % are needed"),
        (
            lambda site: setattr(
                site.slaves[SLAVE].session, "slave", replace(site.slaves[SLAVE].session.slave, is_started=False)
            ),
            "the volume gs::copy is not started",
        ),
        (lambda site: setattr(site.slaves[SLAVE].session, "has_session", False), "there is no session"),
        (lambda site: setattr(site.slaves[SLAVE].session, "status", PairStatus.FAULTY), "is faulty"),
    ],
)
def test_before_the_first_snapshot_all_is_looked_at(change: Callable[[Site], None], reason: str) -> None:
    operator = operator_with()
    change(operator.site)
    ended = operator.back_up()
    assert ended.result == "FAILED"
    assert any(reason in each for each in ended.reasons), ended.reasons
    assert ended.machines == ()


def test_the_script_of_gluster_is_refused() -> None:
    ended = operator_with(settings=replace(NONE, scheduler="/srv/schedule_georep.py")).back_up()
    assert ended.reasons[0].startswith("[replication] scheduler = /srv/schedule_georep.py: gluster's own script ends")


def layers_of(journal: Journal) -> Sequence[Layers]:
    return [Layers(disk.id, disk.frozen, disk.overlay) for machine in journal.machines for disk in machine.disks]


def test_every_snapshot_covers_exactly_the_layers_of_the_journal() -> None:
    ended = operator_with(3).back_up()
    assert all(each.is_covered for each in layers_of(ended))
    assert len({each.overlay for each in layers_of(ended)}) == 3


def test_a_backup_that_was_overwritten_between_two_runs_is_reported_and_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    operator = operator_with()
    first = operator.back_up()
    layer = PurePosixPath(DOMAIN, "images", id_of(1, 2), id_of(1, 3))
    compared: list[str] = []
    kept: list[str] = []

    def slave_changes(self: SiteFiles, run: str) -> Sequence[PurePosixPath]:
        compared.append(run)
        return (layer,)

    monkeypatch.setattr(SiteFiles, "slave_changes", slave_changes)
    monkeypatch.setattr(NoKeeper, "before_replication", lambda self, run, last_good: kept.append(last_good))
    ended = operator.back_up()
    assert (compared, kept) == ([first.run], [""])
    [alert] = ended.alerts
    assert alert.endswith(f"written since run {first.run}: {layer}")
