"""``scripts/test``: linters, unit tests, scenarios, and everything that needs the development cloud."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from workbench import cloud, debian
from workbench.cloud import CHECKOUT
from workbench.steps import Kind, Outcome, Step, run
from workbench.venv import SetupError, clean_environment, prepare

LOCKS = (CHECKOUT / "requirements.txt", CHECKOUT / "test-requirements.txt")
FEATURES = CHECKOUT / "tests" / "acceptance"
QUIET = ("-q", "-p", "no:cacheprovider")
WITHOUT_CLOUD = "not integration"
WITH_CLOUD = "integration"
MINUTE = 60.0

DESCRIPTION = """\
Runs everything that tells whether the program is right: linters, unit tests, the CSV scenarios, and, on a
development cloud of its own, the conformance, integration and acceptance tests. Needs Python 3 only; what
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
        python = prepare(CHECKOUT / ".venv", ["-r", str(LOCKS[1])], LOCKS, _say)
    except SetupError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    for line in debian.provide_programs():
        print(f"WARNING: {line}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="glancesync-test-") as scratch:
        try:
            outcomes = list(_run_all(options, python, Path(scratch)))
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


def _run_all(options: argparse.Namespace, python: Path, scratch: Path) -> Iterator[Outcome]:
    environment = _environment(python)
    for step in _local_steps(options, python):
        yield _run(step, scratch, environment)
    if options.unit or options.no_cloud:
        return
    with _own_cloud(scratch) as variables:
        up = _run(
            Step("development cloud", cloud.command("up"), limit=10 * MINUTE, confidential=True),
            scratch,
            environment | variables,
        )
        yield up
        if up.is_good:
            for step in _cloud_steps(options, python):
                yield _run(step, scratch, environment | variables)


def _local_steps(options: argparse.Namespace, python: Path) -> Iterator[Step]:
    tools = python.parent
    yield Step("ruff", [str(tools / "ruff"), "check", "."])
    yield Step("mypy", [str(python), "-m", "mypy"])
    yield Step("import rules", [str(tools / "lint-imports"), "--no-cache"])
    yield Step(
        "documents",
        [str(python), "-m", "docutils", "--report=warning", "--halt=warning", "--writer=null", "README.rst"],
    )
    yield _pytest(options, python, "unit", ["tests/unit"], WITHOUT_CLOUD)
    if not options.unit:
        yield _pytest(options, python, "scenarios", ["tests", "--ignore=tests/unit"], WITHOUT_CLOUD)
        yield Step("installation", [str(python), str(CHECKOUT / "scripts" / "workbench" / "installation.py")])


def _cloud_steps(options: argparse.Namespace, python: Path) -> Iterator[Step]:
    yield _pytest(options, python, "integration", ["tests"], WITH_CLOUD)
    features = FEATURES / "features"
    if next(FEATURES.rglob("*.feature"), None) is not None:
        words = ["--no-capture", "--format=progress3", str(features if features.is_dir() else FEATURES)]
        yield Step("acceptance", [str(python), "-m", "behave", *words], Kind.BEHAVE, 20 * MINUTE)


def _pytest(options: argparse.Namespace, python: Path, name: str, where: Sequence[str], marks: str) -> Step:
    expression = marks if options.long else f"{marks} and not slow"
    command = [str(python), "-m", "pytest", *QUIET, "-m", expression, *options.pytest, *where]
    return Step(
        name, command, Kind.PYTEST, 90 * MINUTE if options.long else 30 * MINUTE, bool(options.pytest)
    )


def _environment(python: Path) -> dict[str, str]:
    """What the tests run with: nothing of the caller's that leads to a cloud, a proxy never for loopback."""
    environment = clean_environment(cloud.without_cloud(os.environ))
    environment.pop("PYTEST_ADDOPTS", None)
    path = os.pathsep.join([str(python.parent), environment.get("PATH", os.defpath)])
    loopback = "127.0.0.1,localhost"
    return environment | {
        "PATH": path,
        "PYTHONPATH": str(CHECKOUT),
        "NO_PROXY": loopback,
        "no_proxy": loopback,
    }


@contextmanager
def _own_cloud(scratch: Path) -> Iterator[dict[str, str]]:
    """A place for a development cloud that is nobody else's, empty again afterwards.

    The servers' software is shared with the cloud that the user may have in the checkout.
    """
    folder = scratch / "cloud"
    software = os.environ.get(cloud.VENV_VARIABLE) or str(CHECKOUT / ".devcloud" / "venv")
    variables = {cloud.FOLDER_VARIABLE: str(folder), cloud.VENV_VARIABLE: software}
    try:
        yield variables
    finally:
        environment = cloud.without_cloud(os.environ) | variables
        run(
            Step("cloud down", cloud.command("down")),
            folder=CHECKOUT,
            scratch=scratch,
            environment=environment,
        )


def _run(step: Step, scratch: Path, environment: dict[str, str]) -> Outcome:
    _say(f"== {step.name}")
    outcome = run(step, folder=CHECKOUT, scratch=scratch, environment=environment)
    _say(_line(outcome))
    return outcome


def _summarise(outcomes: Sequence[Outcome]) -> int:
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 60
    _say("=" * min(width, 60))
    for outcome in outcomes:
        _say(_line(outcome))
    failed = sum(outcome.failed for outcome in outcomes)
    _say(f"{sum(outcome.passed for outcome in outcomes)} passed, {failed} failed")
    return 1 if failed else 0


def _line(outcome: Outcome) -> str:
    word = "ok    " if outcome.is_good else "FAILED"
    counts = f"{outcome.passed} passed, {outcome.failed} failed, {outcome.skipped} skipped"
    note = f" ({outcome.note})" if outcome.note else ""
    return f"{word} {outcome.name:<18} {outcome.seconds:6.1f} s  {counts}{note}"


def _say(line: str) -> None:
    print(line, flush=True)


def _stop(number: int, _frame: FrameType | None) -> None:
    """Leave through every ``finally``, so that the cloud is taken down."""
    raise SystemExit(128 + number)
