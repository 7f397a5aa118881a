"""Virtual environments that are made once and brought up to date only when what goes into them changes."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from workbench import debian
from workbench.cloud import CHECKOUT
from workbench.debian import Part
from workbench.folders import exclusive
from workbench.progress import PipSteps, Say, run_shown

LOCKS = (CHECKOUT / "requirements.txt", CHECKOUT / "test-requirements.txt")
LOG_LINES = 15
OF_ANOTHER_PYTHON = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
"""Variables that would make an interpreter look for its packages elsewhere."""


class SetupError(Exception):
    """Something could not be set up; the text says what and how to mend it."""


def prepare(venv: Path, requirements: Sequence[str], depends_on: Sequence[Path], say: Say) -> Path:
    """Make sure that a virtual environment holds what is asked for.

    :param venv: its folder
    :param requirements: words for ``pip install``
    :param depends_on: files; a change of their content has the requirements installed again
    :param say: takes a line of progress
    :returns: its interpreter
    :raises SetupError: it could not be made or filled
    """
    python = venv / "bin" / "python"
    stamp = venv / "installed"
    begun = venv / "installing"
    venv.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(venv.parent):
        # What an interrupted installation left may look complete to pip and not be so.
        if begun.exists() or not _works(python):
            _create(venv, say)
        wanted = _fingerprint(requirements, depends_on)
        if not stamp.exists() or stamp.read_text(encoding="ascii") != wanted:
            begun.touch()
            stamp.unlink(missing_ok=True)
            _install(python, requirements, say)
            stamp.write_text(wanted, encoding="ascii")
            begun.unlink()
    return python


def prepare_checkout(say: Say) -> Path:
    """Make sure that the checkout's own environment holds what the program and its tests need.

    :param say: takes a line of progress
    :returns: its interpreter
    :raises SetupError: it could not be made or filled
    """
    return prepare(CHECKOUT / ".venv", ["-r", str(LOCKS[1])], LOCKS, say)


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment without the variables that lead an interpreter to packages of another one."""
    return {name: value for name, value in environ.items() if name not in OF_ANOTHER_PYTHON}


def _create(venv: Path, say: Say) -> None:
    absent = debian.provide(Part.SETUP, say=say)
    if absent:
        raise SetupError(f"this Python cannot make virtual environments; {debian.advice(absent)}")
    # Outside, because the folder is emptied.
    log = venv.with_name(f"{venv.name}.log")
    command = [sys.executable, "-m", "venv", "--clear", str(venv)]
    title = f"Making the virtual environment {venv}"
    try:
        _run(command, title, say, log, f"cannot make the virtual environment {venv}")
    finally:
        log.unlink(missing_ok=True)


def _install(python: Path, requirements: Sequence[str], say: Say) -> None:
    command = [str(python), "-m", "pip", "install", "--progress-bar", "off", "--disable-pip-version-check"]
    venv = python.parent.parent
    log = venv / "install.log"
    problem = f"cannot install packages into {venv}; is the package index reachable? The whole output is in {log}"
    _run([*command, "--no-input", *requirements], "Installing packages, only once", say, log, problem)


def _run(command: Sequence[str], title: str, say: Say, log: Path, problem: str) -> None:
    log.unlink(missing_ok=True)
    environment = clean_environment(os.environ)
    if run_shown(command, title, say, log=log, environment=environment, step_of=PipSteps()):
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        raise SetupError("\n".join([*lines[-LOG_LINES:], problem]))


def _works(python: Path) -> bool:
    """Whether the environment's interpreter still starts and is of the version that runs this."""
    if shutil.which(str(python)) is None:
        return False
    code = "import sys, pip; print(*sys.version_info[:2])"
    done = subprocess.run(
        [str(python), "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=clean_environment(os.environ),
    )
    return done.returncode == 0 and done.stdout.split() == [str(part) for part in sys.version_info[:2]]


def _fingerprint(requirements: Sequence[str], depends_on: Sequence[Path]) -> str:
    digest = hashlib.sha256(repr(list(requirements)).encode())
    for path in depends_on:
        digest.update(path.read_bytes())
    return digest.hexdigest()
