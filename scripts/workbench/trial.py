"""``scripts/try``: from a fresh checkout to a synchronised federation, on real OpenStack or without any."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from workbench import cloud, snapshot_trial, vm_trial, volume_trial
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
TEMPLATES = "examples/templates"
NEEDED_IMAGE = "kurento-image-R6.3"
"""An image that one of the templates needs."""
HEALED = frozenset({0, 4})
"""How healing may end here: the templates also need images that are nowhere."""

SYNCHRONISE_BURGOS = ("glancesync --show-status Burgos", "glancesync --dry-run Burgos", "glancesync Burgos")
DECIDE = ("glancesync Caceres --dry-run --config master.replace=any",)
LOOK_INTO_THE_VAULT = ("glancesync vault runs --vault .try/vault", "glancesync vault ls Burgos --vault .try/vault")
HEAL = (f"glancesync vault heal Spain --templates {TEMPLATES} --vault .try/vault --dry-run",)
SERVE = ("glancesync-server gunicornserver",)
"""Commands to go on with."""

DESCRIPTION = """\
Installs GlanceSync into a virtual environment, starts a development cloud, and shows what GlanceSync does there.
Each command is printed before its output. An option chooses what is shown; without one, with real Keystones and
Glances on loopback:

  * the status of each image, the synchronisation of all regions, and the status afterwards;
  * a backup of a region into the vault .try/vault, the deletion of an image, and its restore;
  * the deletion of an image that Heat templates need, and the healing of the region.

What an option has added to the cloud, later calls start too, until scripts/devcloud down --purge.
"""

EMBEDDED_HELP = """\
the synchronisation of one region, without OpenStack, on a federation kept in files; needs less than a minute"""
VOLUMES_HELP = """\
backups of volumes by real Cinder and Nova: the plan, a cycle, the status, the report, a restore for a test, and a
deletion by a member that is refused; needs root"""
SNAPSHOTS_HELP = """\
snapshots of volumes in real Ceph: a schedule with a mistake, three runs, and how the space of a deleted volume becomes
free; needs root, Debian's Python and Debian packages"""
VMS_HELP = """\
backups of running guests by gluster's geo-replication: a backup, the guests started from it, a backup that is killed,
and its recovery; needs root and Debian packages"""


@dataclass(frozen=True)
class Step:
    """Commands that are shown together; each is printed before its output.

    :param variables: besides those of the stage
    :param around: is entered while the commands run
    :param exit_codes: with which the commands may end
    """

    title: str
    commands: Sequence[Sequence[str]]
    variables: Mapping[str, str] = field(default_factory=dict)
    around: Callable[[], AbstractContextManager[None]] = nullcontext
    exit_codes: Set[int] = frozenset({0})


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
    which.add_argument("--embedded", action="store_true", help=EMBEDDED_HELP)
    which.add_argument("--volumes", action="store_true", help=VOLUMES_HELP)
    which.add_argument("--snapshots", action="store_true", help=SNAPSHOTS_HELP)
    which.add_argument("--vms", action="store_true", help=VMS_HELP)
    options = parser.parse_args(arguments)
    try:
        _title("Installing GlanceSync into .try/venv")
        requirements = ["--constraint", str(LOCK), "--editable", str(CHECKOUT)]
        python = prepare(VENV, requirements, WHAT_IS_INSTALLED, _say)
        stage = _stage(options, python)
        _show(stage, python.parent)
    except SetupError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; the next call continues.", file=sys.stderr)
        return 130
    _say(stage.epilogue)
    return 0


def _stage(options: argparse.Namespace, python: Path) -> Stage:
    if options.embedded:
        return _embedded(python)
    if options.volumes:
        return _volumes(python)
    if options.vms:
        return _vms()
    return _snapshots() if options.snapshots else _real()


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
                _call(words, environment | stage.variables | dict(step.variables), exit_codes=step.exit_codes)


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
    return [
        Step(f"Backing up {BACKED_UP} into a vault, a folder that keeps images",
             [("glancesync", "vault", "init", folder), ("glancesync", "vault", "backup", BACKED_UP, *vault)]),
        Step(f"Deleting an image of {BACKED_UP}; the status compares {BACKED_UP} with its backup",
             [_deletion(LOST_IMAGE), status]),
        Step("Restoring it from the vault", [(*restore, "--dry-run"), restore, status]),
    ]  # fmt: skip


def _healing() -> list[Step]:
    """The loss of an image that Heat templates need, and healing, which brings it back."""
    heal = ("glancesync", "vault", "heal", BACKED_UP, "--templates", TEMPLATES, "--vault",
            os.path.relpath(VAULT, CHECKOUT))  # fmt: skip
    return [
        Step(f"Deleting an image of {BACKED_UP} that a template of {TEMPLATES} needs; what healing would do",
             [_deletion(NEEDED_IMAGE), (*heal, "--dry-run")], exit_codes=HEALED),
        Step("Healing: what the region has lost comes back from the vault", [heal], exit_codes=HEALED),
        Step("Healing again: nothing is left to do; an image with ALERT is neither in the region nor in the vault",
             [heal], exit_codes=HEALED),
    ]  # fmt: skip


def _deletion(name: str) -> Sequence[str]:
    """The command that deletes an image of the region that is backed up."""
    statement = f'import openstack; openstack.connect().delete_image("{name}")'
    return ("env", f"OS_REGION_NAME={BACKED_UP}", "python", "-c", statement)


def _real() -> Stage:
    environment, folder = _filled_cloud("", "Filling it with images")
    if VAULT.exists():
        shutil.rmtree(VAULT)  # of an earlier call, perhaps from a cloud that is no more
    steps = [*_synchronisation(REGIONS), *_backup_and_restore(), *_healing()]
    return Stage(cloud.exported(environment), steps, _epilogue(
        'eval "$(scripts/devcloud env)"',
        {
            "In Caceres an image awaits a decision (error_checksum); this shows what one would do:": DECIDE,
            "What the vault has:": LOOK_INTO_THE_VAULT,
            "What healing would do in Spain, which has no backup yet (exit code 4: some images are nowhere):": HEAL,
        },
        f"The cloud goes on running; its state, logs and configuration are in {folder}.",
        f"The vault is {VAULT}; the next scripts/try deletes it and makes it again.",
        "Look at the cloud with scripts/devcloud status, stop it with scripts/devcloud down.",
    ))  # fmt: skip


def _volumes(python: Path) -> Stage:
    filling = "Making projects with servers and volumes, and the account for backups"
    environment, folder = _filled_cloud(" with Cinder and Nova", filling, "volumes")
    _make_empty(volume_trial.FOLDER)
    account = volume_trial.account_variables(environment, "backup")
    account["GLANCESYNCAPP_DATABASE_PATH"] = str(volume_trial.FOLDER)
    report = os.path.relpath(volume_trial.FOLDER / "report.html", CHECKOUT)
    steps = [
        Step("What a cycle would do: all volumes of the servers with the mark backup=true",
             [("glancesync", "volumes", "plan")]),
        Step("One cycle", [("glancesync", "volumes", "run")]),
        Step("How well each volume is protected, and the report that is mailed, as a file",
             [("glancesync", "volumes", "status"), ("glancesync", "volumes", "report", "--out", report)]),
        Step("A restore drill: a backup is restored into a temporary volume, which is removed; the status then",
             [("glancesync", "volumes", "drill"), ("glancesync", "volumes", "status")]),
        Step("A member of the project deletes a backup; Cinder asks the policy server",
             [volume_trial.DELETE], volume_trial.account_variables(environment, "demo"),
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


def _snapshots() -> Stage:
    filling = "Making projects with servers whose volumes are in Ceph"
    environment, folder = _filled_cloud(" with Cinder, Nova and Ceph", filling, "volumes", "ceph")
    _make_empty(snapshot_trial.FOLDER)
    account = volume_trial.account_variables(environment, "backup")
    owner = volume_trial.account_variables(environment, "demo")
    snapshot_trial.write_files(account["CEPH_CONF"])
    run, usage = ("glancesync", "snapshots", "run"), snapshot_trial.command("pool-usage")
    steps = [
        Step("A schedule with a mistake: it is reported with line and column, and not used",
             [("glancesync", "snapshots", "validate")], exit_codes=frozenset({2})),
        Step("Mended: what it means, and when the next snapshots are due",
             [("glancesync", "snapshots", "validate"), ("glancesync", "snapshots", "next", "--count", "5")],
             around=snapshot_trial.mended),
        Step("Three times a snapshot of each volume now: Nova and Cinder list the servers first; two are kept of one "
             "server, and three of the other",
             [run, run, run, ("glancesync", "snapshots", "list"), ("glancesync", "snapshots", "status")]),
        Step("The owner deletes a volume; our snapshots keep its image in the trash, with all its space",
             [snapshot_trial.command("delete-volume")], owner),
        Step("The program sees that, removes its snapshots of it, and Ceph can remove the image",
             [("rbd", "--id", "cinder", "trash", "list", "volumes"), usage, run,
              snapshot_trial.command("prune"), snapshot_trial.command("empty-trash"), usage]),
    ]  # fmt: skip
    enter = 'eval "$(scripts/devcloud env --account backup)"'
    return Stage(snapshot_trial.variables(account), steps, _epilogue(
        f"{enter}; export GLANCESYNC_CONFIG={shlex.quote(str(snapshot_trial.CONFIGURATION))}",
        {"What a run would do:": ("glancesync snapshots run --dry-run",)},
        f"The cloud goes on running; its state, logs and configuration are in {folder}.",
        f"Configuration, schedule and list of servers are in {snapshot_trial.FOLDER}.",
        "Look at the cloud with scripts/devcloud status, stop it with scripts/devcloud down.",
    ))  # fmt: skip


def _vms() -> Stage:
    filling = "Making guests that count, with their disks in a volume of the first node"
    _, folder = _filled_cloud(" with two nodes of gluster", filling, "gluster")
    _make_empty(vm_trial.FOLDER)
    vm_trial.write_file()
    file = ("-c", str(vm_trial.CONFIGURATION))
    program = vm_trial.command("glancesync")
    first, second = vm_trial.SLAVES
    status = (*program, "vms", "status", *file)
    steps = [
        Step("What a backup would do", [(*program, *vm_trial.BACKUP, "--dry-run")]),
        Step("A backup, while the guests go on counting",
             [vm_trial.command("counters", "master"), (*program, *vm_trial.BACKUP, "--report"), status]),
        Step("The guests started from copies of the backup", [vm_trial.command("counters", first)]),
        Step(f"A second backup, to the other slave volume, is killed; the backup in {first} stays",
             [vm_trial.command("killed"), status]),
        Step("Its recovery: the snapshots are merged", [(*program, "vms", "recover", *file), status]),
        Step("The older backup still starts, and the guests went on counting",
             [vm_trial.command("counters", first), vm_trial.command("counters", "master")]),
    ]  # fmt: skip
    again = shlex.join((*program, *vm_trial.BACKUP))
    return Stage({}, steps, _epilogue(
        'eval "$(scripts/devcloud env)"',
        {f"The next backup is written to {second}, for {first} has the newest good one:": (again,)},
        f"The cloud goes on running; its state and logs are in {folder}.",
        f"The file of the backup and the journals of its runs are in {vm_trial.FOLDER}.",
        "Look at the cloud with scripts/devcloud status, stop it with scripts/devcloud down.",
    ))  # fmt: skip


def _filled_cloud(servers: str, filling: str, *parts: str) -> tuple[dict[str, str], str]:
    """Start the development cloud, and fill it.

    :param servers: what it has besides, for the title
    :param filling: what it is filled with, a title
    :param parts: the words for ``--with``; the first one is that of the seed, too
    :returns: the environment, and the folder of the cloud
    """
    environment = _environment()
    folder = environment.get(cloud.FOLDER_VARIABLE, str(CHECKOUT / ".devcloud"))
    words = [word for part in parts for word in ("--with", part)]
    _title(f"Starting the development cloud{servers} in {folder}")
    _call(cloud.command("up", *words), environment, quiet=True)
    _title(filling)
    _call(cloud.command("seed", *words[:2]), environment)
    return environment, folder


def _make_empty(folder: Path) -> None:
    """Make a folder that has nothing of an earlier call, perhaps of a cloud that is no more."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)


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


def _call(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    quiet: bool = False,
    exit_codes: Set[int] = frozenset({0}),
) -> None:
    """Run a command to its end; `quiet` drops what it says on stdout, errors are always shown."""
    output = subprocess.DEVNULL if quiet else None
    try:
        status = subprocess.run(
            command, cwd=CHECKOUT, env=dict(environment), stdin=subprocess.DEVNULL, stdout=output, check=False
        ).returncode
    except OSError as error:
        raise SetupError(f"{command[0]} cannot be called: {error.strerror}") from error
    if status not in exit_codes:
        raise SetupError(f"{shlex.join(command)} ended with exit code {status}")


def _title(text: str) -> None:
    _say(f"\n==> {text}")


def _say(line: str) -> None:
    print(line, flush=True)
