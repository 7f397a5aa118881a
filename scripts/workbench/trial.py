"""``scripts/try``: from a fresh checkout to a synchronised federation, on real OpenStack or without any."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from workbench import cloud, volume_trial
from workbench.cloud import CHECKOUT
from workbench.venv import SetupError, clean_environment, prepare

VENV = CHECKOUT / ".try" / "venv"
FEDERATION = CHECKOUT / ".try" / "federation"
VAULT = CHECKOUT / ".try" / "vault"
EXAMPLE = CHECKOUT / "examples" / "embedded"
EXAMPLE_CONFIG = EXAMPLE / "glancesync.conf"
LOADER = CHECKOUT / "fiwareglancesync" / "glancesync_serverfacade_mock.py"
LOCK = CHECKOUT / "requirements.txt"
WHAT_IS_INSTALLED = (LOCK, CHECKOUT / "setup.py", CHECKOUT / "fiwareglancesync" / "__init__.py")
REGIONS = ("master:", "federation2:")
EMBEDDED_SYNCHRONISED = ("Caceres",)
"""On the embedded federation the other regions are left for the examples of the README, and for the user."""
BACKED_UP = "Burgos"
LOST_IMAGE = "repository-image-R4_obsolete"
"""An image that no synchronisation brings back, as it is obsolete."""

SYNCHRONISE_BURGOS = ("glancesync --show-status Burgos", "glancesync --dry-run Burgos", "glancesync Burgos")
DECIDE = ("glancesync Caceres --dry-run --config master.replace=any",)
LOOK_INTO_THE_VAULT = ("glancesync vault runs --vault .try/vault", "glancesync vault ls Burgos --vault .try/vault")
SERVE = ("glancesync-server gunicornserver",)
"""Commands to go on with."""

DESCRIPTION = """\
Sets everything up and shows what GlanceSync does: installs it into a virtual environment, starts the
development cloud (real Keystones and Glances on loopback) with some images, shows what is to be done, does
it, and shows the result. Then it backs up a region into the vault .try/vault, deletes an image of the
region, and restores it. With --embedded the synchronisation on a federation kept in files, within seconds;
there only one region is synchronised, so that something is left to do, and there is no backup.
With --volumes the cloud has real Cinder and Nova too, which needs root: it shows the plan for the
volumes of two servers, one cycle of backups, their status, the report, and that a member of a project
cannot delete such a backup.
"""


@dataclass(frozen=True)
class Step:
    """Commands that are shown together; each is printed before its output.

    :param variables: besides those of the stage
    :param around: is entered while the commands run
    """

    title: str
    commands: Sequence[Sequence[str]]
    variables: Mapping[str, str] = field(default_factory=dict)
    around: Callable[[], AbstractContextManager[None]] = nullcontext


@dataclass(frozen=True)
class Stage:
    """A federation that is ready to be synchronised.

    :param variables: the environment that leads to it
    :param steps: what is shown on it
    :param epilogue: how to go on
    """

    variables: dict[str, str]
    steps: Sequence[Step]
    epilogue: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Show a synchronisation.

    :param arguments: the words after the program's name; default: those of this process
    :returns: the exit code: 0 all went well, 1 something failed, 2 wrong usage
    """
    parser = argparse.ArgumentParser(
        prog="scripts/try", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--embedded", action="store_true", help="without OpenStack: a federation kept in a file")
    which.add_argument("--volumes", action="store_true", help="backups of volumes instead, on real Cinder and Nova")
    options = parser.parse_args(arguments)
    try:
        _title("Installing GlanceSync into .try/venv")
        requirements = ["--constraint", str(LOCK), "--editable", str(CHECKOUT)]
        python = prepare(VENV, requirements, WHAT_IS_INSTALLED, _say)
        stage = _embedded(python) if options.embedded else _volumes(python) if options.volumes else _real()
        _show(stage, python.parent)
    except SetupError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; the next call continues.", file=sys.stderr)
        return 130
    _say(stage.epilogue)
    return 0


def _show(stage: Stage, programs: Path) -> None:
    """Print and run the commands of a stage.

    :param programs: the folder of the installed programs
    """
    environment = _environment()
    environment["PATH"] = os.pathsep.join([str(programs), environment.get("PATH", os.defpath)])
    for step in stage.steps:
        _title(step.title)
        with step.around():
            for words in step.commands:
                _say(f"$ {shlex.join(words)}")
                _call(words, environment | stage.variables | dict(step.variables))


def _synchronisation(regions: Sequence[str]) -> list[Step]:
    """Status, synchronisation, status.

    :param regions: what is synchronised, in the words of the command line
    """
    status = ("glancesync", *REGIONS, "--show-status", "--format", "table")
    return [
        Step("What is to be done: the status of each image in each region", [status]),
        Step("Synchronising", [("glancesync", *regions)]),
        Step("The status now", [status]),
    ]


def _backup_and_restore() -> list[Step]:
    """A backup of a region, a loss, the restore from the backup."""
    folder = os.path.relpath(VAULT, CHECKOUT)
    vault = ("--vault", folder)
    restore = ("glancesync", "--from", f"vault:{BACKED_UP}", BACKED_UP, *vault)
    status = (*restore, "--show-status")
    delete = f'import openstack; openstack.connect().delete_image("{LOST_IMAGE}")'
    return [
        Step(f"Backing up {BACKED_UP} into a vault, a folder that keeps images",
             [("glancesync", "vault", "init", folder), ("glancesync", "vault", "backup", BACKED_UP, *vault)]),
        Step(f"Deleting an image of {BACKED_UP}; the status compares {BACKED_UP} with its backup",
             [("env", f"OS_REGION_NAME={BACKED_UP}", "python", "-c", delete), status]),
        Step("Restoring it from the vault", [(*restore, "--dry-run"), restore, status]),
    ]  # fmt: skip


def _real() -> Stage:
    environment = _environment()
    folder = environment.get(cloud.FOLDER_VARIABLE, str(CHECKOUT / ".devcloud"))
    _title(f"Starting the development cloud in {folder}")
    _call(cloud.command("up"), environment, quiet=True)
    _title("Filling it with images")
    _call(cloud.command("seed"), environment)
    if VAULT.exists():
        shutil.rmtree(VAULT)  # of an earlier call, perhaps from a cloud that is no more
    steps = [*_synchronisation(REGIONS), *_backup_and_restore()]
    return Stage(cloud.exported(environment), steps, _epilogue(
        'eval "$(scripts/devcloud env)"',
        {
            "In Caceres an image awaits a decision (error_checksum); this shows what one would do:": DECIDE,
            "What the vault has:": LOOK_INTO_THE_VAULT,
        },
        f"The cloud goes on running; its state, logs and configuration are in {folder}.",
        f"The vault is {VAULT}; the next scripts/try deletes it and makes it again.",
        "Look at the cloud with scripts/devcloud status, stop it with scripts/devcloud down.",
    ))  # fmt: skip


def _volumes(python: Path) -> Stage:
    environment = _environment()
    folder = environment.get(cloud.FOLDER_VARIABLE, str(CHECKOUT / ".devcloud"))
    _title(f"Starting the development cloud with Cinder and Nova in {folder}")
    _call(cloud.command("up", "--with", "volumes"), environment, quiet=True)
    _title("Making projects with servers and volumes, and the account for backups")
    _call(cloud.command("seed", "--with", "volumes"), environment)
    shutil.rmtree(volume_trial.FOLDER, ignore_errors=True)  # of an earlier call, perhaps of a cloud that is no more
    volume_trial.FOLDER.mkdir(mode=0o700, parents=True)
    account = volume_trial.account_variables(environment, "backup")
    account["GLANCESYNCAPP_DATABASE_PATH"] = str(volume_trial.FOLDER)
    report = os.path.relpath(volume_trial.FOLDER / "report.html", CHECKOUT)
    steps = [
        Step("What a cycle would do: all volumes of the servers with the mark backup=true",
             [("glancesync", "volumes", "plan")]),
        Step("One cycle", [("glancesync", "volumes", "run")]),
        Step("How well each volume is protected, and the report that is mailed, as a file",
             [("glancesync", "volumes", "status"), ("glancesync", "volumes", "report", "--out", report)]),
        Step("A member of the project deletes a backup; Cinder asks the policy server",
             [("python", "-c", volume_trial.DELETE)], volume_trial.account_variables(environment, "demo"),
             lambda: volume_trial.protected_backups(python, environment | account)),
    ]  # fmt: skip
    enter = 'eval "$(scripts/devcloud env --account backup)"'
    return Stage(account, steps, _epilogue(
        f"{enter}; export GLANCESYNCAPP_DATABASE_PATH={shlex.quote(str(volume_trial.FOLDER))}",
        {"The next cycle has nothing to do before tomorrow; this shows why:": ("glancesync volumes plan",),
         "One line for monitoring:": ("glancesync volumes check",)},
        f"The cloud goes on running; its state, logs and configuration are in {folder}.",
        f"The report is {volume_trial.FOLDER / 'report.html'}; open it in a browser.",
        "Look at the cloud with scripts/devcloud status, stop it with scripts/devcloud down.",
    ))  # fmt: skip


def _embedded(python: Path) -> Stage:
    environment = _environment()
    _title(f"Loading the federation of {EXAMPLE.relative_to(CHECKOUT)}")
    command = [str(python), str(LOADER), "--path", str(FEDERATION), "--confirm", str(EXAMPLE)]
    _call(command, environment, quiet=True)
    variables = {"GLANCESYNC_MOCKPERSISTENT_PATH": str(FEDERATION), "GLANCESYNC_CONFIG": str(EXAMPLE_CONFIG)}
    exports = "export " + " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
    return Stage(variables, _synchronisation(EMBEDDED_SYNCHRONISED), _epilogue(
        exports,
        {
            "Burgos and federation2:Madrid are still to be done:": SYNCHRONISE_BURGOS,
            "In Caceres an image awaits a decision (error_checksum); this shows what one would do:": DECIDE,
            "The REST server; a browser finds a page at the address that it prints:": SERVE,
        },
        f"The federation is in {FEDERATION}; nothing is running.",
        "Its images have no bytes, so there is nothing to back up; scripts/try shows a backup and a restore.",
        "Start anew with scripts/try --embedded; scripts/try does the same on real OpenStack.",
    ))  # fmt: skip


def _epilogue(enter: str, chances: Mapping[str, Sequence[str]], *notes: str) -> str:
    lines = ["", "To go on, in this folder:", f"  . {shlex.quote(str(VENV / 'bin' / 'activate'))}", f"  {enter}"]
    for reason, commands in chances.items():
        lines += ["", reason, *(f"  {command}" for command in commands)]
    return "\n".join([*lines, "", "All options: glancesync --help", *notes])


def _environment() -> dict[str, str]:
    """What is run with: of the caller's clouds only the folder where the development cloud is to be."""
    environment = clean_environment(cloud.without_cloud(os.environ))
    if cloud.FOLDER_VARIABLE in os.environ:
        environment[cloud.FOLDER_VARIABLE] = os.environ[cloud.FOLDER_VARIABLE]
    loopback = "127.0.0.1,localhost"
    return environment | {"NO_PROXY": loopback, "no_proxy": loopback}


def _call(command: Sequence[str], environment: Mapping[str, str], *, quiet: bool = False) -> None:
    """Run a command to its end; `quiet` drops what it says on stdout, errors are always shown."""
    output = subprocess.DEVNULL if quiet else None
    status = subprocess.run(
        command, cwd=CHECKOUT, env=dict(environment), stdin=subprocess.DEVNULL, stdout=output, check=False
    ).returncode
    if status:
        raise SetupError(f"{shlex.join(command)} ended with exit code {status}")


def _title(text: str) -> None:
    _say(f"\n==> {text}")


def _say(line: str) -> None:
    print(line, flush=True)
