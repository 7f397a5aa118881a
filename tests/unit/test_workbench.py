"""The runner of the tests reports truly what it ran."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from threading import Event

import pytest
from workbench import cloud, lanes
from workbench.lanes import Lane, run_lanes
from workbench.steps import Interrupted, Kind, Outcome, Step, Surroundings, run
from workbench.venv import clean_environment

ONE_OF_EACH = """
import pytest
def test_good(): pass
def test_bad(): assert False
@pytest.mark.skip(reason="why not")
def test_skipped(): pass
@pytest.fixture
def broken(): raise OSError
def test_with_a_broken_fixture(broken): pass
"""


def run_step(folder: Path, code: str, **options: float) -> Outcome:
    return run_command(folder, Step("a step", [sys.executable, "-c", code], **options))  # type: ignore[arg-type]


def run_command(folder: Path, step: Step) -> Outcome:
    environment = clean_environment(os.environ) | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return run(step, Surroundings(folder, folder, environment, Event()))


def run_pytest(folder: Path, content: str | None, *, may_be_empty: bool = False) -> Outcome:
    if content is not None:
        (folder / "test_something.py").write_text(content, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    return run_command(folder, Step("tests", command, Kind.PYTEST, may_be_empty=may_be_empty))


def test_a_check_passes_or_fails_by_its_exit_code(tmp_path: Path) -> None:
    assert run_step(tmp_path, "pass").passed == 1
    failed = run_step(tmp_path, "raise SystemExit(3)")
    assert (failed.passed, failed.failed, failed.is_good) == (0, 1, False)


def test_a_step_that_hangs_is_ended_and_has_failed(tmp_path: Path) -> None:
    outcome = run_step(tmp_path, "import signal; signal.pause()", limit=0.2)
    assert outcome.failed == 1
    assert "ended after" in outcome.note


def test_when_the_time_of_all_steps_is_over_the_one_that_hangs_is_ended_and_the_next_ones_are_not_run(
    tmp_path: Path, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "DOWN", Step("cloud down", ["cp", "/dev/null", f"{tmp_path}/down"]))
    hung = Step("hung", [sys.executable, "-c", "import signal; signal.pause()"])
    after, up = (Step(name, ["cp", "/dev/null", f"{tmp_path}/{name}"]) for name in ("after", "up"))
    end = time.monotonic() + 1.0
    outcomes = run_lanes([Lane([hung, after], [[up, after]])], tmp_path, logs, clean_environment(os.environ), end)
    assert [(outcome.name, outcome.failed, outcome.note.split()[0]) for outcome in outcomes] == [
        ("hung", 1, "ended"), ("after", 1, "not"), ("up", 1, "not"),
    ]  # fmt: skip
    assert {path.name for path in tmp_path.iterdir()} == {"logs", "down"}


def test_a_step_ends_when_the_run_is_stopped(tmp_path: Path) -> None:
    stopping = Event()
    stopping.set()
    step = Step("a step", [sys.executable, "-c", "import signal; signal.pause()"])
    with pytest.raises(Interrupted):
        run(step, Surroundings(tmp_path, tmp_path, clean_environment(os.environ), stopping))


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """The folder of the steps' output."""
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


def test_steps_of_two_lanes_run_side_by_side_and_their_output_is_kept_apart(
    tmp_path: Path, logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wait = "import os, sys; print('begin', flush=True); open(sys.argv[1], 'w').read(); print('end')"
    os.mkfifo(tmp_path / "pipe")
    write = Step("a writer", [sys.executable, "-c", wait.replace(".read()", ".close()"), str(tmp_path / "pipe")])
    read = Step("a reader", [sys.executable, "-c", wait.replace("'w'", "'r'"), str(tmp_path / "pipe")])
    outcomes = run_lanes([Lane([write]), Lane([read])], tmp_path, logs, clean_environment(os.environ))
    assert [(outcome.name, outcome.is_good) for outcome in outcomes] == [("a writer", True), ("a reader", True)]
    assert [outcome.log for outcome in outcomes] == [logs / "1-a-writer.log", logs / "2-a-reader.log"]
    assert {path.read_text() for path in logs.iterdir()} == {"begin\nend\n"}
    assert "begin" not in capsys.readouterr().out


def test_the_output_of_a_step_that_fails_is_shown(
    tmp_path: Path, logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = [Step("good", ["sh", "-c", "echo quiet"]), Step("bad", ["sh", "-c", "echo the reason; exit 1"])]
    run_lanes([Lane(steps)], tmp_path, logs, clean_environment(os.environ))
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "Testing …"
    assert printed[1].startswith("ok     good ")
    assert printed[2].startswith("FAILED bad ")
    assert printed[3] == "the reason"
    assert printed[4].startswith("Testing: done in ")


def test_the_logs_of_a_cloud_are_kept_when_a_step_on_it_fails(
    tmp_path: Path, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = 'mkdir "$GLANCESYNC_DEVCLOUD_DIR/Burgos"; echo why >"$GLANCESYNC_DEVCLOUD_DIR/Burgos/server.log"'
    up, good, bad = (Step("any", ["sh", "-c", words]) for words in (start, ":", "exit 1"))
    monkeypatch.setattr(lanes, "DOWN", Step("cloud down", ["sh", "-c", ":"]))
    run_lanes([Lane([], [[up, good]])], tmp_path, logs, clean_environment(os.environ))
    assert not (logs / "1-cloud").exists()
    run_lanes([Lane([], [[up, bad]])], tmp_path, logs, clean_environment(os.environ))
    assert (logs / "1-cloud" / "Burgos.log").read_text() == "why\n"


def test_what_needs_more_servers_comes_later_on_the_same_cloud(
    tmp_path: Path, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    say = 'echo {0} "$GLANCESYNC_DEVCLOUD_DIR" >>' + str(tmp_path / "calls")
    up, images, more, volumes, down = (
        Step(name, ["sh", "-c", say.format(name)]) for name in ("up", "images", "more", "volumes", "down")
    )
    monkeypatch.setattr(lanes, "DOWN", down)
    run_lanes([Lane([], [[up, images], [more, volumes]])], tmp_path, logs, clean_environment(os.environ))
    done, folders = zip(*map(str.split, (tmp_path / "calls").read_text().splitlines()), strict=True)
    assert done == ("up", "images", "more", "volumes", "down")
    assert len(set(folders)) == 1


def test_what_follows_a_start_that_failed_does_not_run(
    tmp_path: Path, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "DOWN", Step("cloud down", ["sh", "-c", ":"]))
    start, volumes = Step("start", ["sh", "-c", "exit 1"]), Step("volumes", ["sh", "-c", ":"])
    outcomes = run_lanes([Lane([], [[start, volumes]])], tmp_path, logs, clean_environment(os.environ))
    assert [(outcome.name, outcome.is_good) for outcome in outcomes] == [("start", False)]


def test_tests_are_counted_one_by_one(tmp_path: Path) -> None:
    outcome = run_pytest(tmp_path, ONE_OF_EACH)
    assert (outcome.passed, outcome.failed, outcome.skipped) == (1, 2, 1)


def test_a_module_that_cannot_be_read_is_a_failure(tmp_path: Path) -> None:
    assert not run_pytest(tmp_path, "import nothing_of_that_name\n").is_good


def test_no_tests_at_all_is_a_failure_unless_some_were_asked_for(tmp_path: Path) -> None:
    assert not run_pytest(tmp_path, None).is_good
    assert run_pytest(tmp_path, None, may_be_empty=True).is_good


def test_the_cloud_of_the_caller_is_left_out_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OS_AUTH_URL", "GLANCESYNC_CONFIG", "GLANCESYNCAPP_CONFIG", cloud.FOLDER_VARIABLE):
        monkeypatch.setenv(name, "the caller's")
    monkeypatch.setenv(cloud.VENV_VARIABLE, "/somewhere")
    cleaned = cloud.without_cloud(os.environ)
    assert "the caller's" not in cleaned.values()
    assert cleaned[cloud.VENV_VARIABLE] == "/somewhere"
    assert cleaned["PATH"] == os.environ["PATH"]
