"""One call of ``glancesync volumes`` (volumes 1): the table of its verbs, each loaded only when it is called."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from ..base.errors import Cancelled
from ..base.parser import Parser
from .check_line import add_metrics_file
from .command_verbs import (
    Verb,
    add_account_and_config,
    add_conf_and_debug,
    add_format,
    add_progress,
    add_quiet,
    call_verb,
    name_text,
    verbs_parser,
)

EPILOG = """\
exit status: 0 all done; 1 something failed; 2 wrong usage or configuration; 129, 130 and 143 interrupted.
"""

LEFT = "what Cinder has begun goes on, and the next cycle records it"
LEFT_OF_A_DRILL = "the next cycle or drill removes a temporary volume that is there"
"""What a signal leaves, for the user."""


def _policy_server_arguments(parser: Parser) -> None:
    from .volumes_policy_arguments import add_policy_server_arguments

    add_policy_server_arguments(parser)


def _policy_server(options: argparse.Namespace) -> int:
    from .volumes_policy_server import run_policy_server

    return run_policy_server(options)


def _plan_arguments(parser: Parser) -> None:
    text = "only these projects, by id or as domain/name (default: all)"
    parser.add_argument("projects", nargs="*", type=name_text, metavar="PROJECT", help=text)
    add_format(parser)


def _plan(options: argparse.Namespace) -> int:
    from .volumes_plan import print_plan

    return print_plan(options)


def _run_arguments(parser: Parser) -> None:
    text = "a server or volume, by id, that is due now, whatever its schedule and its window; may be repeated"
    parser.add_argument("--now", action="append", default=[], metavar="ID", help=text)
    text = "allow N removals in PROJECT in this cycle, when more are due than usual"
    parser.add_argument("--allow-deletions", nargs=2, metavar=("N", "PROJECT"), help=text)
    add_progress(parser)
    add_quiet(parser)


def _run(options: argparse.Namespace) -> int:
    from .volumes_run import run_once

    return run_once(options)


def _conduct(options: argparse.Namespace) -> int:
    from .volumes_run import conduct

    return conduct(options)


def _status_arguments(parser: Parser) -> None:
    add_format(parser)
    text = "end with 1 unless every volume is ok"
    parser.add_argument("--exit-code", action="store_true", help=text)


def _status(options: argparse.Namespace) -> int:
    from .volumes_state import print_status

    return print_status(options)


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


def _drill_arguments(parser: Parser) -> None:
    text = "the number of backups, each of another volume (default: 1)"
    parser.add_argument("--sample", metavar="N", default="1", help=text)
    add_progress(parser)
    add_quiet(parser)


def _drill(options: argparse.Namespace) -> int:
    from .volumes_drill import drill

    return drill(options)


def _backup_arguments(parser: Parser) -> None:
    parser.add_argument("backup", metavar="BACKUP", help="id of the backup in Cinder")
    add_quiet(parser)


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
    parser.add_argument("project", type=name_text, metavar="PROJECT", help="the project, by id or as domain/name")
    parser.add_argument("--yes", action="store_true", help="do not ask for a confirmation at a terminal")
    add_quiet(parser)


def _purge(options: argparse.Namespace) -> int:
    from .volumes_records import purge_project

    return purge_project(options)


def _rebuild(options: argparse.Namespace) -> int:
    from .volumes_records import rebuild

    return rebuild(options)


VERBS: Mapping[str, Verb] = {
    "plan": Verb(
        "print what a cycle would do now",
        "Print, for each volume of a marked server, what a cycle would do now and why, and which backups would be "
        "removed. Nothing is written anywhere.",
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
        add_quiet,
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
        add_metrics_file,
        _check,
    ),
    "report": Verb(
        "print the report that the daily mail has",
        "Print the report that the daily mail has, for the time since --since: what failed, is late, was skipped or is "
        "not protected, and which backups were made and removed.",
        _report_arguments,
        _report,
    ),
    "drill": Verb(
        "restore backups for a test",
        "Restore the newest backups of some volumes into temporary volumes of the account's own project, check them, "
        "and remove the temporary volumes. The volumes whose last drill is the longest ago come first.",
        _drill_arguments,
        _drill,
    ),
    "hold": Verb(
        "keep a backup until release",
        "Keep a backup, whatever its retention says, until glancesync volumes release.",
        _backup_arguments,
        _hold,
    ),
    "release": Verb(
        "end the hold of a backup",
        "End the hold of a backup: it is removed when it has expired.",
        _backup_arguments,
        _release,
    ),
    "retry": Verb(
        "try again to remove a backup",
        "Try again in the next cycle to remove a backup whose removal Cinder has refused.",
        _backup_arguments,
        _retry,
    ),
    "purge": Verb(
        "remove all backups of a project",
        "Remove all recorded backups of a project for good, the newest first. Backups of a "
        "deleted project are removed in no other way. At a terminal it asks first.",
        _purge_arguments,
        _purge,
    ),
    "rebuild": Verb(
        "record the backups that Cinder has, after the database was lost",
        "Record the backups of the account that Cinder has and the database has not: after the database was lost.",
        add_quiet,
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
    text = "Back up the volumes of marked servers, and protect the backups."
    return verbs_parser(prog, text, EPILOG, VERBS, _add_common_arguments)


def main(words: Sequence[str], prog: str) -> int:
    """Carry one call out.

    :param words: without the command itself
    :param prog: the command as the user typed it
    :return: the exit code
    :raises GlanceSyncError: the call is wrong, or nothing can be done
    """
    try:
        return call_verb(build_parser(prog), words, VERBS)
    except Cancelled as stopped:
        stopped.left = LEFT_OF_A_DRILL if "drill" in words[:1] else LEFT
        raise


def _add_common_arguments(parser: Parser) -> None:
    """The options that all verbs have."""
    add_conf_and_debug(parser)
    add_account_and_config(parser, "the account")
