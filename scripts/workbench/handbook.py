"""``scripts/docs``: the handbook as HTML and the manual page of the command, both made from ``docs/``."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from workbench.cloud import CHECKOUT
from workbench.progress import run_shown
from workbench.venv import SetupError, clean_environment, prepare_checkout

SOURCE = CHECKOUT / "docs"
OUTPUT = CHECKOUT / "build" / "handbook"
MANUAL_PAGE = "glancesync.1"
WARNINGS = "warnings"
STEP = re.compile(r"(reading|writing)[^\[]*\[ *\d+%\] *\S*")

DESCRIPTION = """\
Builds the handbook; a warning is an error. The parts about options, keys and routes are made from the program.
Needs Python 3 only; what else is needed goes into .venv in the checkout.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the handbook.

    :param arguments: the words after the program's name; default: those of this process
    :returns: the exit code: 0, 1 when something is wrong with a page, 2 for wrong usage
    """
    options = _parser().parse_args(arguments)
    try:
        python = prepare_checkout(_say)
        return _make(python, options)
    except SetupError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the next call continues.", file=sys.stderr)
        return 130


def _make(python: Path, options: argparse.Namespace) -> int:
    if options.check:
        with tempfile.TemporaryDirectory(prefix="glancesync-handbook-") as scratch:
            return 0 if _build_all(python, Path(scratch)) else 1
    folder = options.output.absolute()
    if not _build_all(python, folder):
        return 1
    if options.update_man:
        shutil.copyfile(folder / "man" / MANUAL_PAGE, SOURCE / "man" / MANUAL_PAGE)
    print(f"The handbook is in {folder / 'html' / 'index.html'}, the manual page in {folder / 'man' / MANUAL_PAGE}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/docs", description=DESCRIPTION)
    parser.add_argument(
        "--output", type=Path, default=OUTPUT, metavar="FOLDER", help="where it goes (default: build/handbook)"
    )
    parser.add_argument("--check", action="store_true", help="only see whether anything is wrong with it")
    parser.add_argument(
        "--update-man", action="store_true", help="also write docs/man/glancesync.1, which installations contain"
    )
    return parser


def _build_all(python: Path, folder: Path) -> bool:
    return _build(python, "html", "Making the pages", folder, "--fresh-env") and _build(
        python, "man", "Making the manual page", folder
    )


def _build(python: Path, builder: str, title: str, folder: Path, *options: str) -> bool:
    """Build with Sphinx. The second builder uses what the first has read.

    The first one reads all pages anew: Sphinx does not notice that the program has changed, from which lists are made.
    """
    command = [str(python), "-m", "sphinx", "-W", "--keep-going", "--no-color", *options, "-b", builder]
    command += ["-d", str(folder / "read"), "-w", str(folder / WARNINGS), str(SOURCE), str(folder / builder)]
    environment = clean_environment(os.environ) | {"PYTHONPATH": str(CHECKOUT)}
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{builder}.log"
    log.unlink(missing_ok=True)
    if not run_shown(command, title, _say, log=log, environment=environment, step_of=_step):
        return True
    warnings = folder / WARNINGS
    print((warnings if warnings.exists() else log).read_text(encoding="utf-8", errors="replace"), file=sys.stderr)
    return False


def _step(line: str) -> str | None:
    """The present step of Sphinx, such as ``reading sources... [ 45%] cli``."""
    found = STEP.match(line)
    return " ".join(found[0].split()) if found else None


def _say(line: str) -> None:
    print(line, flush=True)
