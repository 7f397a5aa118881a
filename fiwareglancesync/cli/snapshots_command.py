"""One call of ``glancesync snapshots`` (snapshots 1): the table of its verbs, each loaded only when it is called."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from ..base.parser import Parser
from .check_line import add_metrics_file
from .command_verbs import Verb, add_debug, add_format, call_verb, name_text, path_text, verbs_parser

EPILOG = """\
exit status: 0 all done; 1 something failed; 2 wrong usage, configuration or schedule file; 129, 130 and 143
interrupted.
"""

MOST_TIMES = 10_000
"""Times that ``next`` prints at most."""


def _validate_arguments(parser: Parser) -> None:
    add_format(parser)
    text = "the schedule file to check (default: that of the configuration)"
    parser.add_argument("file", nargs="?", type=path_text, metavar="FILE", help=text)


def _validate(options: argparse.Namespace) -> int:
    from .snapshots_validate import print_meaning

    return print_meaning(options)


def _next_arguments(parser: Parser) -> None:
    add_format(parser)
    text = "only these servers, by UUID, project/name or name (default: all)"
    parser.add_argument("servers", nargs="*", type=name_text, metavar="SERVER", help=text)
    text = "the number of times (default: 10)"
    parser.add_argument("--count", type=_count, default=10, metavar="N", help=text)


def _next(options: argparse.Namespace) -> int:
    from .snapshots_next import print_next

    return print_next(options)


def _run_arguments(parser: Parser) -> None:
    add_format(parser)
    text = "only the volumes of this server, by UUID, project/name or name; may be repeated (default: of all)"
    parser.add_argument("--server", action="append", type=name_text, default=[], metavar="SERVER", help=text)
    text = "only copies of this set, such as daily (default: of all)"
    parser.add_argument("--set", type=name_text, metavar="NAME", help=text)
    parser.add_argument("--dry-run", action="store_true", help="only print what would be made and removed")
    only = parser.add_mutually_exclusive_group()
    text = "make nothing, and remove excess copies, also when they are more than max_deletions"
    only.add_argument("--prune", action="store_true", help=text)
    text = "make nothing, and remove the copies that no spec covers any more, except the newest of each volume"
    only.add_argument("--orphans", action="store_true", help=text)


def _run(options: argparse.Namespace) -> int:
    from .snapshots_run import run_snapshots

    return run_snapshots(options)


def _daemon_arguments(parser: Parser) -> None:
    from .snapshots_arguments import add_daemon_arguments

    add_daemon_arguments(parser)


def _daemon(options: argparse.Namespace) -> int:
    from .snapshots_daemon import run_daemon

    return run_daemon(options)


def _list_arguments(parser: Parser) -> None:
    add_format(parser)
    text = "print also how much each snapshot has that the one before it has not; needs the feature fast-diff"
    parser.add_argument("--size", action="store_true", help=text)


def _list(options: argparse.Namespace) -> int:
    from .snapshots_list import print_list

    return print_list(options)


def _status_arguments(parser: Parser) -> None:
    add_format(parser)
    text = "end with 1 when a set is late or failing, or something else is wrong"
    parser.add_argument("--exit-code", action="store_true", help=text)


def _status(options: argparse.Namespace) -> int:
    from .snapshots_state import print_status

    return print_status(options)


def _check(options: argparse.Namespace) -> int:
    from .snapshots_state import check

    return check(options)


def _adopt_arguments(parser: Parser) -> None:
    add_format(parser)
    parser.add_argument("set", type=name_text, metavar="SET", help="the set whose copies they become, such as daily")
    text = "the names of the snapshots, with * and ?, in quotes"
    parser.add_argument("pattern", type=name_text, metavar="PATTERN", help=text)
    parser.add_argument("--dry-run", action="store_true", help="only print what would be recorded")


def _adopt(options: argparse.Namespace) -> int:
    from .snapshots_adopt import adopt_snapshots

    return adopt_snapshots(options)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_TIMES):
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 to {MOST_TIMES}, not '{text}'")
    return int(text)


VERBS: Mapping[str, Verb] = {
    "validate": Verb(
        "check a schedule file, and print what it means",
        "Print every mistake of a schedule file with its line and column, or what the file means: each spec in its "
        "canonical form, with its set and its next three times.",
        _validate_arguments,
        _validate,
    ),
    "next": Verb(
        "print when the next snapshots are due",
        "Print when the next snapshots are due, of all servers or of some.",
        _next_arguments,
        _next,
    ),
    "run": Verb(
        "make snapshots now, and remove those beyond their count",
        "Make a snapshot of each volume of the schedule now, whatever its times are, and remove the oldest ones beyond "
        "the count of each set.",
        _run_arguments,
        _run,
    ),
    "daemon": Verb(
        "make snapshots at the times of the schedule",
        "Make snapshots at the times of the schedule, and remove those beyond their count, until a signal ends it. "
        "SIGHUP lists servers and volumes now.",
        _daemon_arguments,
        _daemon,
    ),
    "list": Verb(
        "print the snapshots of all images",
        "Print the snapshots of all images of the pools, and the set and the time of those that GlanceSync made.",
        _list_arguments,
        _list,
    ),
    "status": Verb(
        "print how well each server is protected",
        "Print, for each server and set, the newest whole copy and whether it is late, and servers and copies that no "
        "spec covers. What is there is read from Ceph itself.",
        _status_arguments,
        _status,
    ),
    "check": Verb(
        "print one line about all servers, for monitoring",
        "Print one line about all servers, and end with the exit codes of a plugin of Nagios: 0 ok, 1 a warning, "
        "2 critical, 3 unknown.",
        add_metrics_file,
        _check,
    ),
    "adopt": Verb(
        "record existing snapshots as copies of a set",
        "Record snapshots that exist as copies of a set, such as those of the original program. From then on they "
        "count, and those beyond the count of the set are removed.",
        _adopt_arguments,
        _adopt,
    ),
}


def build_parser(prog: str) -> Parser:
    """The parser of all verbs.

    :param prog: the command as the user typed it, such as ``glancesync snapshots``
    """
    text = "Make snapshots of the volumes of servers in Ceph by a schedule, check the schedule, and show it."
    return verbs_parser(prog, text, EPILOG, VERBS, _add_common_arguments)


def main(words: Sequence[str], prog: str) -> int:
    """Carry one call out.

    :param words: without the command itself
    :param prog: the command as the user typed it
    :return: the exit code
    :raises GlanceSyncError: the call is wrong, or nothing can be done
    """
    return call_verb(build_parser(prog), words, VERBS)


def _add_common_arguments(parser: Parser) -> None:
    """The options that all verbs have."""
    parser.add_argument("--conf", metavar="FILE", help="the configuration file")
    add_debug(parser)
    parser.add_argument(
        "--config",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="set an option, as in --config snapshots.timezone=Europe/Madrid; may be repeated",
    )
