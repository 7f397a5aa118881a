"""What runs work with, opened from the settings of a backup (vms 1, 3)."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.base.errors import UsageError
from fiwareglancesync.vms.backup_config import BackupSettings
from fiwareglancesync.vms.backup_journal import SlaveState
from fiwareglancesync.vms.execution import backup_opening
from fiwareglancesync.vms.execution.backup_opening import BackupOpening, RunLimits, address_of
from fiwareglancesync.vms.planning.preflight_checks import touched
from fiwareglancesync.vms.replication.georep_model import Pair, PairStatus, Session
from fiwareglancesync.vms.slave_address import SlaveAddress
from fiwareglancesync.vms.vm_errors import JournalUnreadable, NotMounted, VolumeBusy
from fiwareglancesync.vms.vm_options import Verify
from tests.support.vm_builders import journal
from tests.support.vm_runs import ALTERNATE

NAMED = SlaveAddress("gs", "copy", "geo")


def opening(folder: Path, volume: str = "data", **settings: Any) -> BackupOpening:
    made = replace(BackupSettings(libvirt="test:///default", folder=str(folder)), **settings)
    return BackupOpening(made, volume, RunLimits(1.5, 60.0, Verify.SAMPLED), lambda message: None)


def alternating(folder: Path) -> BackupOpening:
    return opening(folder, method=ALTERNATE, alternate="other")


def keep(opened: BackupOpening, run: str, slave: str, state: SlaveState) -> None:
    since = f"2026-11-28T18:0{run[-1]}:00+00:00"
    opened.files.write(replace(journal(), run=run, slave=slave, slave_state=state, since=since))


class TestSlave:
    """The slave that the next run writes."""

    def test_without_a_second_volume_it_is_the_one_of_the_command_line(self, tmp_path: Path) -> None:
        assert opening(tmp_path).slave_to_write(NAMED) == NAMED

    def test_with_a_second_volume_it_is_the_one_without_the_newest_good_backup(self, tmp_path: Path) -> None:
        opened, other = alternating(tmp_path), SlaveAddress("gs", "other", "geo")
        assert opened.slave_to_write(NAMED) == NAMED
        keep(opened, "run-1", str(NAMED), SlaveState.CONSISTENT)
        assert opened.slave_to_write(NAMED) == other
        keep(opened, "run-2", str(other), SlaveState.CONSISTENT)
        assert opened.slave_to_write(NAMED) == NAMED
        keep(opened, "run-3", str(other), SlaveState.TORN)
        assert opened.slave_to_write(NAMED) == other

    def test_the_account_of_the_slave_makes_no_other_slave(self, tmp_path: Path) -> None:
        opened = alternating(tmp_path)
        keep(opened, "run-1", "gs::copy", SlaveState.CONSISTENT)
        assert opened.slave_to_write(NAMED) == SlaveAddress("gs", "other", "geo")

    def test_the_same_volume_twice_keeps_nothing_and_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"\[generations\] alternate = other: this is the slave volume of the"):
            alternating(tmp_path).slave_to_write(SlaveAddress("gs", "other"))

    def test_a_damaged_journal_leaves_it_open_which_one_that_is(self, tmp_path: Path) -> None:
        opened = alternating(tmp_path)
        keep(opened, "run-1", str(NAMED), SlaveState.CONSISTENT)
        (tmp_path / "data" / "journals" / "run-1.json").write_bytes(b"\xff\x00")
        with pytest.raises(JournalUnreadable, match=r"run-1\.json: the journal cannot be read"):
            opened.slave_to_write(NAMED)

    @pytest.mark.parametrize("slave", [NAMED, SlaveAddress("gs", "copy")])
    def test_a_journal_names_it_so_that_it_is_found_again(self, slave: SlaveAddress) -> None:
        assert address_of(str(slave)) == slave


class TestTools:
    def test_a_volume_that_is_not_mounted_here_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(NotMounted, match="the volume data is not mounted on this machine"):
            opening(tmp_path).tools(str(NAMED))

    def test_the_sessions_to_all_slaves_of_former_runs_are_looked_at(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(backup_opening, "find_mounts", lambda *words: [tmp_path])
        opened = opening(tmp_path)
        keep(opened, "run-1", str(NAMED), SlaveState.CONSISTENT)
        keep(opened, "run-2", "gs::other", SlaveState.TORN)
        tools = opened.tools(str(NAMED))
        assert list(tools.others) == ["gs::other"]
        assert (tools.interval, tools.timeout, tools.verify) == (1.5, 60.0, Verify.SAMPLED)

    def test_the_session_to_the_second_slave_volume_is_looked_at_before_any_run_has_written_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(backup_opening, "find_mounts", lambda *words: [tmp_path])
        opened = alternating(tmp_path)
        assert list(opened.tools(str(NAMED)).others) == ["geo@gs::other"]
        keep(opened, "run-1", "gs::copy", SlaveState.CONSISTENT)
        assert list(opened.tools("geo@gs::other").others) == ["gs::copy"]

    def test_gluster_shows_times_by_the_rules_of_this_machine_on_both_sides_of_a_change_of_clocks(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(backup_opening, "find_mounts", lambda *words: [tmp_path])
        zone = opening(tmp_path).tools(str(NAMED)).zone
        monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        try:
            summer, winter = (
                datetime(2026, month, 1, 12, tzinfo=timezone.utc).timestamp() for month in (7, 12)
            )
            session = Session((Pair("gm:/b", PairStatus.PAUSED, last_synced=datetime(2026, 7, 1, 13, 59)),))
            assert touched(session, summer, zone) == ""
            assert [datetime.fromtimestamp(each, zone).hour for each in (summer, winter)] == [14, 13]
        finally:
            monkeypatch.undo()
            time.tzset()


def test_one_run_works_on_a_volume_at_a_time_and_others_on_other_volumes(tmp_path: Path) -> None:
    with opening(tmp_path).locked():
        with pytest.raises(VolumeBusy, match="another run works on the volume data: "), opening(tmp_path).locked():
            pytest.fail("two runs at once")
        with opening(tmp_path, "other").locked():
            pass
    with opening(tmp_path).locked():
        pass
