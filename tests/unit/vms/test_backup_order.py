"""Runs one after the other: after one that is not recovered, and after the clock was set back (vms 2)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from fiwareglancesync.base.severity import Severity
from fiwareglancesync.vms.backup_config import BackupSettings
from fiwareglancesync.vms.backup_journal import JournalMachine, KeptFile, SlaveState, Stage
from fiwareglancesync.vms.execution.vm_backup_run import new_run_id
from fiwareglancesync.vms.planning.vm_status import problems_of, volume_status
from fiwareglancesync.vms.vm_errors import EngineUnreachable, MergeFailed, VolumeFilesError
from fiwareglancesync.vms.vm_model import DiskStatus, Machine
from tests.support.vm_builders import id_of
from tests.support.vm_runs import Operator
from tests.support.vm_site import MASTER, SLAVES, Site, SiteClock, SiteFiles, SiteMachines

NONE = BackupSettings(merge_parallel=1)
NOW = datetime(2026, 11, 28, 18, 0, 0, tzinfo=timezone.utc)


def complete_and_killed() -> Operator:
    """A site where a run was killed after its checkpoint was complete."""
    number = 1
    while True:
        operator = Operator(Site(), NONE)
        assert operator.killed(number)
        if any(each.is_complete for each in operator.journals.all()):
            return operator
        number += 1


class AwayOnce(SiteMachines):
    """An engine that does not answer the first time."""

    is_back = False

    def machines(self) -> Sequence[Machine]:
        if not self.is_back:
            self.is_back = True
            raise EngineUnreachable("the engine does not answer")
        return super().machines()


def test_no_run_begins_before_the_one_that_was_killed_is_recovered() -> None:
    operator = complete_and_killed()
    [killed] = operator.journals.all()
    operator.engine = AwayOnce(operator.site)
    ended = operator.back_up()
    assert ended.result == "FAILED"
    assert f"{killed.run} could not be recovered, so no run begins; call vms recover" in ended.reasons
    assert not ended.machines
    assert operator.back_up().result == "SUCCESS"
    assert operator.site.overlays() == set()


def test_after_the_clock_was_set_back_the_run_that_has_written_last_is_the_newest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    operator = Operator(Site(), NONE)
    operator.back_up()
    now = SiteClock.now
    monkeypatch.setattr(SiteClock, "now", lambda clock: now(clock) - timedelta(hours=2))
    operator.site.free = 5
    second = operator.back_up()
    operator.site.free = 50
    assert (second.result, second.slave_text) == ("FAILED", "")
    third = operator.back_up()
    assert third.result == "SUCCESS"
    [slave] = volume_status(MASTER, operator.journals.all()).slaves
    assert slave.state == f"consistent as of {third.run}"


def test_after_the_clock_was_set_back_two_slaves_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = Operator(Site())
    slaves = [operator.back_up().slave, operator.back_up().slave]
    now = SiteClock.now
    monkeypatch.setattr(SiteClock, "now", lambda clock: now(clock) - timedelta(hours=2))
    slaves += [operator.back_up().slave, operator.back_up().slave]
    assert slaves == [*SLAVES, *SLAVES]


def test_a_backup_that_begins_after_the_clock_is_a_warning() -> None:
    operator = Operator(Site(), NONE)
    operator.back_up()
    now = datetime.now(timezone.utc)
    found = volume_status(MASTER, operator.journals.all())
    ahead = replace(found, good=now + timedelta(days=2))
    severity, [text] = problems_of(ahead, now, 3600)
    assert severity is Severity.WARNING
    assert text.endswith("which is to come; check the clock of this machine")
    assert problems_of(replace(found, good=now + timedelta(minutes=2)), now, 3600) == (Severity.OK, [])


def test_the_account_of_the_slave_makes_no_other_slave() -> None:
    operator = Operator(Site(), NONE)
    former = operator.back_up()
    torn = replace(former, run="20991231T000000Z-ab", slave=f"geo@{former.slave}", slave_state=SlaveState.TORN)
    operator.journals.write(torn)
    [slave] = volume_status(MASTER, operator.journals.all()).slaves
    assert (slave.is_consistent, slave.run) == (False, torn.run)


def test_a_snapshot_that_no_recovery_can_merge_is_a_reason_once() -> None:
    operator = Operator(Site(1), NONE)
    number = 1
    while not operator.site.overlays():
        operator.killed(number)
        number += 1
    operator.site.set_state(1, "down")
    for _ in range(3):
        assert not operator.recover()
    [journal] = operator.journals.unfinished()
    assert sum("its snapshot is not merged" in each for each in journal.reasons) == 1


def test_ids_of_runs_are_in_their_order() -> None:
    later = new_run_id(NOW + timedelta(hours=1))
    assert new_run_id(NOW, [new_run_id(NOW - timedelta(hours=3)), later]) > later
    assert new_run_id(NOW).startswith("20261128T180000Z-")


def test_when_everything_is_left_out_nothing_is_replicated() -> None:
    operator = Operator(Site(1), NONE)
    [stored] = operator.site.engine.machines.values()
    locked = tuple(replace(disk, status=DiskStatus.LOCKED) for disk in stored.machine.disks)
    stored.machine = replace(stored.machine, disks=locked)
    ended = operator.back_up()
    assert (ended.result, ended.slave_text) == ("FAILED", "")
    assert ended.reasons == ("no snapshot could be made, so nothing is replicated",)


def test_a_disk_that_is_detached_in_mid_run_is_named_with_its_overlay(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = Operator(Site(2), NONE)
    disk = id_of(1, 2)
    put_back = SiteFiles.put_back

    def detached(files: SiteFiles, run: str, kept: Sequence[KeptFile]) -> None:
        operator.site.engine.machines[id_of(1, 1)].chains.pop(disk)
        put_back(files, run, kept)

    monkeypatch.setattr(SiteFiles, "put_back", detached)
    ended = operator.back_up()
    [overlay] = [its.overlay for each in ended.machines for its in each.disks if its.id == disk]
    assert f"vm-1 does not have a disk any more; its overlay may be left: {overlay}" in ended.reasons
    assert (ended.result, [each.stage for each in ended.machines]) == ("PARTIAL", [Stage.GONE, Stage.MERGED])


def test_an_overlay_that_was_removed_before_the_slave_refused_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = Operator(Site(1), NONE)
    with monkeypatch.context() as patch:
        strip = SiteFiles.strip

        def strip_half(self: SiteFiles, machine: JournalMachine, chains: Mapping[str, Collection[str]]) -> None:
            strip(self, machine, chains)
            operator.site.set_state(1, "down")
            raise VolumeFilesError("the slave does not answer any more")

        patch.setattr(SiteFiles, "strip", strip_half)
        ended = operator.back_up()
    assert (ended.result, [each.stage for each in ended.machines]) == ("FAILED", [Stage.STRIPPING])
    operator.site.set_state(1, "up")

    def busy(*arguments: object) -> None:
        raise MergeFailed("the engine is busy")

    with monkeypatch.context() as patch:
        patch.setattr(SiteMachines, "merge", busy)
        later = operator.back_up()
    assert later.is_consistent, later.reasons
    assert operator.site.holds(later)
