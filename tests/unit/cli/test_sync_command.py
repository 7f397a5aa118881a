"""Calls of the command: modes, and where output goes (sync 1.1 to 1.4)."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pytest

from fiwareglancesync.base.errors import Conflict, Rejected, TimedOut
from fiwareglancesync.base.units import MIB
from fiwareglancesync.cli.sync_command import ONE_AT_A_TIME
from fiwareglancesync.images.model import Image
from fiwareglancesync.images.places import PlaceIdentity
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedPlace
from fiwareglancesync.locks.region_lock import lock
from tests.support.builders import THEIRS, carrying, image, master_image
from tests.support.summary import without_durations

from .conftest import Shell
from .contents import CONFLICT, MASTERS, failing

OTHER = "[other]\ntenant_id = ours\ntenant = us\n"


class TestARun:
    def test_has_its_narrative_and_ends_with_0(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        ended = shell()
        assert (ended.code, ended.err) == (0, "")
        assert ended.lines == [
            "INFO:======Master is Spain",
            "INFO:======Burgos",
            "INFO:Burgos: Uploading image small (1 MB)",
            "INFO:Burgos: Image uploaded.",
            "INFO:Burgos: Uploading image large (2 MB)",
            "INFO:Burgos: Image uploaded.",
            "INFO:Burgos:   Total uploaded to region: 3 (MB)",
        ]

    def test_a_second_time_has_nothing_to_do(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        shell()
        assert shell().lines == [
            "INFO:======Master is Spain",
            "INFO:======Burgos",
            "INFO:Burgos: Region is synchronized.",
        ]

    def test_a_conflict_awaits_a_decision_and_is_no_failure(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=CONFLICT)
        ended = shell()
        assert ended.code == 0
        assert ended.lines[-2:] == [
            "INFO:Burgos: 1 images await a decision; nothing else is to be done.",
            "INFO:Burgos: Region is synchronized.",
        ]
        assert ended.complaints == [
            "WARNING:Image small has a different checksum (X) in region Burgos than in the master region. "
            'To decide, write "replace = X" in [master]; then this image is replaced, with rename it is kept as '
            "small.old, with dontupdate it stays as it is."
        ]

    def test_an_image_that_fails_is_reported_and_ends_with_1(
        self, shell: Shell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        adopt = EmbeddedPlace.adopt

        def refuse(place: EmbeddedPlace, image_id: str, master: Image) -> None:
            if master.name == "small":
                raise Rejected("no such format", status=415)
            adopt(place, image_id, master)

        monkeypatch.setattr(EmbeddedPlace, "adopt", refuse)
        ended = shell()
        assert ended.code == 1
        assert ended.complaints == ["ERROR:Burgos: Upload of small failed. Cause: no such format"]
        assert ended.lines[-2:] == [
            "INFO:Burgos: 1 images failed.",
            "INFO:Burgos:   Total uploaded to region: 2 (MB)",
        ]

    def test_a_refused_deletion_ends_with_1(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        shell.load(Spain=MASTERS, Burgos=CONFLICT)
        monkeypatch.setattr(EmbeddedPlace, "delete", failing(Conflict("in use", status=409), "delete"))
        ended = shell("--config", "replace=any")
        assert (ended.code, ended.complaints) == (1, ["ERROR:Burgos: Deletion of image r-small failed. Cause: in use"])

    def test_a_region_that_fails_does_not_stop_the_others(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        shell.load(Spain=MASTERS, Burgos=[], Zamora=[])
        monkeypatch.setattr(EmbeddedPlace, "listing", failing(TimedOut("30 s"), "listing"))
        ended = shell()
        assert (ended.code, ended.complaints) == (1, ["ERROR:Burgos: Timeout while retrieving image list."])
        assert len(shell.images("Zamora")) == 2

    def test_a_master_that_fails_ends_it(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        monkeypatch.setattr(EmbeddedPlace, "listing", failing(TimedOut("30 s"), "listing", "Spain"))
        ended = shell()
        assert (ended.code, ended.err) == (1, "ERROR:Spain: Timeout while retrieving image list.\n")

    def test_a_region_that_another_run_holds_is_skipped_and_ends_with_1(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        place = PlaceIdentity(str((shell.folder / "federation").resolve()), "Burgos", "ours")
        with lock(place.lock_keys, "another"):
            ended = shell()
            assert shell("--dry-run").code == 0
        assert ended.code == 1
        assert ended.complaints[0].startswith("ERROR:Burgos: another run holds the region: process ")

    def test_quiet_reports_only_what_is_wrong_and_verbose_more(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=[image("small", owner=THEIRS)])
        assert shell("--dry-run", "-q").out == ""
        assert "INFO:Burgos: small would be copied with way embedded" in shell("--dry-run", "-v").untimed
        assert any(line.startswith("INFO:Burgos: small was copied with way embedded") for line in shell("-v").untimed)


class TestADryRun:
    def test_reports_what_a_run_would_do_and_does_nothing(self, shell: Shell) -> None:
        left = carrying(image("left", id="left"), host=os.uname().nodename)
        shell.load(Spain=MASTERS, Burgos=[image("small", "X", size=MIB), left])
        before = shell.images("Burgos")
        ended = shell("--dry-run", "--config", "rename=any")
        assert (ended.code, ended.lines) == (
            0,
            [
                "INFO:Dry run: nothing is changed.",
                "INFO:======Master is Spain",
                "INFO:======Burgos",
                "INFO:Burgos: Image pending to be tidied: left (UUID left)",
                "INFO:Burgos: Renaming and replacing image small (1 MB)",
                "INFO:Burgos: Pending: small (1 MB)",
                "INFO:Burgos: Pending: large (2 MB)",
                "INFO:Burgos: MBs pending : 3",
            ],
        )
        assert shell.images("Burgos") == before

    def test_with_parallel_writes_nothing_either(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        assert shell("--dry-run", "--parallel").code == 0
        assert shell.images("Burgos") == []


class TestTheStatus:
    def test_is_data_alone_on_stdout(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=CONFLICT)
        ended = shell("--show-status")
        assert (ended.code, ended.out) == (0, "error_checksum,Burgos,small\r\nok,Burgos,large\r\n")
        assert ended.complaints[0].startswith("WARNING:Image small has a different checksum")

    def test_has_the_order_that_was_asked_for_with_parallel_too(self, shell: Shell) -> None:
        shell.load(Spain=[MASTERS[0]], Avila=[], Burgos=[], Zamora=[])
        expected = [f"pending_upload,{region},small" for region in ("Zamora", "Avila", "Burgos")]
        for more in ([], ["--parallel"]):
            assert shell("Zamora", "Avila", "Burgos", "--show-status", *more).out.split() == expected

    def test_has_formats(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        rows = json.loads(shell("--show-status", "--format", "json").out)["images"]
        assert [(found["image"], found["way"]) for found in rows] == [("small", "embedded"), ("large", "embedded")]
        assert "Remarks" in shell("--show-status", "--format", "table").out

    def test_may_be_narrowed(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        assert shell("--show-status", "--image", "l*").out == "pending_upload,Burgos,large\r\n"

    def test_a_pattern_that_matches_nothing_ends_with_1(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        ended = shell("--show-status", "--image", "x*", "--image", "l*")
        assert (ended.code, ended.err) == (1, "WARNING:--image x* matches no image to be synchronised\n")


class TestTheRegions:
    def test_are_words_master_first_then_targets_in_file_order(self, shell: Shell) -> None:
        shell.load(
            Spain=[], Burgos=[], other__Madrid=[], third__A=[], configuration=OTHER.replace("other", "third") + OTHER
        )
        assert shell("--show-regions") == (ended := shell("--show-regions", "--parallel"))
        assert (ended.code, ended.out) == (0, "Burgos third:A other:Madrid\n")


@pytest.mark.parametrize("words", [[], ["--dry-run"], ["--show-status"], ["--make-backups"]])
def test_an_unexpected_error_ends_one_region_only(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    shell.load(Spain=MASTERS, Burgos=[], Zamora=[])
    monkeypatch.setattr(EmbeddedPlace, "listing", failing(RecursionError("too deep"), "listing"))
    ended = shell(*words, "--report", "report")
    assert (ended.code, ended.complaints) == (1, ["ERROR:Burgos: internal error: RecursionError: too deep"])
    regions = {found["region"]: found for found in json.loads((shell.folder / "report").read_text())["regions"]}
    assert regions["Zamora"]["error"] is None


@pytest.mark.parametrize("words", [[], ["--dry-run"], ["--show-status"], ["--show-regions"], ["--make-backups"]])
def test_only_a_synchronisation_clears_the_spool(shell: Shell, words: list[str]) -> None:
    shell.load(Spain=MASTERS, Burgos=[])
    spool = shell.folder / "spool"
    spool.mkdir(mode=0o700)
    part = spool / f"{'0' * 64}.data"
    part.write_text("what a run that was killed has left")
    assert shell(*words, "--config", f"main.spool_dir={spool}").code == 0
    assert part.exists() is (words != [])


class TestBackups:
    def test_hold_the_regions_asked_for_and_always_the_master(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=CONFLICT, Zamora=[])
        assert shell("Burgos", "--make-backups").code == 0
        (folder,) = shell.folder.glob("backup_glance_*")
        assert sorted(file.name for file in folder.iterdir()) == [
            f"backup_{region}.{kind}" for region in ("Burgos", "Spain") for kind in ("csv", "jsonl")
        ]

    def test_of_a_region_that_fails_are_not_there(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        shell.load(Spain=MASTERS, Burgos=[], Zamora=[])
        monkeypatch.setattr(EmbeddedPlace, "listing", failing(TimedOut("30 s"), "listing"))
        ended = shell("--make-backup")
        assert (ended.code, ended.complaints) == (1, ["ERROR:Burgos: Timeout while retrieving image list."])
        (folder,) = shell.folder.glob("backup_glance_*")
        assert sorted(file.name for file in folder.glob("*.csv")) == ["backup_Spain.csv", "backup_Zamora.csv"]


class TestParallel:
    def test_says_who_has_finished_and_keeps_each_narrative_in_a_file(
        self, shell: Shell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shell.load(Spain=MASTERS, Burgos=[], Zamora=CONFLICT)
        monkeypatch.setattr(EmbeddedPlace, "listing", failing(TimedOut("30 s"), "listing"))
        ended = shell("--parallel")
        assert ended.code == 1
        assert ended.lines[0] == "INFO:======Master is Spain"
        assert [without_durations(line) for line in ended.lines[1:]] == [
            f"INFO:{ONE_AT_A_TIME}",
            "INFO:Burgos: nothing done, N s; Timeout while retrieving image list",
            "INFO:Region Burgos has finished with errors",
            "INFO:Zamora: 1 to decide, N s",
            "INFO:Region Zamora has finished",
            "INFO:All is done.",
        ]
        (folder,) = shell.folder.glob("sync_*")
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (
            (folder / "Burgos.txt")
            .read_text()
            .splitlines()[-1]
            .endswith("ERROR Burgos: Timeout while retrieving image list.")
        )
        assert "WARNING Image small has a different checksum" in (folder / "Zamora.txt").read_text()

    def test_reports_more_in_the_files_too_when_it_is_asked_to(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        assert shell("--parallel", "-v").code == 0
        (file,) = shell.folder.glob("sync_*/Burgos.txt")
        assert " INFO Burgos: small was copied with way embedded" in file.read_text()

    def test_has_a_new_folder_each_time(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        for _ in range(3):
            assert shell("--parallel").code == 0
        assert len(list(shell.folder.glob("sync_*"))) == 3

    def test_a_crash_of_one_process_is_an_error_of_that_region(
        self, shell: Shell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shell.load(Spain=MASTERS, Burgos=[], Zamora=[])
        create = EmbeddedPlace.create

        def die(place: EmbeddedPlace, new: Any) -> Image:
            if place.name == "Burgos":
                os.kill(os.getpid(), signal.SIGKILL)
            return create(place, new)

        monkeypatch.setattr(EmbeddedPlace, "create", die)
        ended = shell("--parallel")
        assert ended.code == 1
        assert "INFO:Region Burgos has finished with errors" in ended.lines
        assert "INFO:Region Zamora has finished" in ended.lines
        (folder,) = shell.folder.glob("sync_*")
        assert "ERROR Burgos: the process of the region was killed by signal 9" in (folder / "Burgos.txt").read_text()


class TestNames:
    def test_that_are_hostile_are_escaped_for_people_and_exact_for_programs(self, shell: Shell) -> None:
        name = 'a,"b"\r\nERROR:forged\x1b[2J'
        shell.load(Spain=[master_image(name, id="m")], Burgos=[])
        assert shell("--show-status").out == 'pending_upload,Burgos,"a,""b""\r\nERROR:forged\x1b[2J"\r\n'
        assert 'INFO:Burgos: Uploading image a,"b"\\x0d\\x0aERROR:forged\\x1b[2J (1 MB)' in shell().lines
        assert [found.name for found in shell.images("Burgos")] == [name]


class TestWordsThatNothingMatches:
    def test_they_are_reported_before_anything_is_done(self, shell: Shell) -> None:
        shell.load(configuration="ignore_regions = burgos\nforcesyncs = m-smal\n", Spain=MASTERS, Burgos=[])
        file = shell.configuration
        for words in (("--dry-run",), ("--show-status",), ("--dry-run", "--parallel")):
            assert shell(*words).complaints == [
                f"WARNING:{file}:6: [master] ignore_regions: there is no region 'burgos'; did you mean Burgos?",
                f"WARNING:{file}:7: [master] forcesyncs: the master has no image 'm-smal'; did you mean m-small?",
            ]

    def test_a_misspelt_key_of_the_command_line_changes_nothing(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        ended = shell("--config", "max_replacments=3")
        assert (ended.code, ended.out) == (2, "")
        assert ended.complaints == [
            "ERROR:--config: [DEFAULT] max_replacments: unknown key, nothing is done; did you mean max_replacements?"
        ]
        assert shell.images("Burgos") == []


class TestTheAccount:
    """How the command and the reading of the configuration go together, without any cloud."""

    @pytest.fixture(autouse=True)
    def real(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("GLANCESYNC_MOCKPERSISTENT_PATH")
        for name in [name for name in os.environ if name.startswith("OS_")]:
            monkeypatch.delenv(name)
        clouds = shell.folder / "clouds.yaml"
        account = "{auth_url: 'http://127.0.0.1:9/v3', username: u, password: p, project_name: t}"
        clouds.write_text(f"clouds: {{a: {{auth: {account}, region_name: Spain}}, b: {{profile: ovh}}}}")
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(clouds))
        shell.configuration.write_text("[other]\ncloud = b\n")

    def test_an_entry_that_cannot_be_used_ends_it_for_those_who_ask(self, shell: Shell) -> None:
        for word in ("other:", "other:Madrid"):
            ended = shell("--dry-run", "--os-cloud", "a", word)
            assert ended.code == 2
            [line] = ended.complaints
            assert line.startswith(f"ERROR:{shell.configuration}:2: [other] cloud: the entry 'b' of ")

    def test_all_others_get_a_warning(self, shell: Shell) -> None:
        ended = shell("--dry-run", "--os-cloud", "a", "Burgos")
        assert ended.code == 1
        warning, error = ended.complaints
        assert warning.startswith(f"WARNING:{shell.configuration}:2: [other] cloud: the entry 'b' of ")
        assert "Keystone at http://127.0.0.1:9/v3 does not answer" in error

    def test_the_option_needs_a_name(self, shell: Shell) -> None:
        assert shell("--os-cloud", " ").complaints == ["ERROR:--os-cloud names no entry of clouds.yaml"]
