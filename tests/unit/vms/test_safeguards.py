"""Each safeguard of a run, on a site in memory (vms 2.0, 2.4, 2.6, 2.7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from fiwareglancesync.base.errors import NotWritten
from fiwareglancesync.vms.backup_config import BackupSettings
from fiwareglancesync.vms.backup_journal import KeptFile, SlaveState, Stage
from fiwareglancesync.vms.engines.machines_port import Consistency, StoreLayer
from fiwareglancesync.vms.planning.preflight_checks import Space
from fiwareglancesync.vms.replication.georep_model import PairStatus
from fiwareglancesync.vms.vm_errors import DomainFileRefused, SnapshotRefused, VolumeFilesError
from fiwareglancesync.vms.vm_options import Quiesce
from tests.support.kill_points import Killed
from tests.support.vm_builders import id_of
from tests.support.vm_runs import ALTERNATE, Operator
from tests.support.vm_site import SLAVES, NoKeeper, Site, SiteFiles, SiteMachines, SiteReplication

SLAVE = SLAVES[0]


@pytest.fixture
def operator() -> Operator:
    """Two virtual machines, and one slave."""
    return Operator(Site(2), BackupSettings(merge_parallel=1))


def note(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, act: Callable[[], object]) -> None:
    """Have something happen before each call of a method."""
    method = getattr(owner, name)

    def call(*arguments: Any, **options: Any) -> Any:
        act()
        return method(*arguments, **options)

    monkeypatch.setattr(owner, name, call)


def test_the_overlays_of_one_whose_snapshot_was_late_stay_on_the_slave_and_are_merged(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = SiteMachines.snapshot

    def snapshot(
        self: SiteMachines, machine: str, overlays: Mapping[str, str], quiesce: Quiesce, run: str
    ) -> Consistency:
        found = made(self, machine, overlays, quiesce, run)
        if machine == id_of(2, 1):
            raise SnapshotRefused("the snapshot is not ok within 10 min")
        return found

    stripped: list[str] = []
    strip = SiteFiles.strip

    def record(self: SiteFiles, machine: Any, chains: Any) -> None:
        stripped.append(machine.name)
        strip(self, machine, chains)

    monkeypatch.setattr(SiteMachines, "snapshot", snapshot)
    monkeypatch.setattr(SiteFiles, "strip", record)
    ended = operator.back_up()
    assert (ended.result, stripped) == ("PARTIAL", ["vm-1"])
    assert operator.site.slaves[SLAVE].removed == {ended.machines[0].disks[0].overlay}
    assert operator.site.overlays() == set()


def test_a_snapshot_that_is_reported_and_is_not_there_covers_nothing(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SiteMachines, "snapshot", lambda *arguments: Consistency.CRASH)
    ended = operator.back_up()
    assert (ended.result, ended.checkpoint) == ("FAILED", None)
    assert all("after the snapshot the disk" in line for line in ended.left_out)
    assert len(ended.left_out) == 2


def test_a_run_that_compared_nothing_does_not_say_that_it_did(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator.site.free = 5
    assert operator.back_up().verify == ""
    operator.site.free = 50
    assert operator.back_up().verify == "full"


def test_a_slave_that_is_nearly_full_is_not_written(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SiteFiles, "try_slave", lambda self, run: Space("the slave volume", 9, 100))
    ended = operator.back_up()
    assert (ended.result, ended.machines) == ("FAILED", ())
    assert ended.reasons == ("the slave volume has 9 % free, and 10 % are needed",)


def test_an_rsync_that_copies_nothing_is_refused(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"the master": "rsync  version 3.5.0  protocol version 32"}
    monkeypatch.setattr(SiteFiles, "rsync_versions", lambda self: versions)
    ended = operator.back_up()
    assert (ended.result, ended.machines) == ("FAILED", ())
    assert ended.reasons[0].startswith("rsync 3.5.0 on the master copies nothing")


def test_the_write_that_completes_a_checkpoint_is_at_least_a_second_after_it(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments: dict[str, float] = {}
    note(monkeypatch, SiteReplication, "set_checkpoint", lambda: moments.update(set=operator.site.seconds))
    note(monkeypatch, SiteFiles, "touch_master", lambda: moments.setdefault("touched", operator.site.seconds))
    assert operator.back_up().result == "SUCCESS"
    assert moments["touched"] - moments["set"] >= 1


def test_a_slave_is_recorded_as_torn_before_replication_begins(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[str] = []
    note(monkeypatch, SiteReplication, "start", lambda: states.append(operator.journals.all()[-1].slave_text))
    assert operator.back_up().result == "SUCCESS"
    assert states[0].startswith("torn since")


def test_what_a_killed_run_has_mounted_is_unmounted_before_anything_is_merged(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = 1
    while not operator.site.overlays():
        operator.killed(number)
        number += 1
    calls: list[str] = []
    note(monkeypatch, SiteFiles, "unmount", lambda: calls.append("unmount"))
    note(monkeypatch, SiteMachines, "merge", lambda: calls.append("merge"))
    assert operator.recover()
    assert calls[0] == "unmount"
    assert "merge" in calls


def test_after_a_checkpoint_that_was_not_complete_a_recovery_removes_nothing_from_the_slave(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = 1
    while operator.site.is_at_rest():
        operator.recover()
        operator.killed(number)
        number += 1
    operator.site.pass_time(50)
    calls: list[str] = []
    note(monkeypatch, SiteFiles, "strip", lambda: calls.append("strip"))
    assert operator.recover()
    [journal] = operator.newest.values()
    assert (calls, journal.result) == ([], "FAILED")
    assert journal.slave_text.startswith("torn since")


def test_files_of_the_domain_are_put_back_only_where_a_backup_was_made(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    note(monkeypatch, SiteFiles, "put_back", lambda: calls.append("put_back"))
    files = operator.site.slaves[SLAVE].files
    note(monkeypatch, SiteFiles, "check", lambda: files.update({id_of(number, 3): 0 for number in (1, 2)}))
    assert operator.back_up().result == "FAILED"
    assert calls == []


def test_a_recovery_gives_up_nothing_that_was_stripped_and_merged_before_the_kill(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    merges: list[str] = []

    def refuse(*arguments: object) -> None:
        raise VolumeFilesError("the slave cannot be written")

    def kill_at_the_second() -> None:
        merges.append("merge")
        if len(merges) > 1:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(SiteFiles, "put_back", refuse)
        note(patch, SiteMachines, "merge", kill_at_the_second)
        with pytest.raises(Killed):
            operator.back_up()
    [killed] = operator.journals.all()
    assert [each.stage for each in killed.machines] == [Stage.MERGED, Stage.STRIPPED]
    assert operator.recover()
    [journal] = operator.good
    assert [each.name for each in journal.machines if each.is_dropped] == []
    assert operator.site.holds(journal)


def test_metadata_of_one_that_cannot_be_kept_keeps_no_other_one_from_its_backup(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meta(self: SiteFiles, domain: str, disk: str, layer: str) -> str:
        if disk == id_of(2, 2):
            raise DomainFileRefused(f"{disk} is a symbolic link")
        return ""

    monkeypatch.setattr(SiteFiles, "meta", meta)
    ended = operator.back_up()
    assert (ended.result, [each.name for each in ended.machines]) == ("PARTIAL", ["vm-1"])
    [line] = ended.left_out
    assert line.endswith(f"metadata of a disk cannot be kept: {id_of(2, 2)} is a symbolic link")


def test_what_a_run_that_was_killed_before_its_first_snapshot_has_mounted_is_unmounted(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounted: list[bool] = []

    def mount(self: SiteFiles) -> None:
        mounted.append(True)
        self.is_mounted = True

    monkeypatch.setattr(SiteFiles, "mount", mount)
    number = 1
    while not mounted:
        operator.killed(number)
        number += 1
    monkeypatch.setattr(SiteFiles, "unmount", lambda self: mounted.clear())
    assert operator.recover()
    assert not mounted


def test_geo_replication_that_is_started_between_two_merges_is_brought_to_rest_and_the_slave_is_torn(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    merge, session = SiteMachines.merge, operator.site.slaves[SLAVE].session
    merges: list[str] = []

    def merge_and_start(self: SiteMachines, machine: str, layers: Any, seconds: float) -> None:
        merge(self, machine, layers, seconds)
        if not merges:
            session.status = PairStatus.ACTIVE
        merges.append(machine)

    monkeypatch.setattr(SiteMachines, "merge", merge_and_start)
    ended = operator.back_up()
    assert len(merges) == 2
    assert operator.site.overlays() == set()
    assert session.status is PairStatus.PAUSED
    assert (ended.result, ended.is_consistent) == ("FAILED", False)
    assert ended.reasons[-1].startswith("geo-replication was started by something else while snapshots were merged")


def test_a_session_that_does_not_stop_when_it_stands_still_is_not_started_again(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SiteFiles, "touch_master", lambda self: None)
    monkeypatch.setattr(SiteReplication, "stop", lambda self: None)
    ended = operator.back_up()
    assert ended.reasons == ("geo-replication does not stop",)
    assert operator.site.is_at_rest()


def test_the_slave_is_kept_only_when_it_holds_the_backup_of_the_run(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[str] = []
    monkeypatch.setattr(NoKeeper, "after_strip", lambda self, run: kept.append(run))
    files = operator.site.slaves[SLAVE].files
    with monkeypatch.context() as patch:
        note(patch, SiteFiles, "check", lambda: files.update({id_of(number, 3): 0 for number in (1, 2)}))
        assert operator.back_up().result == "FAILED"
    assert kept == []
    run = operator.back_up().run
    assert kept == [run]


def test_a_volume_with_two_storage_domains_is_refused(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SiteMachines, "domains", lambda self, volume: ["a", "b"])
    ended = operator.back_up()
    assert (ended.result, ended.machines) == ("FAILED", ())
    assert ended.reasons == ("the volume data has several storage domains: a, b; expected one",)


def test_the_files_in_which_the_engine_writes_are_kept_before_the_first_snapshot(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = StoreLayer(id_of(8, 2), id_of(8, 3))
    operator.site.engine.store = [layer]
    calls: list[object] = []

    def keep(self: SiteFiles, run: str, domain: str, layers: Sequence[StoreLayer]) -> tuple[KeptFile, ...]:
        calls.extend(layers)
        return (KeptFile(domain, layer.disk, layer.layer, 1, "ab"),)

    monkeypatch.setattr(SiteFiles, "keep", keep)
    note(monkeypatch, SiteMachines, "snapshot", lambda: calls.append("snapshot"))
    ended = operator.back_up()
    assert calls == [layer, "snapshot", "snapshot"]
    assert [each.name for each in ended.kept] == [layer.layer]


def test_a_full_disk_does_not_keep_a_recovery_from_merging_what_an_ended_run_has_left(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        note(patch, SiteFiles, "strip", lambda: operator.site.set_state(2, "down"))
        assert operator.back_up().result == "PARTIAL"
    operator.site.set_state(2, "up")

    def full(*arguments: object) -> None:
        raise NotWritten("/var/lib/glancesync/vms: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(type(operator.journals), "write", full)
        operator.recover()
    assert operator.site.overlays() == set()


def test_a_torn_slave_elsewhere_cannot_be_overwritten() -> None:
    operator = Operator(Site(1), BackupSettings(method=ALTERNATE, merge_parallel=1))
    operator.back_up()
    other = operator.back_up()
    for journal in operator.journals.all():
        operator.journals.write(replace(journal, slave_state=SlaveState.TORN))
    operator.site.slaves[other.slave].session.status = PairStatus.ACTIVE
    ended = operator.back_up()
    assert (ended.slave, ended.result, ended.alerts) == (SLAVES[0], "SUCCESS", ())
    assert operator.site.is_at_rest()


def test_neither_volume_is_mounted_while_the_session_runs(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    for owner, name in ((SiteFiles, "mount"), (SiteFiles, "unmount"), (SiteReplication, "start")):
        note(monkeypatch, owner, name, partial(calls.append, name))
    assert operator.back_up().result == "SUCCESS"
    assert calls[:5] == ["mount", "unmount", "start", "mount", "unmount"]


def test_a_master_that_fills_up_while_the_slave_is_compared_gives_the_rest_up_and_merges(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    strip = SiteFiles.strip

    def filled(self: SiteFiles, machine: Any, chains: Any) -> None:
        strip(self, machine, chains)
        operator.site.free = 3

    monkeypatch.setattr(SiteFiles, "strip", filled)
    ended = operator.back_up()
    assert ended.result == "PARTIAL"
    assert ended.reasons == ("vm-2: the master volume data has 3 % free, and 10 % are needed",)
    assert [machine.is_stripped for machine in ended.machines] == [True, False]
    assert operator.site.overlays() == set()
