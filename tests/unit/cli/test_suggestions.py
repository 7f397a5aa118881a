"""Words that were meant otherwise than as regions, and names that are no region's (sync 1.3)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedFederation
from fiwareglancesync.images.settings import Target
from fiwareglancesync.terminal.suggestions import advice, hint
from tests.support.builders import image, master_image

from .conftest import Shell
from .contents import losing

OTHER = "[other]\ntenant_id = ours\ntenant = us\n"
MASTERS = [master_image("a")]
MODES: list[list[str]] = [
    [], ["--dry-run"], ["--show-status"], ["--make-backups"], ["--show-regions"], ["--parallel"],
    ["--parallel", "--dry-run"],
]  # fmt: skip
BARE = "a synchronisation needs no word: name the regions alone, or none for all regions of master"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The regions that were listed, or written to."""
    seen: list[str] = []
    original = EmbeddedFederation.place

    def place(federation: EmbeddedFederation, target: Target, region: str) -> Any:
        seen.append(region)
        return original(federation, target, region)

    monkeypatch.setattr(EmbeddedFederation, "place", place)
    return seen


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("status", "no region has this name; did you mean --show-status?"),
        ("Burgos,Zamora", "no region has this name; several regions are separated by spaces, without commas"),
        ("list", "no region has this name; did you mean --show-regions?"),
        ("HELP", "no region has this name; did you mean --help?"),
        ("sync", f"no region has this name; {BARE}"),
        ("remote", "no region has this name; the command remote has to be the first word"),
        ("other", "no region has this name; it is a target; did you mean other:, all regions of it?"),
        ("otehr:Madrid", "unknown target otehr; the configuration has: master, other; did you mean other:Madrid?"),
        ("otehr:", "unknown target; the configuration has: master, other; did you mean other:?"),
    ],
)
def test_a_word_that_was_meant_otherwise_ends_it_before_anything_is_done(
    shell: Shell, written: list[str], mode: list[str], word: str, why: str
) -> None:
    shell.load(Spain=MASTERS, Burgos=[], Zamora=[], other__Madrid=[], configuration=OTHER)
    ended = shell("Burgos", "other:Madrid", word, *mode, "--report", "report")
    assert (ended.code, [line for line in ended.lines if "Dry run" not in line]) == (2, [])
    assert ended.complaints[-1] == f"ERROR:{word.rstrip(':')}: {why}"
    assert written == []
    assert json.loads((shell.folder / "report").read_text())["exit_code"] == 2


def test_a_region_may_be_called_like_a_command_word(shell: Shell) -> None:
    shell.load(Spain=MASTERS, status=[], help=[])
    assert shell("status", "help").code == 0
    assert [len(shell.images(region)) for region in ("status", "help")] == [1, 1]


def test_with_its_target_a_word_is_a_regions_name(shell: Shell) -> None:
    shell.load(Spain=MASTERS, Burgos=[])
    ended = shell("master:status", "Burgos")
    assert ended.code == 1
    assert "ERROR:status: unknown region; the regions of target master are: Burgos, Spain" in ended.complaints


@pytest.mark.parametrize("mode", MODES)
def test_an_unknown_region_is_reported_first_and_the_others_go_on(shell: Shell, mode: list[str]) -> None:
    shell.load(Spain=MASTERS, Burgos=[image("a", "X")], Zamora=[])
    ended = shell("Burgos", "Zamroa", "Zamora", *mode)
    known = "the regions of target master are: Burgos, Spain, Zamora"
    error = f"ERROR:Zamroa: unknown region; {known}; did you mean Zamora?"
    assert ended.code == 1
    assert [line for line in ended.complaints if "Zamroa" in line] == [error]
    assert next(line for line in ended.complaints if line.startswith(("ERROR", "WARNING"))) == error
    assert "Zamroa" not in ended.out
    assert (len(shell.images("Zamora")) == 1) is (mode in ([], ["--parallel"]))


def test_a_misspelt_master_region_is_reported_as_such(shell: Shell) -> None:
    shell.load(Spain=MASTERS, Burgos=[])
    ended = shell("Burgos", "--config", "main.master_region=Spian")
    error = "Spian: unknown region; the regions of target master are: Burgos, Spain; did you mean Spain?"
    where = "the master region, from --config: [main] master_region"
    assert (ended.code, ended.complaints[-1]) == (1, f"ERROR:{error} ({where})")


def test_an_unknown_region_is_in_events_and_report(shell: Shell) -> None:
    shell.load(Spain=MASTERS, Burgos=[])
    assert shell("Burgos", "Nowhere", "--events", "events", "--report", "report").code == 1
    events = [json.loads(line) for line in (shell.folder / "events").read_text().splitlines()]
    text = "Nowhere: unknown region; the regions of target master are: Burgos, Spain"
    of_it = [(e["kind"], e.get("message"), e.get("error")) for e in events if e["region"] == "Nowhere"]
    assert of_it == [("message", text, None), ("region-finished", None, True)]
    assert [e["kind"] for e in events].index("run-started") > [e["region"] for e in events].index("Nowhere")
    assert (events[-1]["kind"], events[-1]["count"]) == ("run-finished", 1)
    nowhere, burgos = json.loads((shell.folder / "report").read_text())["regions"]
    assert (nowhere["region"], nowhere["error"], nowhere["images"]) == ("Nowhere", text, [])
    assert (burgos["region"], burgos["error"]) == ("Burgos", None)


def test_with_unknown_regions_alone_the_master_is_not_asked(shell: Shell, written: list[str]) -> None:
    shell.load(Spain=MASTERS, Burgos=[])
    ended = shell("Nowhere")
    assert (ended.code, written) == (1, [])
    assert "======Master" not in ended.out


def test_a_word_that_is_like_a_command_word_gets_a_hint(shell: Shell) -> None:
    shell.load(Spain=MASTERS, Burgos=[])
    ended = shell("stauts")
    assert ended.code == 1
    assert ended.complaints[-1].endswith("are: Burgos, Spain (did you mean --show-status?)")


def test_a_misspelt_command_gets_its_name(shell: Shell) -> None:
    shell.load(Spain=MASTERS, Burgos=[])
    ended = shell("volume")
    assert ended.complaints[-1].endswith("are: Burgos, Spain (did you mean the command volumes?)")


def test_a_target_that_cannot_be_asked_fails_its_regions_and_the_others_go_on(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.load(Spain=MASTERS, Burgos=[], other__Madrid=[], configuration=OTHER)
    monkeypatch.setattr(EmbeddedFederation, "regions", losing("other"))
    ended = shell("other:Madrid", "Burgos")
    assert ended.code == 1
    cause = "target other: nobody answers"
    assert ended.complaints == [f"ERROR:other:Madrid: Error retrieving image list. Cause: {cause}"]
    assert len(shell.images("Burgos")) == 1


def test_a_master_that_cannot_be_asked_ends_it_with_one_line(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.load(Spain=MASTERS, Burgos=[], other__Madrid=[], configuration=OTHER)
    monkeypatch.setattr(EmbeddedFederation, "regions", losing("master"))
    ended = shell("Burgos", "other:Madrid")
    assert ended.code == 1
    assert ended.complaints == ["ERROR:Spain: Error retrieving image list. Cause: target master: nobody answers"]


def test_the_regions_shown_are_those_that_are_named(shell: Shell) -> None:
    shell.load(Spain=MASTERS, Burgos=[], other__Madrid=[], other__Lugo=[], configuration=OTHER)
    assert shell("--show-regions", "other:", "Burgos").out == "Burgos other:Lugo other:Madrid\n"


def test_a_wrong_configuration_is_reported_with_what_the_word_was_meant_for(shell: Shell) -> None:
    shell.load(Spain=MASTERS)
    shell.configuration.write_text("[main]\nmax_children = many\n")
    ended = shell("help")
    assert ended.code == 2
    assert ended.complaints[-1] == "ERROR:help: is read as the name of a region; did you mean --help?"


def test_without_a_configuration_a_misspelt_command_gets_its_name_and_its_words_none(shell: Shell) -> None:
    shell.load(Spain=MASTERS)
    shell.configuration.write_text("[main]\nmax_children = many\n")
    complaints = shell("volume", "plan").complaints
    assert [line for line in complaints if "is read as" in line] == [
        "ERROR:volume: is read as the name of a region; did you mean the command volumes?"
    ]


@pytest.mark.parametrize("word", ["Burgos", "RegionOne", "Lisbon", "eu-west-1", "Plano", "stauts"])
def test_most_words_may_be_regions(word: str) -> None:
    assert advice(word, ["master", "other"]) is None


@pytest.mark.parametrize("word", ["Burgos", "RegionOne", "Lisbon"])
def test_most_words_are_like_no_command_word(word: str) -> None:
    assert hint(word) is None
