"""``scripts/test`` runs what is asked for: everything, less, or the tests of one subject on real servers."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest
from workbench import debian, testing
from workbench.cloud import CHECKOUT
from workbench.lanes import Lane
from workbench.steps import Step
from workbench.venv import SetupError

PYTHON = Path("bin/python")
ON_CLOUD = {"development cloud", "acceptance", "integration"}
MARK = "pytest.mark.vol" "umes"
ON_VOLUMES = ["Cinder and Nova", "volumes"]
ON_CEPH, ON_CEPH_WITH_CINDER = ["Ceph", "snapshots"], ["Ceph and Cinder", "snapshots"]
ON_GLUSTER, ON_GLUSTER_IN_SHORT = ["gluster", "guests", "virtual machines"], ["gluster", "virtual machines"]


@pytest.fixture(autouse=True)
def whole_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of ours on which nothing is missing, outside CI."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(debian, "PACKAGES", ())
    monkeypatch.setattr(testing, "unmet_need", lambda folder: "")
    monkeypatch.setenv("CI", "")


def lanes_of(*words: str) -> list[Lane]:
    return testing._lanes(testing.read_options(words), PYTHON)


def steps_of(*words: str) -> list[Step]:
    return [step for lane in lanes_of(*words) for step in lane.all_steps]


def names(*words: str) -> list[list[str]]:
    return [[step.name for step in lane.all_steps] for lane in lanes_of(*words)]


@pytest.mark.parametrize(("words", "more"), [((), ON_GLUSTER_IN_SHORT), (("--long",), ON_GLUSTER)])
def test_without_a_subject_the_others_come_last_on_the_cloud_of_their_lane(
    words: tuple[str, ...], more: list[str]
) -> None:
    first, second = names(*words)
    assert first[0] == "ruff"
    assert first[-4:] == ["development cloud", "acceptance", *(ON_CEPH_WITH_CINDER if words else ON_CEPH)]
    assert second == ["development cloud", "integration", *ON_VOLUMES, *more]


def test_a_subject_runs_alone() -> None:
    assert names("volumes") == [ON_VOLUMES]
    assert names("snapshots") == [ON_CEPH_WITH_CINDER]
    assert names("vms") == [ON_GLUSTER]
    assert names("sync") == [["development cloud", "acceptance"], ["development cloud", "integration"]]


@pytest.mark.parametrize("word", ["--unit", "--no-cloud"])
def test_less_needs_no_cloud(word: str) -> None:
    run = {name for lane in names(word) for name in lane}
    assert "unit" in run
    assert not run & {*ON_CLOUD, *ON_VOLUMES, *ON_CEPH}


@pytest.mark.parametrize("word", ["--unit", "--no-cloud"])
def test_a_subject_without_a_cloud_makes_no_sense(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        testing.read_options([word, "volumes"])
    assert raised.value.code == 2
    reason = "the tests of volumes run on a cloud; call them without --unit and --no-cloud"
    assert capsys.readouterr().err.splitlines()[-1] == f"scripts/test: error: {reason}"


def test_words_for_pytest_come_after_two_dashes(capsys: pytest.CaptureFixture[str]) -> None:
    (volumes,) = [step for step in steps_of("volumes", "--", "-k", "kills") if step.name == "volumes"]
    assert volumes.command[-4:-2] == ["-k", "kills"]
    assert volumes.may_be_empty
    with pytest.raises(SystemExit):
        testing.read_options(["kills"])
    assert "invalid choice: 'kills'" in capsys.readouterr().err


def test_the_step_of_volumes_has_all_of_their_tests() -> None:
    marked = {path.relative_to(CHECKOUT) for path in (CHECKOUT / "tests").rglob("*.py") if MARK in path.read_text()}
    assert marked
    assert {str(path.parent) for path in marked} <= set(testing.ON_SERVERS)


def test_the_tests_of_each_subject_are_in_one_step_alone() -> None:
    steps = steps_of()
    servers = ("integration", "volumes", "snapshots", "virtual machines")
    found = [step for step in steps if step.name in servers]
    marks = {step.name: step.command[step.command.index("-m", 3) + 1] for step in found}
    assert marks == {
        "integration": "integration and not volumes and not ceph and not gluster and not slow",
        "volumes": "volumes and not ceph and not slow",
        "snapshots": "ceph and not volumes and not slow",
        "virtual machines": "gluster and not slow",
    }


@pytest.mark.parametrize("subject", ["volumes", "snapshots", "vms"])
@pytest.mark.parametrize("is_alone", [False, True])
def test_the_slow_ones_of_a_subject_run_with_long_and_when_it_is_called_for_alone(subject: str, is_alone: bool) -> None:
    (found,) = [step for step in steps_of(subject if is_alone else "--long") if step.name == testing.NAMES[subject]]
    assert "slow" not in " ".join(found.command)


def test_a_run_without_slow_tests_has_an_end_before_that_of_ci() -> None:
    assert testing._end(testing.read_options([]), 100.0) - 100.0 <= 75 * testing.MINUTE
    for words in (["--long"], ["vms"]):
        assert testing._end(testing.read_options(words), 100.0) == math.inf


@pytest.mark.parametrize("ci", ["", "true"])
def test_what_the_machine_cannot_do_for_gluster_leaves_its_tests_out_with_a_reason(
    ci: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(testing, "unmet_need", lambda folder: "it mounts volumes by FUSE, and that fails")
    assert names()[1] == ["development cloud", "integration", *ON_VOLUMES]
    reason = "gluster cannot run on this machine: it mounts volumes by FUSE, and that fails"
    assert capsys.readouterr().err == f"WARNING: tests are skipped; {reason}\n"


class TestWithoutRoot:
    @pytest.fixture(autouse=True)
    def ordinary_user(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)

    def test_the_tests_of_volumes_are_left_out_with_a_reason(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert names()[1] == ["development cloud", "integration"]
        reason = "needs root: call scripts/test as root, for instance in a container"
        said = [f"WARNING: tests are skipped; {servers} {reason}" for servers in ("Cinder", "Ceph", "gluster")]
        assert capsys.readouterr().err.splitlines() == said

    def test_in_ci_nothing_is_left_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CI", "true")
        with pytest.raises(SetupError, match=r"^Cinder needs root: "):
            lanes_of()

    def test_nothing_is_left_of_the_subject(self) -> None:
        assert lanes_of("volumes") == []


def test_without_programs_of_debian_the_tests_of_volumes_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    package = debian._package("ours", ["our-server"], debian.Part.VOLUMES)
    monkeypatch.setattr(debian, "PACKAGES", (package,))
    assert lanes_of("volumes") == []
