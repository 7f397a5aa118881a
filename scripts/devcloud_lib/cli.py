"""The command line of the development cloud."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from devcloud_lib import lifecycle, servers, state, topology
from devcloud_lib.configuration import environment
from devcloud_lib.errors import CloudError
from devcloud_lib.state import Cloud

CHECKOUT = Path(__file__).resolve().parent.parent.parent
FOLDER_VARIABLE = "GLANCESYNC_DEVCLOUD_DIR"
VENV_VARIABLE = "GLANCESYNC_DEVCLOUD_VENV"

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
        return int(options.command(options))
    except CloudError as error:
        if error.details:
            print(error.details, file=sys.stderr)
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="devcloud", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, metavar="DIR", help="the cloud's folder")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    up = commands.add_parser("up", help="start what does not run yet and print the environment to use")
    up.set_defaults(command=_up)

    down = commands.add_parser("down", help="end all servers")
    down.add_argument("--purge", nargs="?", const="state", choices=("state", "all"),
                      help="also remove databases, images and accounts; with `all` the installed software, too")
    down.set_defaults(command=_down)

    status = commands.add_parser("status", help="show the servers; exit code 0 if all of them are up")
    status.add_argument("--json", action="store_true", help="as JSON")
    status.set_defaults(command=_status)

    env = commands.add_parser("env", help='print the environment: eval "$(scripts/devcloud env)"')
    accounts = sorted(name for name in topology.ACCOUNTS if name != "glance")
    env.add_argument("--account", choices=accounts, default=topology.MAIN_ACCOUNT, help="whose (default: %(default)s)")
    env.set_defaults(command=_env)

    reset = commands.add_parser("reset", help="remove all images, undo every change of configuration, start what is stopped")
    reset.set_defaults(command=_reset)

    seed = commands.add_parser("seed", help="fill the cloud with a small, realistic set of images")
    seed.set_defaults(command=_seed)

    for name, command, text in (("stop", _stop, "end single servers"), ("start", _start, "start single servers")):
        single = commands.add_parser(name, help=text)
        single.add_argument("names", nargs="+", metavar="NAME", choices=topology.service_names(),
                            help=", ".join(topology.service_names()))
        single.set_defaults(command=command)

    restart = commands.add_parser("restart", help="restart a server, optionally with another configuration")
    restart.add_argument("name", metavar="NAME", choices=topology.service_names(),
                         help=", ".join(topology.service_names()))
    restart.add_argument("--set", nargs="+", action="extend", default=[], type=_override, metavar="SECTION.KEY=VALUE",
                         dest="overrides", help="options that differ from the standard until the next restart or reset")
    restart.set_defaults(command=_restart)
    return parser


def _override(word: str) -> tuple[str, str]:
    option, equals, value = word.partition("=")
    if not equals or "." not in option:
        raise argparse.ArgumentTypeError(f"{word} is not SECTION.KEY=VALUE")
    return option, value


def _up(options: argparse.Namespace) -> int:
    folder = _folder(options)
    with lifecycle.exclusive(folder, _say):
        cloud = lifecycle.up(folder, _venv(folder), _say)
    _say('The development cloud is up. To use it: eval "$(scripts/devcloud env)"')
    _print_environment(cloud, topology.MAIN_ACCOUNT)
    return 0


def _down(options: argparse.Namespace) -> int:
    folder = _folder(options)
    if not state.exists(folder):
        _say(f"There is no development cloud in {folder}.")
        return 0
    with lifecycle.exclusive(folder, _say):
        cloud = state.load(folder)
        lifecycle.down(cloud)
        if options.purge:
            lifecycle.purge(cloud, with_software=options.purge == "all")
    _say("The development cloud is down.")
    return 0


def _status(options: argparse.Namespace) -> int:
    cloud = state.load(_folder(options))
    rows = [
        {
            "name": service.name,
            "state": servers.health(service).value,
            "pid": service.process.pid if service.is_running and service.process else None,
            "url": service.url,
            "overrides": service.overrides,
        }
        for service in cloud.services.values()
    ]
    if options.json:
        print(json.dumps(rows, indent=2))
    else:
        for row in rows:
            changes = " ".join(f"{option}={value}" for option, value in dict(row["overrides"]).items())
            print(f"{row['name']:<12}{row['state']:<11}{row['pid'] or '-':<9}{row['url']}  {changes}".rstrip())
    return 0 if all(row["state"] == servers.Health.UP.value for row in rows) else 1


def _env(options: argparse.Namespace) -> int:
    _print_environment(state.load(_folder(options)), options.account)
    return 0


def _reset(options: argparse.Namespace) -> int:
    with lifecycle.exclusive(_folder(options), _say):
        lifecycle.reset(state.load(_folder(options)), _say)
    return 0


def _seed(options: argparse.Namespace) -> int:
    from devcloud_lib.seed import seed  # building images is needed by nobody else

    seed(state.load(_folder(options)), _say)
    return 0


def _stop(options: argparse.Namespace) -> int:
    with lifecycle.exclusive(_folder(options), _say):
        lifecycle.stop(state.load(_folder(options)), options.names)
    return 0


def _start(options: argparse.Namespace) -> int:
    with lifecycle.exclusive(_folder(options), _say):
        lifecycle.start(state.load(_folder(options)), options.names, _say)
    return 0


def _restart(options: argparse.Namespace) -> int:
    with lifecycle.exclusive(_folder(options), _say):
        lifecycle.restart(state.load(_folder(options)), options.name, dict(options.overrides), _say)
    return 0


def _folder(options: argparse.Namespace) -> Path:
    folder = options.dir or os.environ.get(FOLDER_VARIABLE) or CHECKOUT / ".devcloud"
    return Path(folder).expanduser().resolve()


def _venv(folder: Path) -> Path:
    """Where the software is to be: as the variable says, else as before, else below the cloud's folder."""
    named = os.environ.get(VENV_VARIABLE)
    if named:
        return Path(named).expanduser().resolve()
    return state.load(folder).venv if state.exists(folder) else folder / "venv"


def _print_environment(cloud: Cloud, account: str) -> None:
    for name, value in environment(cloud, account).items():
        print(f"export {name}={shlex.quote(value)}")


def _say(line: str) -> None:
    """Progress goes to stderr: stdout is for a shell to evaluate."""
    print(line, file=sys.stderr, flush=True)
