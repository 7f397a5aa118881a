"""One call of ``glancesync volumes`` (volumes 1): the table of its verbs, each loaded only when it is called."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..base.errors import Cancelled
from ..base.parser import Parser
from ..base.version import __version__
from ..terminal.streams import log_requests, reconfigure_output

EPILOG = """\
exit status: 0 all done; 1 something failed; 2 wrong usage or configuration; 129, 130 and 143 interrupted.
"""


@dataclass(frozen=True)
class Verb:
    """A verb; its functions import what they need when they are called.

    :param help: what it does, in a few words
    :param description: the same for its own help, in whole sentences
    :param add_arguments: adds the arguments that not all verbs have
    :param run: carries a call out, and returns the exit code
    """

    help: str
    description: str
    add_arguments: Callable[[Parser], None]
    run: Callable[[argparse.Namespace], int]


def _policy_server_arguments(parser: Parser) -> None:
    from .volumes_policy_arguments import add_policy_server_arguments

    add_policy_server_arguments(parser)


def _policy_server(options: argparse.Namespace) -> int:
    from .volumes_policy_server import run_policy_server

    return run_policy_server(options)


def _plan_arguments(parser: Parser) -> None:
    text = "only these projects, by id or as domain/name (default: all)"
    parser.add_argument("projects", nargs="*", metavar="PROJECT", help=text)
    _add_format(parser)


def _plan(options: argparse.Namespace) -> int:
    from .volumes_plan import print_plan

    return print_plan(options)


def _run_arguments(parser: Parser) -> None:
    text = "a server or volume, by id, that is due now, whatever schedule and window say; may be repeated"
    parser.add_argument("--now", action="append", default=[], metavar="ID", help=text)
    text = "allow N removals in PROJECT in this cycle, when more are due than usual"
    parser.add_argument("--allow-deletions", nargs=2, metavar=("N", "PROJECT"), help=text)
    _add_quiet(parser)


def _run(options: argparse.Namespace) -> int:
    from .volumes_run import run_once

    return run_once(options)


def _conduct(options: argparse.Namespace) -> int:
    from .volumes_run import conduct

    return conduct(options)


def _status_arguments(parser: Parser) -> None:
    _add_format(parser)
    text = "end with 1 unless every volume is ok"
    parser.add_argument("--exit-code", action="store_true", help=text)


def _status(options: argparse.Namespace) -> int:
    from .volumes_state import print_status

    return print_status(options)


def _check_arguments(parser: Parser) -> None:
    text = "write the same as metrics for the textfile collector of Prometheus' node exporter; its name ends in .prom"
    parser.add_argument("--metrics-file", metavar="FILE", help=text)


def _check(options: argparse.Namespace) -> int:
    from .volumes_state import check

    return check(options)


def _report_arguments(parser: Parser) -> None:
    text = "a time such as 2026-03-01 or 2026-03-01T09:00:00Z (default: one report_period ago)"
    parser.add_argument("--since", metavar="T", help=text)
    parser.add_argument("--out", metavar="FILE", help="write it as HTML into a file (default: print it as text)")


def _report(options: argparse.Namespace) -> int:
    from .volumes_state import report

    return report(options)


def _backup_arguments(parser: Parser) -> None:
    parser.add_argument("backup", metavar="BACKUP", help="id of the backup in Cinder")
    _add_quiet(parser)


def _hold(options: argparse.Namespace) -> int:
    from .volumes_records import hold

    return hold(options)


def _release(options: argparse.Namespace) -> int:
    from .volumes_records import release

    return release(options)


def _retry(options: argparse.Namespace) -> int:
    from .volumes_records import retry

    return retry(options)


def _purge_arguments(parser: Parser) -> None:
    parser.add_argument("project", metavar="PROJECT", help="the project, by id or as domain/name")
    parser.add_argument("--yes", action="store_true", help="do not ask for a confirmation at a terminal")
    _add_quiet(parser)


def _purge(options: argparse.Namespace) -> int:
    from .volumes_records import purge_project

    return purge_project(options)


def _rebuild(options: argparse.Namespace) -> int:
    from .volumes_records import rebuild

    return rebuild(options)


def _add_format(parser: Parser) -> None:
    parser.add_argument(
        "--format", choices=("table", "csv", "json"), default="table", help="how it is printed (default: table)"
    )


def _add_quiet(parser: Parser) -> None:
    parser.add_argument("-q", "--quiet", action="store_true", help="print only warnings and errors")


VERBS: Mapping[str, Verb] = {
    "plan": Verb(
        "print what a cycle would do now",
        "Print, for each volume of a marked server, what a cycle would do now and why, and which backups would go. "
        "Nothing is written anywhere.",
        _plan_arguments,
        _plan,
    ),
    "run": Verb(
        "do one cycle",
        "Do one cycle: back up what is due, wait until it is done, and remove what has expired.",
        _run_arguments,
        _run,
    ),
    "conductor": Verb(
        "do one cycle after the other",
        "Do one cycle after the other until a signal ends it. Several conductors, on any machines, share the work.",
        _add_quiet,
        _conduct,
    ),
    "status": Verb(
        "print how well each volume is protected",
        "Print, for each volume of a marked server, its last good backup, its age and a verdict, and the servers "
        "without the mark. Everything is read from Cinder itself.",
        _status_arguments,
        _status,
    ),
    "check": Verb(
        "print one line about all volumes, for monitoring",
        "Print one line about all volumes, and end with the exit codes of a plugin of Nagios: 0 ok, 1 a warning, "
        "2 critical, 3 unknown.",
        _check_arguments,
        _check,
    ),
    "report": Verb(
        "write what a digest says of the time until now",
        "Write what a digest says of the time until now: what failed, what is late, skipped and unprotected, what was "
        "backed up and what has gone.",
        _report_arguments,
        _report,
    ),
    "hold": Verb(
        "keep a backup until release",
        "Keep a backup, whatever its retention says, until glancesync volumes release.",
        _backup_arguments,
        _hold,
    ),
    "release": Verb(
        "let a held backup go when it has expired",
        "Let a backup that hold keeps go when it has expired.",
        _backup_arguments,
        _release,
    ),
    "retry": Verb(
        "try a removal again",
        "Try again in the next cycle to remove a backup whose removal Cinder has refused.",
        _backup_arguments,
        _retry,
    ),
    "purge": Verb(
        "remove all backups of a project",
        "Remove all recorded backups of a project for good, the newest first. It is the only way in which the backups "
        "of a deleted project go. At a terminal it asks first.",
        _purge_arguments,
        _purge,
    ),
    "rebuild": Verb(
        "record the backups that Cinder has, when the database is lost",
        "Record the backups that Cinder has of the account and the database does not, when the database is lost.",
        _add_quiet,
        _rebuild,
    ),
    "policy-server": Verb(
        "answer Cinder's question whether a backup may be deleted",
        "Answer Cinder's question, by oslo.policy, whether a project member may delete a backup, until a signal ends "
        "it. Without its answer nobody but an administrator can delete one.",
        _policy_server_arguments,
        _policy_server,
    ),
}


def build_parser(prog: str) -> Parser:
    """The parser of all verbs.

    :param prog: the command as the user typed it, such as ``glancesync volumes``
    """
    parser = Parser(
        prog=prog,
        description="Back up the volumes of marked servers, and protect the backups.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"glancesync {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, verb in VERBS.items():
        of_verb = verbs.add_parser(name, help=verb.help, description=verb.description, allow_abbrev=False)
        _add_common_arguments(of_verb)
        verb.add_arguments(of_verb)
    return parser


def main(words: Sequence[str], prog: str) -> int:
    """Carry one call out.

    :param words: without the command itself
    :param prog: the command as the user typed it
    :return: the exit code
    :raises GlanceSyncError: the call is wrong, or nothing can be done
    """
    options = build_parser(prog).read(words)
    reconfigure_output()
    if options.debug:
        log_requests()
    try:
        return VERBS[options.verb].run(options)
    except Cancelled as stopped:
        stopped.left = "what Cinder has begun goes on, and the next cycle records it"
        raise


def _add_common_arguments(parser: Parser) -> None:
    """The options that all verbs have."""
    parser.add_argument("--conf", metavar="FILE", help="the configuration file")
    parser.add_argument("--debug", action="store_true", help="print each request, and where an error came from")
    parser.add_argument(
        "--os-cloud",
        metavar="NAME",
        help="the account is this entry of clouds.yaml, whatever else says so",
    )
    parser.add_argument(
        "--config",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="set an option: section.key=value, or key=value for all targets; may be repeated",
    )
