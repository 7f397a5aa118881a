"""Events, the report and the logs of regions, on disks that are full too (sync 1.1, 1.4)."""

from __future__ import annotations

import json
import os
import signal

import pytest

from fiwareglancesync.base.units import MIB
from fiwareglancesync.cli.log_folders import LogFolder
from fiwareglancesync.cli.report import UnfinishedRegions
from fiwareglancesync.events import Done, Event
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedPlace

from .conftest import Shell
from .contents import CONFLICT, IN_STEP, MASTERS, failing

FULL = "ERROR:{} cannot be written to its end: No space left on device"
INSTEAD = "these lines are printed here instead"


class TestRecords:
    def test_events_go_to_a_file_or_to_stdout_with_the_narrative_on_stderr(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        assert shell("--dry-run", "--events", "events").lines[1] == "INFO:======Master is Spain"
        kinds = [json.loads(line)["kind"] for line in (shell.folder / "events").read_text().splitlines()]
        assert kinds == [
            "run-started",
            "region-started",
            "region-planned",
            *["pending"] * 2,
            "region-finished",
            "run-finished",
        ]
        ended = shell("--events", "-")
        assert [json.loads(line)["kind"] for line in ended.lines][-1] == "run-finished"
        assert ended.complaints[0] == "INFO:======Master is Spain"

    def test_the_report_is_one_document(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=CONFLICT)
        assert shell("--report", "report", "--exit-code").code == 3
        document = json.loads((shell.folder / "report").read_text())
        assert (document["mode"], document["exit_code"]) == ("sync", 3)
        (region,) = document["regions"]
        assert [(found["image"], found["status"]) for found in region["images"]] == [
            ("small", "error_checksum"),
            ("large", "ok"),
        ]

    @pytest.mark.parametrize("option", ["--report", "--events"])
    def test_neither_replaces_the_configuration_nor_the_metrics(self, shell: Shell, option: str) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        before = shell.configuration.read_text()
        os.symlink(shell.configuration, shell.folder / "link")
        conf = "configuration file"
        for name, what in (("glancesync.conf", conf), ("link", conf), ("m", "metrics_file")):
            ended = shell(option, name, "--config", "metrics_file=m")
            complaint = f"ERROR:{option}: {name} is the {what}, which is not replaced; name another file"
            assert (ended.code, ended.out, ended.complaints) == (2, "", [complaint])
        assert shell.configuration.read_text() == before
        assert shell.images("Burgos") == []

    def test_there_is_a_report_even_if_no_region_was_listed(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        assert shell("--show-regions", "--report", "report").code == 0
        document = json.loads((shell.folder / "report").read_text())
        assert (document["mode"], document["regions"]) == ("show-regions", [])

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    @pytest.mark.parametrize("parallel", [[], ["--parallel", "--config", "main.max_children=1"]])
    def test_the_report_of_an_interrupted_run_has_all_regions_and_what_is_done(
        self, shell: Shell, monkeypatch: pytest.MonkeyPatch, number: int, code: int, parallel: list[str]
    ) -> None:
        shell.load(Spain=MASTERS, Avila=IN_STEP, Burgos=[], Zamora=[])
        listen = UnfinishedRegions.__call__
        done: list[Event] = []

        def interrupt(listener: UnfinishedRegions, event: Event) -> None:
            listen(listener, event)
            if isinstance(event, Done) and not done:
                done.append(event)
                os.kill(os.getpid(), number)

        monkeypatch.setattr(UnfinishedRegions, "__call__", interrupt)
        assert shell("--report", "report", *parallel).code == code
        document = json.loads((shell.folder / "report").read_text())
        avila, burgos, zamora = document["regions"]
        assert (document["exit_code"], avila["region"], avila["error"]) == (code, "Avila", None)
        assert (burgos["region"], burgos["error"]) == ("Burgos", "the run ended before the region was done")
        found, other = burgos["images"]
        keys = ("image", "status", "action", "bytes", "error")
        assert tuple(found[key] for key in keys) == ("small", "pending_upload", "upload", MIB, None)
        assert tuple(other[key] for key in keys[:2]) == ("large", "pending_upload")
        assert parallel or other["action"] is None  # a process of its own may have done more by then
        not_begun = "the run ended before the region was begun"
        assert (zamora["region"], zamora["error"], zamora["images"]) == ("Zamora", not_begun, [])

    @pytest.mark.parametrize(("words", "code"), [(["nobody:"], 2), ([], 1)])
    def test_a_run_that_fails_before_any_region_has_a_report_of_none(
        self, shell: Shell, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int
    ) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        monkeypatch.setattr(EmbeddedPlace, "listing", failing(RecursionError("too deep"), "listing", "Spain"))
        assert shell(*words, "--report", "report").code == code
        document = json.loads((shell.folder / "report").read_text())
        assert (document["exit_code"], document["regions"]) == (code, [])

    def test_a_report_that_cannot_be_written_is_found_before_anything_is_done(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        ended = shell("--report", "nowhere/report")
        assert ended.code == 2
        assert shell.images("Burgos") == []

    def test_a_full_disk_is_reported_and_the_regions_are_done_all_the_same(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=[], Zamora=[])
        ended = shell("--events", "/dev/full", "--report", "report")
        assert (ended.code, ended.complaints) == (1, [FULL.format("/dev/full")])
        assert [len(shell.images(region)) for region in ("Burgos", "Zamora")] == [2, 2]
        document = json.loads((shell.folder / "report").read_text())
        assert (document["exit_code"], [found["failed"] for found in document["regions"]]) == (1, [0, 0])

    @pytest.mark.parametrize("words", [[], ["--events", "-"]])
    def test_a_full_disk_below_standard_output_is_no_reason_to_stop(
        self, shell: Shell, monkeypatch: pytest.MonkeyPatch, words: list[str]
    ) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        with open("/dev/full", "w") as full:
            monkeypatch.setattr("sys.stdout", full)
            ended = shell(*words)
        assert ended.code == 1
        assert FULL.format("standard output") in ended.complaints
        assert len(shell.images("Burgos")) == 2

    def test_a_report_that_does_not_fit_the_disk_is_reported(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        ended = shell("--report", "/dev/full")
        assert (ended.code, ended.complaints) == (1, [FULL.format("/dev/full")])
        assert len(shell.images("Burgos")) == 2

    def test_the_narrative_that_no_file_can_take_is_printed_like_any_other(
        self, shell: Shell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shell.load(Spain=MASTERS, Burgos=[], Zamora=IN_STEP)
        logs = shell.folder / "logs"
        logs.mkdir()
        for region in ("Burgos", "Zamora"):
            (logs / f"{region}.txt").symlink_to("/dev/full")
        monkeypatch.setattr(LogFolder, "file", lambda folder, region: logs / f"{region}.txt")
        ended = shell("--parallel", "--config", "main.max_children=1")
        complaint = f"{FULL.format(logs / 'Burgos.txt')}; {INSTEAD}"
        assert (ended.code, ended.complaints) == (1, [complaint])
        assert ended.lines[2] == "INFO:======Burgos"
        assert "INFO:Zamora: Region is synchronized." in ended.lines
        assert len(shell.images("Burgos")) == 2

    def test_where_no_folder_can_be_made_for_the_narratives_the_regions_are_done_all_the_same(
        self, shell: Shell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        (shell.folder / "gone").mkdir()
        monkeypatch.chdir(shell.folder / "gone")
        (shell.folder / "gone").rmdir()
        ended = shell("--parallel")
        assert ended.code == 1
        assert ended.err.endswith(f" cannot be made here: No such file or directory; {INSTEAD}\n")
        assert "INFO:Burgos:   Total uploaded to region: 3 (MB)" in ended.lines
        assert len(shell.images("Burgos")) == 2
