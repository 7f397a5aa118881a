"""The summary of a call, and what a call in parallel shows (sync 1.4)."""

from __future__ import annotations

import json
import logging
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.base.errors import Cancelled, TimedOut
from fiwareglancesync.base.units import MIB
from fiwareglancesync.base.waiting import pause
from fiwareglancesync.cli.log_folders import LogPlace
from fiwareglancesync.cli.region_logs import RegionLogs
from fiwareglancesync.cli.sync_command import ONE_AT_A_TIME
from fiwareglancesync.events import RegionFinished, RegionStarted
from fiwareglancesync.images.places import PlaceIdentity
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedFederation, EmbeddedPlace
from fiwareglancesync.images.region_names import RegionRef
from fiwareglancesync.locks.region_lock import lock
from tests.support.builders import carrying, image, master_image
from tests.support.patient import allow_time_to_tidy
from tests.support.summary import without_durations

from .conftest import Shell
from .contents import CONFLICT, IN_STEP, MASTERS, failing, losing

OTHER = "[other]\ntenant_id = ours\ntenant = us\n"


@pytest.fixture
def regions(shell: Shell) -> Shell:
    """A region that lacks all, one that lacks nothing, one with a conflict."""
    shell.load(Spain=MASTERS, Burgos=[], Caceres=IN_STEP, Zamora=CONFLICT)
    return shell


@pytest.mark.parametrize(
    ("words", "summary"),
    [
        ([], "3 regions: 3 ok, 2 uploaded (3.0 MiB), 1 to decide; N s"),
        (["--config", "replace=any"], "3 regions: 3 ok, 2 uploaded, 1 replaced (4.0 MiB); N s"),
        (["--dry-run"], "3 regions: 3 ok, 2 would be uploaded (3.0 MiB), 1 to decide; N s"),
        (["--show-status", "--format", "table"], "3 regions: 3 ok, 2 pending (3.0 MiB), 1 to decide; N s"),
        (["--show-status"], ""),
        (["--show-status", "--format", "json"], ""),
        (["--show-regions"], ""),
        (["--show-regions", "Caceres", "Nowhere"], ""),
        (["--make-backups"], ""),
        (["-q"], ""),
        (["--image", "small"], "3 regions: 1 ok, 1 uploaded (1.0 MiB), 1 to decide; N s"),
        (["Caceres"], "1 region: 2 ok; N s"),
        (["Caceres", "Nowhere"], "2 regions: 2 ok; failed: Nowhere; N s"),
    ],
)
def test_it_is_the_last_line(regions: Shell, words: list[str], summary: str) -> None:
    assert without_durations(regions(*words).summary) == summary


def test_a_status_counts_what_is_pending_and_has_no_row(shell: Shell) -> None:
    left = carrying(image("left"), host=os.uname().nodename)
    shell.load(Spain=[*MASTERS, master_image("old_obsolete", "O")], Burgos=[*IN_STEP, image("old", "O"), left])
    status = shell("--show-status", "--format", "table")
    assert not any("old" in line or "left" in line for line in status.lines)
    assert without_durations(status.summary) == "1 region: 2 ok, 2 pending; N s"


def test_of_json_and_events_it_is_no_part(regions: Shell) -> None:
    ended = regions("--events", "-")
    assert all(line.startswith("{") for line in ended.lines)
    assert ended.summary.startswith("3 regions: ")


def test_with_parallel_it_names_the_folder_of_the_logs(regions: Shell) -> None:
    summary = regions("--parallel").summary
    (folder,) = regions.folder.glob("sync_*")
    assert summary.endswith(f"; logs in {folder.name}")


def test_a_region_that_fails_is_named(regions: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EmbeddedPlace, "listing", failing(TimedOut("30 s"), "listing"))
    for more in ([], ["--parallel"]):
        assert "3 regions: 3 ok, 1 to decide; failed: Burgos; " in regions(*more).summary


def test_a_region_that_another_run_holds_is_named(regions: Shell) -> None:
    place = PlaceIdentity(str((regions.folder / "federation").resolve()), "Burgos", "ours")
    with lock(place.lock_keys, "another"):
        assert "3 regions: 3 ok, 1 to decide; held by another run: Burgos; " in regions().summary


def test_a_master_that_fails_is_named(regions: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EmbeddedPlace, "listing", failing(TimedOut("30 s"), "listing", "Spain"))
    expected = "0 of 3 regions: nothing done; failed: master region Spain; not begun: 3; N s"
    assert without_durations(regions().summary) == expected


class TestInterrupted:
    @pytest.fixture(autouse=True)
    def interrupted(self, regions: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        """The run is interrupted when it makes the second image in Burgos."""
        create, parent = EmbeddedPlace.create, os.getpid()
        allow_time_to_tidy(monkeypatch)

        def stop(place: EmbeddedPlace, new: Any) -> Any:
            if new.name == "large" and place.name == "Burgos":
                os.kill(parent, signal.SIGINT)
                pause(600.0, lambda: None)
            return create(place, new)

        monkeypatch.setattr(EmbeddedPlace, "create", stop)

    def test_it_says_what_was_done(self, regions: Shell) -> None:
        ended = regions()
        assert (ended.code, ended.complaints[-1]) == (130, "ERROR:Interrupted; no unfinished image is left.")
        expected = "0 of 3 regions: 1 uploaded (1.0 MiB); interrupted: Burgos; not begun: 2; N s"
        assert without_durations(ended.summary) == expected

    def test_in_parallel_the_logs_of_the_regions_say_so_too(self, regions: Shell) -> None:
        ended = regions("--parallel")
        assert ended.code == 130
        assert "0 of 3 regions: 1 uploaded (1.0 MiB); interrupted: Burgos; not begun: 2; " in ended.summary
        (folder,) = regions.folder.glob("sync_*")
        last = {path.stem: path.read_text().splitlines()[-1] for path in folder.iterdir()}
        assert last["Burgos"].endswith(" ERROR Burgos: The run was interrupted.")
        assert last["Zamora"].endswith(" ERROR Zamora: The run was interrupted before anything was done here.")


@pytest.mark.parametrize("parallel", [False, True])
def test_what_was_done_before_a_crash_is_counted_and_reported(
    regions: Shell, monkeypatch: pytest.MonkeyPatch, parallel: bool
) -> None:
    create = EmbeddedPlace.create

    def crash(place: EmbeddedPlace, new: Any) -> Any:
        if new.name == "large" and place.name == "Burgos" and parallel:
            os.kill(os.getpid(), signal.SIGKILL)
        if new.name == "large" and place.name == "Burgos":
            raise KeyError("a fault of the program")
        return create(place, new)

    monkeypatch.setattr(EmbeddedPlace, "create", crash)
    metrics = ("--config", "main.metrics_file=m.prom")
    ended = regions("--report", "report", *metrics, *(["--parallel"] if parallel else []))
    assert ended.code == 1
    done = "3 regions: 3 ok, 1 uploaded (1.0 MiB), 1 to decide, 1 not done; failed: Burgos; N s"
    assert without_durations(ended.summary).startswith(done)
    burgos = json.loads((regions.folder / "report").read_text())["regions"][0]
    assert burgos["error"]
    assert [(image["image"], image["status"], image["action"]) for image in burgos["images"]] == [
        ("small", "pending_upload", "upload"),
        ("large", "pending_upload", None),
    ]
    pending = f'glancesync_pending_bytes{{mode="sync",region="Burgos"}} {2 * MIB}\n'
    assert pending in (regions.folder / "m.prom").read_text().replace("2.097152e+06", str(2 * MIB))


class TestParallel:
    def test_a_dry_run_shows_the_plans_region_by_region(self, regions: Shell) -> None:
        ended = regions("--dry-run", "--parallel", "--config", "main.max_children=3")
        assert ended.lines[:2] == ["INFO:Dry run: nothing is changed.", "INFO:======Master is Spain"]
        assert ended.lines[-1] == "INFO:All is done."
        blocks = "\n".join(ended.lines[2:-1]).split("INFO:======")[1:]
        assert sorted(without_durations(block.strip()) for block in blocks) == [
            "Burgos\nINFO:Burgos: Pending: small (1 MB)\nINFO:Burgos: Pending: large (2 MB)\n"
            "INFO:Burgos: MBs pending : 3\nINFO:Burgos: 2 would be uploaded (3 MB), N s\n"
            "INFO:Region Burgos has finished",
            "Caceres\nINFO:Caceres: Region is synchronized.\nINFO:Caceres: 2 ok, N s\n"
            "INFO:Region Caceres has finished",
            "Zamora\nINFO:Zamora: 1 images await a decision; nothing else is to be done.\n"
            "INFO:Zamora: Region is synchronized.\nINFO:Zamora: 1 to decide, N s\nINFO:Region Zamora has finished",
        ]
        assert [line.split(" (")[0] for line in ended.complaints] == [
            "WARNING:Image small has a different checksum"
        ]

    def test_that_does_one_region_at_a_time_is_reported_once(self, regions: Shell) -> None:
        for words, times in ((("--parallel",), 1), (("--parallel", "Burgos"), 0), ((), 0)):
            assert regions(*words).lines.count(f"INFO:{ONE_AT_A_TIME}") == times
        assert f"INFO:{ONE_AT_A_TIME}" not in regions("--parallel", "--config", "main.max_children=2").lines


def test_a_target_that_cannot_be_asked_is_named(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.load(Spain=MASTERS, Burgos=IN_STEP, other__Madrid=[], configuration=OTHER)
    monkeypatch.setattr(EmbeddedFederation, "regions", losing("other"))
    assert without_durations(shell("other:", "Burgos").summary) == "1 region: 2 ok; failed: target other; N s"


def test_the_log_of_a_region_says_what_the_run_could_not_remove(tmp_path: Path) -> None:
    stopped = Cancelled(signal.SIGINT)
    stopped.unfinished = ("Burgos: small (UUID 1)", "Zamora: large (UUID 2)")
    refs = [RegionRef("master", "Burgos"), RegionRef("master", "Avila")]
    place = LogPlace(tmp_path, 0, lambda text, level: None)
    region_logs = RegionLogs(refs, logging.INFO, place, pytest.fail)
    with suppress(Cancelled), region_logs:
        region_logs(RegionStarted("Avila"))
        region_logs(RegionFinished("Avila"))
        region_logs(RegionStarted("Burgos"))
        raise stopped
    assert region_logs.folder is not None
    burgos, avila = ((region_logs.folder / f"{name}.txt").read_text().splitlines() for name in ("Burgos", "Avila"))
    assert [line[20:] for line in burgos[-2:]] == [
        "ERROR Burgos: small (UUID 1) is unfinished; the next run finishes or removes it",
        "ERROR Burgos: The run was interrupted.",
    ]
    assert "interrupted" not in avila[-1]
