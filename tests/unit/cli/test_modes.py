"""The modes that only look: what they show, and how (sync 1.1, 1.4)."""

from __future__ import annotations

import json

import pytest

from fiwareglancesync.base.errors import TimedOut
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedPlace

from .conftest import Shell
from .contents import CONFLICT, IN_STEP, MASTERS, failing

OTHER = "[other]\ntenant_id = ours\ntenant = us\n"


class TestWhatIsPending:
    def test_is_shown_without_what_is_ok(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Avila=IN_STEP, Burgos=CONFLICT)
        assert shell("--show-status", "--pending").out == "error_checksum,Burgos,small\r\n"
        assert shell("--show-status", "--pending", "-f", "matrix").lines[:2] == ["       Burgos", "small  C"]
        (image,) = json.loads(shell("--show-status", "--pending", "-f", "json").out)["images"]
        assert (image["region"], image["image"]) == ("Burgos", "small")

    @pytest.mark.parametrize("form", [[], ["-f", "table"], ["-f", "matrix"]])
    def test_is_nothing_at_all_when_all_is_well(self, shell: Shell, form: list[str]) -> None:
        shell.load(Spain=MASTERS, Avila=IN_STEP)
        ended = shell("--show-status", "--pending", "--exit-code", "--quiet", *form)
        assert (ended.code, ended.out, ended.err) == (0, "", "")

    def test_does_not_change_the_exit_code(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Avila=IN_STEP, Burgos=CONFLICT)
        assert shell("--show-status", "--pending").code == 0
        assert shell("--show-status", "--pending", "--exit-code").code == 3


def test_a_region_that_fails_has_its_column_in_the_matrix(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.load(Spain=MASTERS, Burgos=[], Zamora=CONFLICT)
    monkeypatch.setattr(EmbeddedPlace, "listing", failing(TimedOut("30 s"), "listing"))
    for parallel in ([], ["--parallel"]):
        ended = shell("--show-status", "--format", "matrix", *parallel)
        assert ended.code == 1
        assert ended.lines[:3] == ["       Burgos  Zamora", "small  !       C", "large  !       ."]


class TestTheRegions:
    def test_are_those_that_a_run_over_all_targets_does(self, shell: Shell) -> None:
        configuration = "ignore_regions = Avila\n" + OTHER + "ignore_regions = Lugo\n"
        shell.load(
            configuration=configuration, Spain=[], Avila=[], Burgos=[], other__Madrid=[], other__Lugo=[], other__Jaca=[]
        )
        assert shell("--show-regions").out == "Burgos other:Jaca other:Madrid\n"
        marked = json.loads(shell("--show-regions", "-f", "json").out)
        assert [(found["region"], found["master"], found["ignored"]) for found in marked] == [
            ("Avila", False, True),
            ("Burgos", False, False),
            ("Spain", True, False),
            ("other:Jaca", False, False),
            ("other:Lugo", False, True),
            ("other:Madrid", False, False),
        ]

    def test_that_are_named_are_shown_even_when_ignored(self, shell: Shell) -> None:
        shell.load(configuration="ignore_regions = Avila\n", Spain=[], Avila=[], Burgos=[])
        assert shell("--show-regions", "Avila", "Spain").out == "Avila Spain\n"
        assert shell("--show-regions", "Avila", "master:").out == "Avila Burgos\n"

    @pytest.mark.parametrize("words", [[], ["Burgos"], ["-f", "json"]])
    def test_cannot_be_known_without_the_master_region(
        self, shell: Shell, monkeypatch: pytest.MonkeyPatch, words: list[str]
    ) -> None:
        shell.load(Spain=[], Burgos=[])
        shell.configuration.write_text("[master]\ntenant_id = ours\ntenant = us\n")
        monkeypatch.setenv("OS_REGION_NAME", "Nowhere")
        ended = shell("--show-regions", *words)
        assert (ended.code, ended.out) == (1, "")
        error = "Nowhere: unknown region; the regions of target master are: Burgos, Spain"
        assert ended.complaints == [f"ERROR:{error} (the master region, from OS_REGION_NAME)"]

    def test_the_error_names_the_line_of_the_file_that_names_the_master_region(self, shell: Shell) -> None:
        shell.load(Burgos=[])
        (line,) = shell("--show-regions").complaints
        assert line.endswith(f" (the master region, from {shell.configuration}:2: [main] master_region)")
