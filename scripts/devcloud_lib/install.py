"""Installs the servers into virtual environments of their own, once."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workbench import debian
from workbench.debian import Part
from workbench.progress import PipSteps, Say, progress, run_shown

from devcloud_lib.configuration import render
from devcloud_lib.errors import CloudError

MINIMUM_PYTHON = (3, 11)
CANDIDATE_PYTHONS = ("python3.13", "python3.12", "python3.11")
PYTHON_VARIABLE = "GLANCESYNC_DEVCLOUD_PYTHON"
SCRIPTS = Path(__file__).resolve().parent.parent
LOG_LINES = 15


@dataclass(frozen=True)
class Software:
    """What is installed into a virtual environment of its own.

    :param names: what it is, for people.
    :param requirements: the file that lists the packages; a file beside it has their exact versions.
    :param make_databases: makes empty databases of the right schema in a virtual environment.
    """

    names: str
    requirements: Path
    make_databases: Callable[[Path], None]

    @property
    def fingerprint(self) -> str:
        constraints = self.requirements.with_name(self.requirements.name.replace("requirements", "constraints"))
        return hashlib.sha256(self.requirements.read_bytes() + constraints.read_bytes()).hexdigest()


def install(venv: Path, say: Say, software: Software | None = None) -> str:
    """Make sure that the software is in `venv`, together with empty databases of the right schema.

    :param venv: folder of the virtual environment; several clouds may share it.
    :param say: takes a line of progress.
    :param software: what is installed; None means Keystone and Glance.
    :returns: a fingerprint of the software.
    :raises CloudError: something could not be installed; the message names the log.
    """
    software = software or FEDERATION
    stamp = prepared_folder(venv) / "installed"
    venv.parent.mkdir(parents=True, exist_ok=True)
    with _exclusive(venv.with_name(venv.name + ".lock")):
        if _read(stamp) != software.fingerprint:
            stamp.unlink(missing_ok=True)
            _install_packages(venv, say, software)
            with progress(f"Making empty databases for {software.names}, only once", say):
                software.make_databases(venv)
            stamp.write_text(software.fingerprint, encoding="ascii")
    return software.fingerprint


def prepared_folder(venv: Path) -> Path:
    """Where the empty databases are."""
    return venv / "devcloud"


def program(venv: Path, name: str) -> list[str]:
    """The start of a command line that runs an installed program.

    The interpreter is named explicitly: the first line of a script cannot hold a path with a space in it.
    """
    return [str(venv / "bin" / "python"), str(venv / "bin" / name)]


def empty_database(venv: Path, kind: str) -> Path:
    """The empty database of `keystone` or `glance`, to be copied."""
    return prepared_folder(venv) / f"{kind}.sqlite"


def paste_config(venv: Path) -> Path:
    """The pipeline that Glance ships."""
    return venv / "etc" / "glance" / "glance-api-paste.ini"


def run(command: Sequence[str], *, folder: Path, log: Path, environment: Mapping[str, str]) -> None:
    """Run a command to its end.

    :raises CloudError: it failed; the details are the end of its log.
    """
    with open(log, "ab") as output:
        status = subprocess.run(
            list(command), cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, check=False,
        ).returncode
    _check(status, command, log)


def server_environment(venv: Path) -> dict[str, str]:
    """The environment for the installed programs: nothing of the caller's that could change what they do."""
    kept = {name: os.environ[name] for name in ("HOME", "SSL_CERT_FILE") if name in os.environ}
    path = os.pathsep.join([str(venv / "bin"), os.environ.get("PATH", os.defpath)])
    return kept | {"PATH": path, "LANG": "C.UTF-8", "PYTHONNOUSERSITE": "1", "PYTHONWARNINGS": "ignore"}


def tail(log: Path, start: int = 0) -> str:
    """The last lines of a log.

    :param start: offset in bytes from which to look.
    """
    try:
        with open(log, "rb") as file:
            file.seek(start)
            lines = file.read().decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return ""
    return "\n".join(lines[-LOG_LINES:])


def _check(status: int, command: Sequence[str], log: Path) -> None:
    if status:
        name = " ".join(Path(word).name for word in command[:3])
        raise CloudError(f"{name} failed with status {status}; the whole log is {log}", tail(log))


def _install_packages(venv: Path, say: Say, software: Software) -> None:
    log = venv.with_name(venv.name + ".log")
    log.write_bytes(b"")
    begun = venv / "installing"
    # What an interrupted installation left may look complete to pip and not be so.
    if begun.exists() or not (venv / "bin" / "pip").exists():
        python = _python()
        absent = debian.provide(Part.SETUP, say=say) if python == sys.executable else []
        try:
            title = f"Making the virtual environment {venv}"
            _run_shown([python, "-m", "venv", "--clear", str(venv)], title, say, venv, log)
        except CloudError as error:
            reason = debian.advice(absent) if absent else f"{python} cannot do it"
            raise CloudError(f"cannot make a virtual environment in {venv}; {reason}", str(error.details)) from error
    begun.touch()
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check", "--prefer-binary"]
    words = ["--progress-bar", "off", "--no-input", "-r", str(software.requirements)]
    _run_shown([*pip, *words], f"Installing {software.names}, only once", say, venv, log)
    begun.unlink()


def _run_shown(command: Sequence[str], title: str, say: Say, venv: Path, log: Path) -> None:
    status = run_shown(
        command, title, say, log=log, environment=os.environ, folder=venv.parent, step_of=PipSteps()
    )
    _check(status, command, log)


def _python() -> str:
    """An interpreter that OpenStack's servers support: this one if it will do."""
    wanted = os.environ.get(PYTHON_VARIABLE)
    if wanted:
        return wanted
    if sys.version_info >= MINIMUM_PYTHON:
        return sys.executable
    for name in CANDIDATE_PYTHONS:
        found = shutil.which(name)
        if found:
            return found
    raise CloudError(f"OpenStack's servers need Python {'.'.join(map(str, MINIMUM_PYTHON))} or newer, this is "
                     f"{sys.version.split()[0]}; name another one in {PYTHON_VARIABLE}")


def _make_empty_databases(venv: Path) -> None:
    """Run the migrations once; every server then gets a copy, which takes no time."""
    for kind, words in (("keystone", ["db_sync"]), ("glance", ["db", "sync"])):
        folder = prepared_folder(venv) / kind
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        database = folder / "database.sqlite"
        config = folder / "manage.conf"
        config.write_text(render({"database": {"connection": f"sqlite:///{database.name}"}}), encoding="utf-8")
        run([*program(venv, f"{kind}-manage"), "--config-file", config.name, *words],
            folder=folder, log=folder / "manage.log", environment=server_environment(venv))
        _use_write_ahead_log(database)
        database.replace(empty_database(venv, kind))


FEDERATION = Software("Keystone and Glance", SCRIPTS / "devcloud-requirements.txt", _make_empty_databases)


def _use_write_ahead_log(database: Path) -> None:
    """Let readers go on while somebody writes; the setting is kept in the file."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


def _read(path: Path) -> str:
    return path.read_text(encoding="ascii") if path.exists() else ""


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """Let one process at a time install."""
    with open(path, "wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
