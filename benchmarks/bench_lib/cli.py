"""The command line of the benchmarks."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from devcloud_lib.errors import CloudError
from workbench import debian
from workbench.debian import Part
from workbench.venv import SetupError, prepare_checkout

from .figures import Result
from .measure import MIB, Failed
from .results import PAGE, line_of, record, write_page
from .rows.table import ROWS
from .setting import Setting

DESCRIPTION = """\
Measures the program against what an operator would type otherwise, and writes benchmarks/RESULTS.md. Needs the
development cloud ($GLANCESYNC_DEVCLOUD_DIR, else .devcloud in the checkout), starts it when it is down, and REMOVES
ALL ITS IMAGES. Nothing else should run on the machine meanwhile. It takes long (one-image alone 25 minutes on a machine
with 2 cores); --quick takes minutes. Needs Python 3 only; what else is needed goes into .venv in the checkout, and, as
root on Debian, into the system.
"""
LARGE, SMALL = 4096, 512
"""MiB of the one large image."""

MANY, FEW = 5, 3
"""How often two things are measured alternately."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure.

    :param arguments: the words after the program's name; default: those of this process
    :returns: the exit code: 0 measured, 1 something could not be measured, 2 wrong usage; a missed target is neither
    """
    options = _parser().parse_args(arguments)
    names = options.only or [name for name in ROWS if name != "rebuild" or options.before]
    size = (options.size or (SMALL if options.quick else LARGE)) * MIB
    pairs = options.pairs or (FEW if options.quick else MANY)
    # SIGTERM cleans up as SIGINT does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        python = _set_up()
    except SetupError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    failed = False
    for name in names:
        began, load = time.monotonic(), os.getloadavg()[0]
        work = Path(tempfile.mkdtemp(prefix="glancesync-benchmark-", dir=options.work))
        setting = Setting(work, options.quick, size, pairs, _say, str(python), before=options.before)
        try:
            result = ROWS[name](setting)
        except (Failed, CloudError, OSError) as error:
            failed = True
            result = Result("—", skipped=" ".join(f"failed: {error}".split()).replace("|", "\\|"))
        finally:
            shutil.rmtree(work, ignore_errors=True)
        record(name, result, quick=options.quick, load=load, versions=setting.versions())
        write_page(ROWS)
        _tell(name, result, time.monotonic() - began)
    print(f"The results are in {PAGE}")
    return 1 if failed else 0


def _set_up() -> Path:
    """Provide what is measured with, as ``scripts/test`` does; the interpreter of the program.

    :raises SetupError: it cannot be had
    """
    absent = debian.provide(Part.SETUP, Part.BENCHMARKS, say=_say)
    if absent:
        _say(f"WARNING: not everything is measured; {debian.advice(absent)}")
    return prepare_checkout(_say)


def _tell(name: str, result: Result, seconds: float) -> None:
    print(f"{name} ({result.size}; measured in {seconds:.0f} s)", flush=True)
    for line in [f"  {result.skipped}"] if result.skipped else map(line_of, result.figures):
        print(line, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks/run", description=DESCRIPTION)
    parser.add_argument("--only", action="append", choices=tuple(ROWS), metavar="NAME",
                        help=f"measure this alone (repeatable): {', '.join(ROWS)}")
    parser.add_argument("--quick", action="store_true", help="fewer pairs and smaller images")
    parser.add_argument("--size", type=int, metavar="MIB",
                        help=f"of the one large image (default: {LARGE}, with --quick {SMALL})")
    parser.add_argument("--pairs", type=int, metavar="N",
                        help=f"how often to measure two things alternately (default: {MANY}, with --quick {FEW})")
    parser.add_argument("--before", type=Path, metavar="FOLDER",
                        help="another checkout of the program, which rebuild compares this one with")
    parser.add_argument("--work", type=Path, metavar="DIR", help="where to make files (default: the temporary folder)")
    return parser


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
