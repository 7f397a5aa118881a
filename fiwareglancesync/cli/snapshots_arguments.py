"""The options of the daemon of snapshots, which two commands have (snapshots 1.5)."""

from __future__ import annotations

from ..base.parser import Parser
from .command_verbs import path_text


def add_daemon_arguments(parser: Parser) -> None:
    """Add the options of the daemon."""
    text = "a file of export OS_NAME=VALUE lines with the account that lists servers and volumes; it is only read"
    parser.add_argument("--os-conf", type=path_text, metavar="FILE", help=text)
    text = "make snapshots also of servers that the schedule file does not name, by the general spec"
    parser.add_argument("--enable-general-snapshots", action="store_true", help=text)
    text = "make all snapshots of the general spec now, wait for them, and end"
    parser.add_argument("--force-general-snapshots", action="store_true", help=text)
    text = "make all snapshots of the schedule file now, wait for them, and end"
    parser.add_argument("--force-scheduled-snapshots", action="store_true", help=text)
