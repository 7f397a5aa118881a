"""``scripts/test``: linters, unit tests, scenarios, and everything that needs a development cloud."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from workbench import cloud, debian
from workbench.cloud import CHECKOUT
from workbench.debian import Part
from workbench.lanes import UP, Lane, line, run_lanes
from workbench.progress import duration
from workbench.steps import Kind, Outcome, Step
from workbench.venv import SetupError, clean_environment, prepare_checkout

FEATURES = CHECKOUT / "tests" / "acceptance"
QUIET = ("-q", "-p", "no:cacheprovider")
WITHOUT_CLOUD = "not integration"
WITH_CLOUD = "integration and not volumes"
MINUTE = 60.0
LOGS = CHECKOUT / "build" / "test"
UNIT_MINUTES, NO_CLOUD_MINUTES, ALL_MINUTES = 5, 15, 25
"""How long the tests take on two cores, roughly."""

DESCRIPTION = """\
Runs all tests: linters, unit tests, the CSV scenarios, and, on
development clouds of its own, the conformance, integration and acceptance tests. Needs Python 3 only; what
else is needed goes into .venv in the checkout.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tests.

    :param arguments: the words after the program's name; default: those of this process
    :returns: the exit code: 0 all passed, 1 something failed, 2 wrong usage
    """
    options = _parser().parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        _provide_programs(options)
        python = prepare_checkout(_say)
    except SetupError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the next call continues.", file=sys.stderr)
        return 130
    lanes = _lanes(options, python)
    _announce(options, lanes)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="glancesync-test-") as scratch:
        try:
            outcomes = run_lanes(lanes, Path(scratch), LOGS, _environment(options, python))
        except KeyboardInterrupt:
            print(f"Interrupted after {duration(time.monotonic() - begin)}; the output is in {LOGS}", file=sys.stderr)
            return 130
    return _summarise(outcomes, time.monotonic() - begin)


def _announce(options: argparse.Namespace, lanes: Sequence[Lane]) -> None:
    """Print what runs, how long it takes, and where the output is; the folder of the output is emptied."""
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)
    _say(f"{len(lanes)} lanes at the same time, the steps of each one after the other:")
    for number, lane in enumerate(lanes, 1):
        names = [step.name for step in (*lane.steps, *[UP] * bool(lane.on_cloud), *lane.on_cloud)]
        _say(f"  {number}: {', '.join(names)}")
    minutes = UNIT_MINUTES if options.unit else NO_CLOUD_MINUTES if options.no_cloud else ALL_MINUTES
    length = "several hours" if options.long else f"about {minutes} minutes"
    _say(f"On two cores this takes {length}, the first time longer: packages are installed.")
    _say(f"The output of each step is in {LOGS}; that of a step that fails is shown here, too.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/test",
        description=DESCRIPTION,
        epilog="Words after -- go to pytest.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--unit", action="store_true", help="only the linters and the unit tests")
    parser.add_argument("--no-cloud", action="store_true", help="only what needs no development cloud")
    parser.add_argument("--long", action="store_true", help="also the tests that take minutes")
    parser.add_argument("pytest", nargs="*", metavar="-- PYTEST-WORD", help="words for pytest")
    return parser


def _provide_programs(options: argparse.Namespace) -> None:
    """Install the programs that the tests need.

    :raises SetupError: in CI, where nothing may be left out, one stays missing
    """
    parts = [Part.SETUP, Part.UNIT, *[Part.TEST] * (not options.unit), *[Part.LONG] * options.long]
    absent = debian.provide(*parts, say=_say)
    if absent and os.environ.get("CI") == "true":
        raise SetupError(debian.advice(absent))
    if absent:
        print(f"WARNING: tests are skipped; {debian.advice(absent)}", file=sys.stderr)


def _lanes(options: argparse.Namespace, python: Path) -> list[Lane]:
    """What is done at the same time; the two clouds of the lanes are different ones."""
    linters = list(_linters(python))
    unit = _pytest(options, python, "unit", ["tests/unit"], f"{WITHOUT_CLOUD} and not outside", os.cpu_count() or 1)
    if options.unit:
        return [Lane(linters), Lane([unit])]
    others = [
        _pytest(options, python, "units outside", ["tests/unit"], "outside"),
        _pytest(options, python, "scenarios", ["tests", "--ignore=tests/unit"], WITHOUT_CLOUD),
        Step("installation", [str(python), str(CHECKOUT / "scripts" / "workbench" / "installation.py")]),
    ]
    if options.no_cloud:
        return [Lane([*linters, *others]), Lane([unit])]
    return [
        Lane([*linters, unit, *others], [_acceptance(python)]),
        Lane([], [_pytest(options, python, "integration", ["tests"], WITH_CLOUD)]),
    ]


def _linters(python: Path) -> Iterator[Step]:
    tools = python.parent
    yield Step("ruff", [str(tools / "ruff"), "check", "."])
    yield Step("mypy", [str(python), "-m", "mypy"])
    yield Step("import rules", [str(tools / "lint-imports"), "--no-cache"])
    yield Step(
        "documents",
        [str(python), "-m", "docutils", "--report=warning", "--halt=warning", "--writer=null", "README.rst"],
    )
    yield Step("handbook", [str(python), str(CHECKOUT / "scripts" / "docs"), "--check"])


def _acceptance(python: Path) -> Step:
    words = ["--no-capture", "--format=progress3", str(FEATURES)]
    return Step("acceptance", [str(python), "-m", "behave", *words], Kind.BEHAVE, 20 * MINUTE)


def _pytest(
    options: argparse.Namespace, python: Path, name: str, where: Sequence[str], marks: str, processes: int = 1
) -> Step:
    expression = marks if options.long else f"{marks} and not slow"
    # What tries the API by its document takes each process long to load, and only a single one uses it.
    spread = ["-n", str(processes), "-p", "no:schemathesis"] if processes > 1 else []
    command = [str(python), "-m", "pytest", *QUIET, *spread, "-m", expression, *options.pytest, *where]
    return Step(
        name, command, Kind.PYTEST, 90 * MINUTE if options.long else 30 * MINUTE, bool(options.pytest)
    )


def _environment(options: argparse.Namespace, python: Path) -> dict[str, str]:
    """What the tests run with: nothing of the caller's that leads to a cloud, a proxy never for loopback."""
    environment = clean_environment(cloud.without_cloud(os.environ))
    environment.pop("PYTEST_ADDOPTS", None)
    environment["HYPOTHESIS_PROFILE"] = "long" if options.long else "short"
    path = os.pathsep.join([str(python.parent), environment.get("PATH", os.defpath)])
    loopback = "127.0.0.1,localhost"
    return environment | {
        "PATH": path,
        "PYTHONPATH": str(CHECKOUT),
        "NO_PROXY": loopback,
        "no_proxy": loopback,
    }


def _summarise(outcomes: Sequence[Outcome], seconds: float) -> int:
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 60
    _say("=" * min(width, 60))
    for outcome in outcomes:
        _say(line(outcome))
    failed = sum(outcome.failed for outcome in outcomes)
    _say(f"{sum(outcome.passed for outcome in outcomes)} passed, {failed} failed in {duration(seconds)}")
    for outcome in outcomes:
        if not outcome.is_good:
            _say(f"{outcome.name} has failed; its output: {outcome.log}")
    clouds = sorted(LOGS.glob("*-cloud"))
    if clouds:
        _say(f"Logs of the servers of the development cloud: {', '.join(map(str, clouds))}")
    if failed:
        _say("docs/contributing.rst explains how to run a single test again.")
    return 1 if failed else 0


def _say(line: str) -> None:
    print(line, flush=True)


def _stop(number: int, _frame: FrameType | None) -> None:
    """Leave through every ``finally``, so that the cloud is taken down."""
    raise SystemExit(128 + number)
