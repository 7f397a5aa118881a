"""The command line of the development cloud."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from devcloud_lib import lifecycle, servers, state, topology
from devcloud_lib.ceph import ceph_cluster, ceph_lifecycle
from devcloud_lib.ceph.ceph_seed import seed_ceph
from devcloud_lib.configuration import environment
from devcloud_lib.daemon_rows import DaemonRow
from devcloud_lib.errors import CloudError
from devcloud_lib.gluster import gluster_lifecycle, gluster_world
from devcloud_lib.gluster.guest_seed import seed_guests
from devcloud_lib.seed import seed
from devcloud_lib.seed_changes import change_seeded, remove_new
from devcloud_lib.state import Cloud, Service
from devcloud_lib.volumes import server_table
from devcloud_lib.volumes.volume_seed import seed_volumes

Command = Callable[[argparse.Namespace], int]
StatusRow = tuple[Service, servers.Health]

CHECKOUT = Path(__file__).resolve().parent.parent.parent
FOLDER_VARIABLE = "GLANCESYNC_DEVCLOUD_DIR"
VENV_VARIABLE = "GLANCESYNC_DEVCLOUD_VENV"
PARTS = ("volumes", "ceph", "gluster")

DESCRIPTION = f"""\
A real OpenStack federation on loopback, without root: Keystone A with the regions Spain (the master),
Burgos and Caceres, Keystone B with the region Madrid (the target federation2), each region with a Glance
of its own. Everything lies below one folder: --dir, else ${FOLDER_VARIABLE}, else .devcloud
in the checkout. The servers' software is installed into ${VENV_VARIABLE}, else into
the folder's venv. Accounts, ports and places are in the folder's devcloud.json.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    :param arguments: the words after the program's name; default: those of this process.
    :returns: the exit code: 0 done, 1 failed (`status`: something is not up), 2 wrong usage.
    """
    options = _parser().parse_args(arguments)
    os.umask(0o077)
    try:
        code = int(options.command(options))
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # nobody reads on; what is left is not printed at the end either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except CloudError as error:
        if error.details:
            print(error.details, file=sys.stderr)
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the same command again continues.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    # Understood before the command and after it; without a default, so that one place does not undo the other.
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--dir", type=Path, metavar="DIR", help="the cloud's folder")
    parser = argparse.ArgumentParser(
        prog="devcloud", description=DESCRIPTION, parents=[common],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Command, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, parents=[common])
        added.set_defaults(command=command)
        return added

    up = add("up", _up, "start what does not run yet and print the environment to use")
    up.add_argument("--regions", type=int, default=0, metavar="N",
                    help="have at least N regions beside the master (default: 3, or as before; at most 8); "
                         "those that are added belong to Keystone A")
    _add_parts(up, "what else the cloud has from now on: `volumes` are Cinder, Nova and what they need, in the region "
                   "Spain; RabbitMQ and MariaDB come from Debian; `ceph` is a cluster of Ceph, which comes "
                   "from Debian, too; `gluster` are two nodes with geo-replication and libvirt, which need root")
    down = add("down", _down, "end all servers")
    down.add_argument("--purge", nargs="?", const="state", choices=("state", "all"),
                      help="also remove databases, images and accounts; with `all` the installed software, too")
    status = add("status", _status, "show the servers; exit code 0 if all of them are up")
    status.add_argument("--json", action="store_true", help="as JSON")
    env = add("env", _env, 'print the environment: eval "$(scripts/devcloud env)"')
    accounts = sorted([*topology.CLIENT_ACCOUNTS, *topology.SEED_ACCOUNTS])
    env.add_argument("--account", choices=accounts, default=topology.MAIN_ACCOUNT, help="whose (default: %(default)s)")
    seed_command = add("seed", _seed, "fill the cloud with a small, realistic set of images")
    _add_parts(seed_command, "`volumes` makes projects with servers, volumes and an account for their backups, too; "
                             "`ceph` makes images as Cinder names them, in the pool volumes; `gluster` makes guests "
                             "that write a counter")
    seed_command.add_argument("--changed", action="store_true",
                              help="then change images of the region Spain: compared with a backup from before, "
                                   "`glancesync vault heal Spain --templates examples/templates` finds every status; "
                                   "the next seed without this option takes that back")
    add("reset", _reset, "remove all images, servers, volumes and backups, undo what `restart` changed, start what is "
                         "stopped")

    restartable = (*topology.service_names(len(topology.FURTHER_REGIONS)), *server_table.SERVERS)
    names = (*restartable, *ceph_cluster.DAEMONS, *gluster_world.NODES)
    servers_help = ", ".join(names)
    for name, command, text in (
        ("stop", _stop, "end single servers"),
        ("kill", _kill, "end single servers as a crash would (SIGKILL)"),
        ("start", _start, "start single servers"),
    ):
        single = add(name, command, text)
        single.add_argument("names", nargs="+", metavar="NAME", choices=names, help=servers_help)
    restart = add("restart", _restart, "restart a server, optionally with another configuration")
    restart.add_argument("name", metavar="NAME", choices=restartable, help=", ".join(restartable))
    restart.add_argument("--set", nargs="+", action="extend", default=[], type=_override, metavar="SECTION.KEY=VALUE",
                         dest="overrides", help="options that differ from the standard until the next restart or reset")
    restart.add_argument("--processes", type=_count, default=1, metavar="N",
                         help=f"how many processes answer requests, likewise ({', '.join(server_table.APIS)})")
    restart.add_argument("--policy", type=Path, metavar="FILE",
                         help="a policy file (YAML) to use instead of the service's own rules, likewise (the same)")
    return parser


def _add_parts(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("--with", action="append", default=[], choices=PARTS, dest="parts", metavar="PART", help=text)


def _override(word: str) -> tuple[str, str]:
    option, equals, value = word.partition("=")
    if not equals or "." not in option:
        raise argparse.ArgumentTypeError(f"{word} is not SECTION.KEY=VALUE")
    return option, value


def _count(word: str) -> int:
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"{word} is not a number from 1 on")
    return int(word)


def _up(options: argparse.Namespace) -> int:
    folder = _folder(options)
    with lifecycle.exclusive(folder, _say):
        if "ceph" in options.parts or ceph_cluster.exists(folder):
            ceph_lifecycle.up(folder, _say)  # before Cinder, which has a backend there
        cloud = lifecycle.up(folder, _venv(folder), _say, options.regions, with_volumes="volumes" in options.parts)
        if "gluster" in options.parts or gluster_world.exists(folder):
            gluster_lifecycle.up(folder, _say)
    _say('The development cloud is up. To use it: eval "$(scripts/devcloud env)"')
    _print_environment(cloud, topology.MAIN_ACCOUNT)
    return 0


def _down(options: argparse.Namespace) -> int:
    folder = _folder(options)
    if not state.exists(folder):
        _say(f"There is no development cloud in {folder}.")
        return 0
    with _changing(options) as cloud:
        lifecycle.down(cloud)
        ceph_lifecycle.down(cloud.folder)
        gluster_lifecycle.down(cloud.folder)
        if options.purge:
            lifecycle.purge(cloud, with_software=options.purge == "all")
            ceph_lifecycle.purge(cloud.folder)
            gluster_lifecycle.purge(cloud.folder)
    _say("The development cloud is down.")
    return 0


def _status(options: argparse.Namespace) -> int:
    cloud = state.load(_folder(options))
    with ThreadPoolExecutor() as pool:
        healths = list(pool.map(lambda service: servers.health(cloud, service), cloud.services.values()))
    rows = list(zip(cloud.services.values(), healths, strict=True))
    daemons = [*ceph_lifecycle.rows(cloud.folder), *gluster_lifecycle.rows(cloud.folder)]
    print(_status_json(rows, daemons) if options.json else _status_table(rows, daemons))
    all_healths = [*healths, *(daemon.health for daemon in daemons)]
    return 0 if all(health is servers.Health.UP for health in all_healths) else 1


def _status_json(rows: Sequence[StatusRow], daemons: Sequence[DaemonRow]) -> str:
    return json.dumps(
        [
            {"name": service.name, "state": health.value, "pid": service.pid, "url": service.url,
             "overrides": service.overrides, "processes": service.processes, "policy": bool(service.policy)}
            for service, health in rows
        ]
        + [
            {"name": daemon.name, "state": daemon.health.value, "pid": daemon.pid, "url": daemon.address,
             "overrides": {}, "processes": 1, "policy": False}
            for daemon in daemons
        ],
        indent=2,
    )


def _status_table(rows: Sequence[StatusRow], daemons: Sequence[DaemonRow]) -> str:
    lines = [("NAME", "STATE", "PID", "URL", "")]
    for service, health in rows:
        changes = [f"{option}={value}" for option, value in service.overrides.items()]
        changes += [f"processes={service.processes}"] * (service.processes != 1) + ["policy"] * bool(service.policy)
        lines.append((service.name, health.value, str(service.pid or "-"), service.url, " ".join(changes)))
    lines += [(each.name, each.health.value, str(each.pid or "-"), each.address, "") for each in daemons]
    return "\n".join("{:<16} {:<10} {:<8} {:<27} {}".format(*line).rstrip() for line in lines)


def _env(options: argparse.Namespace) -> int:
    _print_environment(state.load(_folder(options)), options.account)
    return 0


def _reset(options: argparse.Namespace) -> int:
    with _changing(options) as cloud:
        lifecycle.reset(cloud, _say)
        ceph_lifecycle.reset(cloud.folder, _say)
        gluster_lifecycle.reset(cloud.folder, _say)
    return 0


def _seed(options: argparse.Namespace) -> int:
    with _changing(options) as cloud:
        remove_new(cloud)
        seed(cloud, _say)
        if "volumes" in options.parts:
            seed_volumes(cloud, _say)
        if "ceph" in options.parts:
            seed_ceph(cloud.folder, _say)
        if "gluster" in options.parts:
            seed_guests(cloud.folder, _say)
        if options.changed:
            change_seeded(cloud, _say)
    return 0


def _stop(options: argparse.Namespace) -> int:
    with _changing(options) as cloud:
        lifecycle.stop(cloud, _of_openstack(options.names))
        ceph_lifecycle.stop_named(cloud.folder, options.names)
        gluster_lifecycle.stop_named(cloud.folder, options.names)
    return 0


def _kill(options: argparse.Namespace) -> int:
    with _changing(options) as cloud:
        lifecycle.kill(cloud, _of_openstack(options.names))
        ceph_lifecycle.stop_named(cloud.folder, options.names, gently=False)
        gluster_lifecycle.stop_named(cloud.folder, options.names)
    return 0


def _start(options: argparse.Namespace) -> int:
    with _changing(options) as cloud:
        lifecycle.start(cloud, _of_openstack(options.names), _say)
        ceph_lifecycle.start_named(cloud.folder, options.names, _say)
        gluster_lifecycle.start_named(cloud.folder, options.names, _say)
    return 0


def _restart(options: argparse.Namespace) -> int:
    with _changing(options) as cloud:
        lifecycle.restart(
            cloud, options.name, dict(options.overrides), _say,
            processes=options.processes, policy=_policy(options.policy) if options.policy else "",
        )
    return 0


def _of_openstack(names: Sequence[str]) -> list[str]:
    return [name for name in names if name not in (*ceph_cluster.DAEMONS, *gluster_world.NODES)]


@contextmanager
def _changing(options: argparse.Namespace) -> Iterator[Cloud]:
    """The cloud, locked against other calls of this command."""
    folder = _folder(options)
    state.load(folder)  # before the lock, which would create the folder
    with lifecycle.exclusive(folder, _say):
        yield state.load(folder)


def _folder(options: argparse.Namespace) -> Path:
    folder = getattr(options, "dir", None) or os.environ.get(FOLDER_VARIABLE) or CHECKOUT / ".devcloud"
    return Path(folder).expanduser().resolve()


def _venv(folder: Path) -> Path:
    """Where the software is to be: as the variable says, else as before, else below the cloud's folder."""
    named = os.environ.get(VENV_VARIABLE)
    if named:
        return Path(named).expanduser().resolve()
    return state.load(folder).venv if state.exists(folder) else folder / "venv"


def _policy(path: Path) -> str:
    """The text of a policy file.

    :raises CloudError: it cannot be read, or is empty.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise CloudError(f"cannot read the policy file {path}: {error}") from error
    if not text.strip():
        raise CloudError(f"the policy file {path} is empty; without --policy the service's own rules hold")
    return text


def _print_environment(cloud: Cloud, account: str) -> None:
    added = ceph_lifecycle.environment(cloud.folder) | gluster_lifecycle.environment(cloud.folder)
    for name, value in (environment(cloud, account) | added).items():
        print(f"export {name}={shlex.quote(value)}")


def _say(line: str) -> None:
    """Progress goes to stderr: stdout is for a shell to evaluate."""
    print(line, file=sys.stderr, flush=True)
