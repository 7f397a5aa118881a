"""What is reported first, and of images that are not selected, are left out, or differ (sync 1.4)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.base.units import MIB
from fiwareglancesync.main import main
from tests.support.builders import image, master_image

from .conftest import Shell

OTHER = "[other]\ntenant_id = ours\ntenant = us\n"
ORIGIN = "only images of project ours (tenant_id of target master) are selected"
NID = {"nid": "1"}
MODES: list[list[str]] = [[], ["--dry-run"], ["--show-status"], ["--parallel"], ["--show-status", "--format", "json"]]


def region_report(shell: Shell, *words: str) -> dict[str, Any]:
    """What the report says of the only region."""
    shell(*words, "--report", "report")
    (region,) = json.loads((shell.folder / "report").read_text())["regions"]
    found: dict[str, Any] = region
    return found


class TestTheFirstLines:
    DRY = "INFO:Dry run: nothing is changed."

    @pytest.mark.parametrize(
        ("words", "stream"),
        [
            ([], "out"),
            (["--dry-run"], "out"),
            (["--parallel"], "out"),
            (["--make-backups"], "out"),
            (["--show-status"], "err"),
            (["--show-regions"], "err"),
            (["--events", "-"], "err"),
            (["-q"], ""),
            (["--show-status", "-q"], ""),
        ],
    )
    def test_say_that_the_federation_is_embedded_where_no_data_goes(
        self, shell: Shell, words: list[str], stream: str
    ) -> None:
        shell.load(Spain=[master_image("a")], Burgos=[])
        assert shell(*words).embedded == stream

    @pytest.mark.parametrize("words", [["--dry-run"], ["--dry-run", "--parallel"]])
    def test_say_that_a_dry_run_changes_nothing(
        self, shell: Shell, capsys: pytest.CaptureFixture[str], words: list[str]
    ) -> None:
        shell.load(Spain=[master_image("a")], Burgos=[], configuration="unknwon = 1\n")
        assert main(words) == 0
        out, err = capsys.readouterr()
        where = (shell.folder / "federation").resolve()
        assert out.splitlines()[:3] == [
            self.DRY,
            f"INFO:Embedded federation {where}: OpenStack is not contacted.",
            "INFO:======Master is Spain",
        ]
        assert err.startswith("WARNING:")

    def test_of_a_dry_run_go_where_its_narrative_goes(self, shell: Shell) -> None:
        shell.load(Spain=[master_image("a")], Burgos=[])
        ended = shell("--dry-run", "--events", "-")
        assert ended.complaints[0] == self.DRY
        assert all(line.startswith("{") for line in ended.lines)


class TestNothingSelected:
    MASTERS = (
        master_image("a", properties=NID),
        master_image("b", properties=NID),
        master_image("c", visibility="private", properties=NID),
        master_image("d", status="queued"),
        master_image("e_obsolete"),
    )
    WHY = "2 without a property of metadata_set, 1 not active, 1 not public, 1 obsolete"

    @pytest.mark.parametrize("mode", MODES)
    def test_it_is_reported_first_with_counts_and_exit_code_3(self, shell: Shell, mode: list[str]) -> None:
        shell.load(Spain=[*self.MASTERS], Burgos=[], other__Madrid=[], configuration=OTHER)
        ended = shell("master:", "other:", *mode, "--exit-code", "--config", "other.metadata_set=unheard_of")
        assert ended.code == 3
        assert ended.complaints[0] == f"WARNING:No image of Spain is selected for target other: {self.WHY}; {ORIGIN}"
        assert ended.complaints[-1].endswith("no image is selected for target other")
        assert [line for line in ended.complaints if "for target master" in line] == []

    def test_without_exit_code_it_is_a_warning_alone(self, shell: Shell) -> None:
        shell.load(Spain=[*self.MASTERS], Burgos=[], Zamora=[])
        ended = shell("--config", "metadata_set=unheard_of")
        assert ended.code == 0
        assert ended.complaints == [f"WARNING:No image of Spain is selected for target master: {self.WHY}; {ORIGIN}"]

    def test_a_backup_selects_nothing_and_says_nothing(self, shell: Shell) -> None:
        shell.load(Spain=[], Burgos=[])
        assert (shell("--make-backups", "--exit-code").code, shell("--make-backups").err) == (0, "")

    def test_a_master_without_images_says_of_which_project_images_count(self, shell: Shell) -> None:
        shell.load(Spain=[], Burgos=[])
        ended = shell("--exit-code")
        assert (ended.code, ended.complaints) == (
            3,
            [
                f"WARNING:No image of Spain is selected for target master: the project has no image there; {ORIGIN}",
                "WARNING:Exit code 3: no image is selected for target master",
            ],
        )

    def test_a_condition_that_is_false_on_purpose_is_not_amiss(self, shell: Shell) -> None:
        shell.load(Spain=[*self.MASTERS], Burgos=[])
        assert shell("--exit-code", "--config", "metadata_condition=False").code == 0
        assert shell("--exit-code", "--config", "metadata_condition=image.name == 'x'").code == 3

    def test_forcesyncs_that_names_nothing_beside_it_is_amiss(self, shell: Shell) -> None:
        shell.load(Spain=[*self.MASTERS], Burgos=[])
        ended = shell("--exit-code", "--config", "metadata_condition=False", "forcesyncs=misspelt")
        assert (ended.code, ended.complaints[-1]) == (
            3,
            "WARNING:Exit code 3: no image is selected for target master",
        )

    def test_a_backup_that_is_loaded_without_tenant_id_does_not_seem_in_order(
        self, shell: Shell, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        shell.load(Spain=[*self.MASTERS], Burgos=[image("a", properties=NID)])
        shell.configuration.write_text("[main]\nmaster_region = Spain\n[master]\ntenant = us\n")
        shell.configuration.chmod(0o600)
        assert main(["--show-status", "--exit-code"]) == 3
        out, err = capsys.readouterr()
        assert out == ""
        first, second, last = err.splitlines()
        assert first.startswith("INFO:Embedded federation ")
        why = "the project has no image there; only images of project usid (tenant_id of target master) are selected"
        assert second == f"WARNING:No image of Spain is selected for target master: {why}"
        assert last == "WARNING:Exit code 3: no image is selected for target master"


class TestLeftOut:
    ENCRYPTED = "it is encrypted with a key (cinder_encryption_key_id) that other regions do not have"
    GOOD = master_image("good", size=MIB)
    MASTERS = (
        GOOD,
        master_image("secret", size=2 * MIB, properties={"cinder_encryption_key_id": "k"}),
        master_image("bare", None, size=3 * MIB),
    )

    def load(self, shell: Shell, *regions: str) -> None:
        synchronised = [replace(self.GOOD, id="r-good", region="Burgos")]
        filled: dict[str, Any] = dict.fromkeys(regions or ("Burgos",), synchronised)
        shell.load(Spain=[*self.MASTERS[:2]], **filled)

    @pytest.mark.parametrize("mode", MODES)
    def test_it_is_warned_of_once_and_makes_exit_code_3(self, shell: Shell, mode: list[str]) -> None:
        self.load(shell, "Burgos", "Zamora")
        ended = shell(*mode, "--exit-code")
        assert ended.code == 3
        assert ended.complaints == [
            f"WARNING:Image secret will be ignored: {self.ENCRYPTED}",
            "WARNING:Exit code 3: images that are selected and cannot be synchronised: 1",
        ]

    def test_it_is_in_table_json_and_report_and_in_no_row(self, shell: Shell) -> None:
        self.load(shell)
        assert shell("--show-status").out == "ok,Burgos,good\r\n"
        document = json.loads(shell("--show-status", "--format", "json").out)
        assert [found["image"] for found in document["images"]] == ["good"]
        assert document["left_out"] == [
            {
                "region": "Burgos",
                "image": "secret",
                "master_id": "m-secret",
                "size": 2 * MIB,
                "reason": self.ENCRYPTED,
                "deliberate": False,
            }
        ]
        table = shell("--show-status", "--format", "table").lines
        assert [line.split()[:3] for line in table if "left_out" in line] == [["left_out", "Burgos", "secret"]]
        for words in ((), ("--dry-run",), ("--show-status",), ("--parallel",)):
            region = region_report(shell, *words)
            assert region["left_out"] == [{"image": "secret", "reason": self.ENCRYPTED}]
            assert [found["image"] for found in region["images"]] == ["good"]

    def test_what_is_not_chosen_is_not_reported(self, shell: Shell) -> None:
        self.load(shell)
        ended = shell("--show-status", "--format", "json", "--exit-code", "--image", "good")
        assert (ended.code, ended.err, json.loads(ended.out)["left_out"]) == (0, "", [])

    def test_what_the_configuration_leaves_out_is_not_amiss(self, shell: Shell) -> None:
        shell.load(Spain=[self.MASTERS[0], self.MASTERS[2]], Burgos=[])
        words = ["--config", "skip_unhashed=True", "--exit-code"]
        assert shell(*words).code == 0
        (left,) = json.loads(shell("--show-status", "--format", "json", *words).out)["left_out"]
        assert (left["image"], left["deliberate"]) == ("bare", True)

    def test_when_all_is_left_out_nothing_is_selected_and_that_is_why(self, shell: Shell) -> None:
        shell.load(Spain=[self.MASTERS[1]], Burgos=[])
        ended = shell("--exit-code")
        assert ended.code == 3
        assert f"WARNING:No image of Spain is selected for target master: 1 left out; {ORIGIN}" in ended.complaints
        assert ended.complaints[-1] == "WARNING:Exit code 3: images that are selected and cannot be synchronised: 1"


class TestDifferences:
    MASTER = master_image("a", properties={"nid_version": "2", "type": "x"})
    REGION = image("a", visibility="private", properties={"nid_version": "1", "type": "x"})
    DIFFERENCES = ("nid_version 1 → 2", "visibility private → public")
    LINE = "Burgos: Image a differs: nid_version 1 → 2; visibility private → public"

    def test_a_dry_run_reports_them_and_a_run_that_is_verbose(self, shell: Shell) -> None:
        shell.load(Spain=[self.MASTER], Burgos=[self.REGION])
        pending = "INFO:Burgos: Image pending to update the metadata a"
        dry = shell("--dry-run").lines
        assert dry[dry.index(pending) + 1] == f"INFO:{self.LINE}"
        assert not any("differs" in line for line in shell("--dry-run", "-q").lines)
        updating = "INFO:Burgos: Updating the metadata of image a"
        done = shell("-v").untimed
        assert done[done.index(updating) + 1] == f"INFO:{self.LINE}"

    def test_a_run_reports_them_only_when_verbose(self, shell: Shell) -> None:
        shell.load(Spain=[self.MASTER], Burgos=[self.REGION])
        assert not any("differs" in line for line in shell().lines)

    def test_programs_read_them_too(self, shell: Shell) -> None:
        shell.load(Spain=[self.MASTER], Burgos=[self.REGION])
        (found,) = json.loads(shell("--show-status", "--format", "json").out)["images"]
        assert (found["status"], found["differences"]) == ("pending_metadata", list(self.DIFFERENCES))
        assert "; ".join(self.DIFFERENCES) in shell("--show-status", "--format", "table").out
        for words in (["--show-status"], ["--dry-run"], []):
            (of_image,) = region_report(shell, *words, "--events", "events")["images"]
            assert of_image["differences"] == list(self.DIFFERENCES)
            events = [json.loads(line) for line in (shell.folder / "events").read_text().splitlines()]
            reported = [event["kind"] for event in events if event.get("differences") == list(self.DIFFERENCES)]
            assert reported == {"--show-status": [], "--dry-run": ["pending"], "": ["started"]}["".join(words)]

    def test_an_image_that_is_to_be_linked_anew_says_to_what(self, shell: Shell) -> None:
        masters = [master_image("kernel", "new"), master_image("ami", "B", properties={"kernel_id": "m-kernel"})]
        there = [image("kernel", "old"), image("ami", "B", properties={"kernel_id": "r-kernel"})]
        shell.load(Spain=masters, Burgos=there)
        ended = shell("--dry-run", "--config", "replace=any")
        assert "INFO:Burgos: Image ami differs: kernel_id r-kernel → the new kernel" in ended.lines
