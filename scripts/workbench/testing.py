"""``scripts/test``: linters, unit tests, scenarios, and everything that needs a development cloud."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from workbench import cloud, debian
from workbench.cloud import CHECKOUT
from workbench.debian import Part
from workbench.lanes import Lane, line, run_lanes
from workbench.steps import Kind, Outcome, Step
from workbench.venv import SetupError, clean_environment, prepare_checkout

FEATURES = CHECKOUT / "tests" / "acceptance"
QUIET = ("-q", "-p", "no:cacheprovider")
WITHOUT_CLOUD = "not integration"
WITH_CLOUD = "integration"
MINUTE = 60.0

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
    with tempfile.TemporaryDirectory(prefix="glancesync-test-") as scratch:
        try:
            outcomes = run_lanes(_lanes(options, python), Path(scratch), _environment(options, python))
        except KeyboardInterrupt:
            return 130
    return _summarise(outcomes)


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


def _summarise(outcomes: Sequence[Outcome]) -> int:
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 60
    _say("=" * min(width, 60))
    for outcome in outcomes:
        _say(line(outcome))
    failed = sum(outcome.failed for outcome in outcomes)
    _say(f"{sum(outcome.passed for outcome in outcomes)} passed, {failed} failed")
    return 1 if failed else 0


def _say(line: str) -> None:
    print(line, flush=True)


def _stop(number: int, _frame: FrameType | None) -> None:
    """Leave through every ``finally``, so that the cloud is taken down."""
    raise SystemExit(128 + number)
