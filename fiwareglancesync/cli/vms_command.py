"""One call of ``glancesync vms`` (vms 1): the table of its verbs, each loaded only when it is called."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from ..base.parser import Parser
from .command_verbs import Verb, add_debug, add_format, call_verb, name_text, path_text, verbs_parser

EPILOG = """\
exit status: 0 all done; 1 something failed, or is not consistent; 2 wrong usage or configuration; 129, 130 and 143
interrupted. "check" ends with the codes of Nagios.
"""

MOST_SECONDS = 10**9
"""Of a time on the command line."""


def _backup_arguments(parser: Parser) -> None:
    parser.add_argument("mastervolume", metavar="MASTER", help="the volume to back up")
    parser.add_argument("slavehost", metavar="SLAVEHOST", help="the host of the slave, as HOST or USER@HOST")
    parser.add_argument("slavevolumename", metavar="SLAVEVOLUME", help="the volume of the slave")
    text = "minutes that replication may take, 0 for any (default: 0)"
    parser.add_argument("-t", "--timeout", type=_number, default=0, metavar="MINUTES", help=text)
    text = "seconds between two checks of replication (default: 10)"
    parser.add_argument("-i", "--interval", type=_positive, default=10, metavar="SECONDS", help=text)
    text = "leave out virtual machines by a pattern of their names, or by id; may be repeated; needs --allow-torn"
    parser.add_argument("--exclude", action="append", default=[], metavar="PATTERN", help=text)
    text = "only virtual machines of this pattern or id; may be repeated; needs --allow-torn"
    parser.add_argument("--vm", action="append", default=[], metavar="PATTERN", help=text)
    text = "accept that virtual machines that are left out are not consistent on the slave"
    parser.add_argument("--allow-torn", action="store_true", help=text)
    text = "how much is compared with the slave: all, or a part of each shard (default: full)"
    parser.add_argument("--verify", choices=("full", "sampled"), default="full", help=text)
    text = "only print what would be snapshotted, replicated, removed and merged, and what it costs"
    parser.add_argument("--dry-run", action="store_true", help=text)
    parser.add_argument("--report", action="store_true", help="print a report of the run at its end")
    parser.add_argument("-v", "--verbose", action="store_true", help="begin each line with the time")


def _backup(options: argparse.Namespace) -> int:
    from .vms_backup import back_up

    return back_up(options)


def _recover_arguments(parser: Parser) -> None:
    _add_volume(parser)


def _recover(options: argparse.Namespace) -> int:
    from .vms_backup import recover

    return recover(options)


def _status_arguments(parser: Parser) -> None:
    _add_volume(parser)
    add_format(parser)


def _status(options: argparse.Namespace) -> int:
    from .vms_state import print_status

    return print_status(options)


def _check_arguments(parser: Parser) -> None:
    _add_volume(parser)
    text = "hours after which the newest consistent backup is too old (default: 26)"
    parser.add_argument("--max-age", type=_positive, default=26, metavar="HOURS", help=text)


def _check(options: argparse.Namespace) -> int:
    from .vms_state import check

    return check(options)


VERBS: Mapping[str, Verb] = {
    "backup": Verb(
        "back up the virtual machines of a volume",
        "Make snapshots of all running virtual machines of a volume, replicate the volume, compare it with the slave, "
        "remove there what was written after the snapshots, and merge the snapshots.",
        _backup_arguments,
        _backup,
    ),
    "recover": Verb(
        "finish what interrupted runs have left",
        "Pause or stop replication, make the slave consistent if the checkpoint of the run was complete, and merge the "
        "snapshots that are left. Each run does this first, too.",
        _recover_arguments,
        _recover,
    ),
    "status": Verb(
        "print the state of each slave",
        "Print for each slave the run as of which it is consistent, or since when it is torn (not consistent).",
        _status_arguments,
        _status,
    ),
    "check": Verb(
        "print in one line how well the volumes are backed up, for Nagios",
        "Print in one line how well the volumes are backed up, with the exit codes of Nagios: 0 OK, 1 WARNING, 2 "
        "CRITICAL, 3 UNKNOWN.",
        _check_arguments,
        _check,
    ),
}


def build_parser(prog: str) -> Parser:
    """The parser of all verbs.

    :param prog: the command as the user typed it, such as ``glancesync vms``
    """
    text = "Back up the virtual machines of oVirt or libvirt, whose disks lie in a gluster volume, to another site."
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
    parser.add_argument("-c", "--config", type=path_text, required=True, metavar="FILE", help="the file of the backup")
    add_debug(parser)


def _add_volume(parser: Parser) -> None:
    text = "only this volume (default: all that have been backed up)"
    parser.add_argument("mastervolume", nargs="?", type=name_text, metavar="MASTER", help=text)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:12]) <= MOST_SECONDS):
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 to {MOST_SECONDS}, not '{text}'")
    return int(text)


def _positive(text: str) -> int:
    number = _number(text)
    if not number:
        raise argparse.ArgumentTypeError("expected 1 or more, not '0'")
    return number
