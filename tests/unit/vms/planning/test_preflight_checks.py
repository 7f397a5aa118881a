"""A run does not begin when it cannot come to a good end (vms 2.0)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from fiwareglancesync.vms.layers.volume_probe import probe_writing, space_of
from fiwareglancesync.vms.planning.preflight_checks import (
    Space,
    rsync_problem,
    session_problems,
    space_problems,
    touched,
    volume_problems,
)
from fiwareglancesync.vms.replication.georep_model import Pair, PairStatus, Session, Volume
from fiwareglancesync.vms.vm_errors import GlusterError

ZONE = timezone(timedelta(hours=2))
ENDED = 1_800_000_000.0
"""When our last run saw the session at rest."""

LOCAL = datetime.fromtimestamp(ENDED, ZONE).replace(tzinfo=None)
SHARDED = {"features.shard": "on", "features.shard-block-size": "4MB"}
BROKEN = (PairStatus.FAULTY, PairStatus.OFFLINE, PairStatus.UNKNOWN)
PLAIN = Volume("data", True, (frozenset({"gm:/b"}),), {})


def rsync_text(version: str) -> str:
    return f"rsync  version {version}  protocol version 32\nCopyright (C) 1996-2026 by Andrew Tridgell and others.\n"


class TestVolumes:
    def test_two_that_are_alike_are_fine(self) -> None:
        assert volume_problems(PLAIN, replace(PLAIN, name="copy"), "tarssh") == ()
        sharded = replace(PLAIN, options=SHARDED)
        assert volume_problems(sharded, sharded, "rsync") == ()

    def test_one_that_is_not_started_is_named(self) -> None:
        stopped = replace(PLAIN, name="copy", is_started=False)
        assert volume_problems(PLAIN, stopped, "rsync") == ("the volume copy is not started",)

    def test_other_shards_or_another_method_are_named(self) -> None:
        sharded = replace(PLAIN, options=SHARDED)
        [problem] = volume_problems(PLAIN, sharded, "rsync")
        assert "must be sharded alike" in problem
        [problem] = volume_problems(sharded, sharded, "tarssh")
        assert "with rsync only" in problem


def test_the_times_of_a_file_say_that_it_has_changed_unless_they_are_those_of_its_first_shard() -> None:
    assert PLAIN.keeps_times
    assert not replace(PLAIN, options=SHARDED).keeps_times


class TestSession:
    @pytest.mark.parametrize("status", BROKEN)
    def test_a_pair_that_does_not_replicate_is_named(self, status: PairStatus) -> None:
        session = Session((Pair("gm:/a", PairStatus.STOPPED), Pair("gm:/b", status)))
        assert session_problems(session) == (f"geo-replication of gm:/b is {status.value}",)

    @pytest.mark.parametrize("status", [each for each in PairStatus if each not in BROKEN])
    def test_every_other_one_can_be_started(self, status: PairStatus) -> None:
        assert session_problems(Session((Pair("gm:/a", status),))) == ()

    def test_one_without_bricks_replicates_nothing(self) -> None:
        assert session_problems(Session(())) == ("the session of geo-replication has no bricks",)


class TestRsync:
    def test_the_version_that_copies_nothing_is_refused(self) -> None:
        assert rsync_problem(rsync_text("3.5.0"), "gs", "rsync").startswith("rsync 3.5.0 on gs copies nothing")

    @pytest.mark.parametrize("version", ["3.2.7", "3.5.1", "3.5.00", "v3.4.1", "13.5.0"])
    def test_others_are_not(self, version: str) -> None:
        assert rsync_problem(rsync_text(version), "gs", "rsync") == ""

    def test_it_does_not_matter_to_another_method_or_when_it_is_not_known(self) -> None:
        assert rsync_problem(rsync_text("3.5.0"), "gs", "tarssh") == ""
        assert rsync_problem("", "gs", "rsync") == ""


class TestTouched:
    """What shows that something else wrote to the slave."""

    def at_rest(self, seconds: float | None) -> Session:
        synced = None if seconds is None else LOCAL + timedelta(seconds=seconds)
        return Session((Pair("gm:/b", PairStatus.PAUSED, last_synced=synced),))

    @pytest.mark.parametrize("status", [PairStatus.ACTIVE, PairStatus.PASSIVE])
    def test_a_session_that_runs_before_us(self, status: PairStatus) -> None:
        session = Session((Pair("gm:/b", status),))
        assert touched(session, ENDED, ZONE) == "geo-replication is active for gm:/b, and was not started by a backup"
        assert touched(session, None, ZONE)

    def test_one_that_has_copied_since_our_last_run(self) -> None:
        found = touched(self.at_rest(1), ENDED, ZONE)
        assert found.startswith("geo-replication has copied since the last backup: gm:/b at ")

    @pytest.mark.parametrize("seconds", [0, -1, None])
    def test_nothing_when_it_copied_before_that_only(self, seconds: float | None) -> None:
        assert touched(self.at_rest(seconds), ENDED, ZONE) == ""

    def test_nothing_at_the_first_run(self) -> None:
        assert touched(self.at_rest(1), None, ZONE) == ""


def test_a_file_system_with_too_little_room_is_named() -> None:
    spaces = [Space("the master", 10, 100), Space("the slave", 9, 100), Space("nothing", 0, 0)]
    assert space_problems(spaces, 10) == ("the slave has 9 % free, and 10 % are needed",)


class TestProbe:
    def test_the_file_does_not_stay(self, tmp_path: Path) -> None:
        assert probe_writing(tmp_path, "run-1") == ""
        assert list(tmp_path.iterdir()) == []

    def test_a_volume_that_cannot_be_written_is_named(self, tmp_path: Path) -> None:
        found = probe_writing(tmp_path / "nowhere", "run-1")
        assert found.startswith("files cannot be made and removed on the slave: ")

    def test_what_a_link_leads_to_is_not_written(self, tmp_path: Path) -> None:
        (tmp_path / "outside").write_text("kept")
        (tmp_path / ".glancesync-probe-run-1").symlink_to(tmp_path / "outside")
        assert probe_writing(tmp_path, "run-1")
        assert (tmp_path / "outside").read_text() == "kept"

    def test_the_room_of_a_volume_is_read(self, tmp_path: Path) -> None:
        space = space_of(tmp_path, "the slave")
        assert 0 < space.free <= space.total
        with pytest.raises(GlusterError, match="the slave does not answer"):
            space_of(tmp_path / "nowhere", "the slave")
