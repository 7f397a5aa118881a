"""``scripts/test``: linters, unit tests, scenarios, and everything that needs a development cloud."""

from __future__ import annotations

import argparse
import math
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from devcloud_lib.gluster.node_needs import unmet_need

from workbench import cloud, debian
from workbench.cloud import CHECKOUT
from workbench.debian import Part
from workbench.lanes import (
    GUESTS,
    UP,
    UP_WITH_BOTH,
    UP_WITH_CEPH,
    UP_WITH_GLUSTER,
    UP_WITH_VOLUMES,
    Lane,
    line,
    run_lanes,
)
from workbench.progress import duration
from workbench.steps import Kind, Outcome, Step
from workbench.venv import SetupError, clean_environment, prepare_checkout

FEATURES = CHECKOUT / "tests" / "acceptance"
QUIET = ("-q", "-p", "no:cacheprovider")
WITHOUT_CLOUD = "not integration"
WITH_CLOUD = "integration and not volumes and not ceph and not gluster"
WITH_VOLUMES, WITH_CEPH, WITH_GLUSTER = "volumes and not ceph", "ceph", "gluster"
WITHOUT_CINDER = "ceph and not volumes"
ON_SERVERS = ("tests/conformance", "tests/integration")
"""Where the tests of the other subjects are: to read those of images takes as long as some of these."""

SYNC, VOLUMES, SNAPSHOTS, VMS = "sync", "volumes", "snapshots", "vms"
"""The subjects whose tests on real servers can be called for alone."""

NAMES = {VOLUMES: "volumes", SNAPSHOTS: "snapshots", VMS: "virtual machines"}
"""What the steps of their tests are called."""

MINUTE = 60.0
LIMIT = 180 * MINUTE
"""Seconds after which tests that take minutes have hung."""

SHORT_RUN_LIMIT = 70 * MINUTE
"""Seconds after which all steps of a run without such tests end. They take a third of that, but for a machine with
other work. CI may end a run after 90 minutes, and does not name the step that hangs. Taking the clouds down needs
minutes.
"""

LOGS = CHECKOUT / "build" / "test"
UNIT_MINUTES, NO_CLOUD_MINUTES, ALL_MINUTES = 5, 15, 25
SUBJECT_MINUTES = {SYNC: 15, VOLUMES: 40, SNAPSHOTS: 10, VMS: 60}
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
    begin = time.monotonic()
    options = read_options(sys.argv[1:] if arguments is None else arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        _provide_programs(options)
        python = prepare_checkout(_say)
        lanes = _lanes(options, python)
        if not lanes:
            raise SetupError("no test can be run here")
    except SetupError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the next call continues.", file=sys.stderr)
        return 130
    _announce(options, lanes)
    with tempfile.TemporaryDirectory(prefix="glancesync-test-") as scratch:
        try:
            outcomes = run_lanes(lanes, Path(scratch), LOGS, _environment(options, python), _end(options, begin))
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
        _say(f"  {number}: {', '.join(step.name for step in lane.all_steps)}")
    minutes = UNIT_MINUTES if options.unit else NO_CLOUD_MINUTES if options.no_cloud else ALL_MINUTES
    minutes = SUBJECT_MINUTES.get(options.subject, minutes)
    length = "several hours" if options.long else f"about {minutes} minutes"
    _say(f"On two cores this takes {length}, the first time longer: packages are installed.")
    _say(f"The output of each step is in {LOGS}; that of a step that fails is shown here, too.")


def read_options(words: Sequence[str]) -> argparse.Namespace:
    """What is asked for; the process ends when that makes no sense.

    :param words: those of the command line, after the program's name
    """
    own = list(words)
    for_pytest: list[str] = []
    if "--" in own:
        end = own.index("--")
        own, for_pytest = own[:end], own[end + 1 :]
    parser = _parser()
    options = parser.parse_args(own, argparse.Namespace(pytest=for_pytest))
    if options.subject and (options.unit or options.no_cloud):
        parser.error(f"the tests of {options.subject} run on a cloud; call them without --unit and --no-cloud")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/test",
        usage="%(prog)s [-h] [--unit] [--no-cloud] [--long] [SUBJECT] [-- PYTEST-WORD ...]",
        description=DESCRIPTION,
        epilog="Words after -- go to pytest.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--unit", action="store_true", help="only the linters and the unit tests")
    parser.add_argument("--no-cloud", action="store_true", help="only what needs no development cloud")
    parser.add_argument("--long", action="store_true", help="also the tests that take minutes")
    parser.add_argument(
        "subject",
        nargs="?",
        choices=[SYNC, VOLUMES, SNAPSHOTS, VMS],
        metavar="SUBJECT",
        help=f"only the tests of one subject on real servers, those, too, that take minutes: {SYNC} (images), "
        f"{VOLUMES} (backups), {SNAPSHOTS} (in Ceph), or {VMS} (on gluster); all but the first need root",
    )
    return parser


def _provide_programs(options: argparse.Namespace) -> None:
    """Install the programs that the tests need.

    :raises SetupError: in CI, where nothing may be left out, one stays missing
    """
    parts = [Part.SETUP, Part.UNIT]
    parts += [Part.TEST] * (not options.unit)
    parts += [Part.VOLUMES] * (_asks_for(VOLUMES, options) or _asks_for(SNAPSHOTS, options))
    parts += [Part.CEPH] * _asks_for(SNAPSHOTS, options)
    parts += [Part.GLUSTER] * _asks_for(VMS, options)
    parts += [Part.LONG] * _is_long(options)
    absent = debian.provide(*parts, say=_say)
    if absent:
        _leave_out(debian.advice(absent))


def _asks_for(subject: str, options: argparse.Namespace) -> bool:
    """Whether the tests of a subject on real servers are to be run."""
    return not (options.unit or options.no_cloud) and options.subject in (None, subject)


def _is_long(options: argparse.Namespace) -> bool:
    """Whether the tests that take minutes are to be run: those of a subject, too, when it is called for alone."""
    return bool(options.long or options.subject in (VOLUMES, SNAPSHOTS, VMS))


def _end(options: argparse.Namespace, begin: float) -> float:
    """When all steps end, as a moment of the steady clock.

    :param begin: when this program was called
    """
    return math.inf if _is_long(options) else begin + SHORT_RUN_LIMIT


def _leave_out(reason: str) -> None:
    """Report that tests cannot be run here.

    :param reason: what is missing and how to get it
    :raises SetupError: in CI, where nothing may be left out
    """
    if os.environ.get("CI") == "true":
        raise SetupError(reason)
    _warn_of_left_out(reason)


def _warn_of_left_out(reason: str) -> None:
    print(f"WARNING: tests are skipped; {reason}", file=sys.stderr)


def _lanes(options: argparse.Namespace, python: Path) -> list[Lane]:
    """What is done at the same time; the two clouds of the lanes are different ones.

    :raises SetupError: something cannot be run here, in CI, where nothing may be left out
    """
    linters = list(_linters(python))
    unit = _pytest(options, python, "unit", ["tests/unit"], f"{WITHOUT_CLOUD} and not outside", os.cpu_count() or 1)
    if options.unit:
        return [Lane(linters), Lane([unit])]
    others = [
        Step("Heat", [str(python), str(CHECKOUT / "scripts" / "workbench" / "heat_environment.py")]),
        Step("oVirt's SDK", [str(python), str(CHECKOUT / "scripts" / "workbench" / "ovirt_environment.py")]),
        _pytest(options, python, "units outside", ["tests/unit"], "outside"),
        _pytest(options, python, "scenarios", ["tests", "--ignore=tests/unit"], WITHOUT_CLOUD),
        Step("installation", [str(python), str(CHECKOUT / "scripts" / "workbench" / "installation.py")]),
    ]
    if options.no_cloud:
        return [Lane([*linters, *others]), Lane([unit])]
    asks_for_sync = _asks_for(SYNC, options)
    acceptance = [_acceptance(python)] * asks_for_sync
    integration = [_pytest(options, python, "integration", ["tests"], WITH_CLOUD)] * asks_for_sync
    volumes = _servers(VOLUMES, "Cinder", Part.VOLUMES, options, python, WITH_VOLUMES)
    has_cinder = _is_long(options)  # one test has Cinder delete a volume in Ceph
    ceph = _servers(SNAPSHOTS, "Ceph", Part.CEPH, options, python, WITH_CEPH if has_cinder else WITHOUT_CINDER)
    gluster = _servers(VMS, "gluster", Part.GLUSTER, options, python, WITH_GLUSTER)
    problem = unmet_need(Path(tempfile.gettempdir())) if gluster else ""
    if problem:
        # In CI, too: it is the machine's kernel or container that does not have it, and nothing can be installed.
        _warn_of_left_out(f"gluster cannot run on this machine: {problem}")
        gluster = []
    lanes = [
        Lane(
            [] if options.subject else [*linters, unit, *others],
            [*_begun_by([UP], acceptance), *_begun_by([UP_WITH_BOTH if has_cinder else UP_WITH_CEPH], ceph)],
        ),
        Lane(
            [],
            [
                *_begun_by([UP], integration),
                *_begun_by([UP_WITH_VOLUMES], volumes),
                # The short test makes the one guest that it needs.
                *_begun_by([UP_WITH_GLUSTER, GUESTS] if _is_long(options) else [UP_WITH_GLUSTER], gluster),
            ],
        ),
    ]
    return [lane for lane in lanes if lane.all_steps]


def _begun_by(starts: Sequence[Step], steps: Sequence[Step]) -> list[Sequence[Step]]:
    """Steps on a cloud with what starts it; nothing is started for no steps."""
    return [[*starts, *steps]] if steps else []


def _servers(
    subject: str, servers: str, part: Part, options: argparse.Namespace, python: Path, marks: str
) -> Sequence[Step]:
    """The step of a subject whose servers need root, if they can be started; why not is reported.

    :param servers: what needs root
    :param part: what needs their packages
    :param marks: which tests these are
    :raises SetupError: they cannot be started, in CI
    """
    if not _asks_for(subject, options):
        return []
    if os.geteuid() != 0:
        _leave_out(f"{servers} needs root: call scripts/test as root, for instance in a container")
        return []
    if debian.missing([part]):  # a warning has said so
        return []
    return [_pytest(options, python, NAMES[subject], ON_SERVERS, marks)]


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
    return Step("acceptance", [str(python), "-m", "behave", *words], Kind.BEHAVE, LIMIT)


def _pytest(
    options: argparse.Namespace, python: Path, name: str, where: Sequence[str], marks: str, processes: int = 1
) -> Step:
    expression = marks if _is_long(options) else f"{marks} and not slow"
    # What tries the API by its document takes each process long to load, and only a single one uses it.
    spread = ["-n", str(processes), "-p", "no:schemathesis"] if processes > 1 else []
    command = [str(python), "-m", "pytest", *QUIET, *spread, "-m", expression, *options.pytest, *where]
    return Step(name, command, Kind.PYTEST, LIMIT, bool(options.pytest))


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
