"""What commands with verbs have in common: the parser, options that mean the same, and a table of verbs."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ..base.errors import UsageError
from ..base.parser import Parser
from ..base.version import __version__
from ..terminal.streams import log_requests, reconfigure_output
from .check_line import print_unknown

Verbs: TypeAlias = "argparse._SubParsersAction[Parser]"
"""Where verbs are added to a parser."""

FORMATS = ("table", "csv", "json")
"""How rows are printed."""


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


def command_parser(prog: str, description: str, epilog: str) -> tuple[Parser, Verbs]:
    """The parser of a command, and where its verbs are added.

    :param prog: the command as the user typed it, such as ``glancesync vault``
    :param description: what the command is for
    :param epilog: the exit status, in lines as they are printed
    """
    parser = Parser(
        prog=prog,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"glancesync {__version__}")
    return parser, parser.add_subparsers(dest="verb", metavar="VERB", required=True)


def verbs_parser(
    prog: str, description: str, epilog: str, table: Mapping[str, Verb], add_common: Callable[[Parser], None]
) -> Parser:
    """The parser of a command with all verbs of a table.

    :param prog: the command as the user typed it, such as ``glancesync volumes``
    :param description: what the command is for
    :param epilog: the exit status, in lines as they are printed
    :param add_common: adds the options that all verbs have
    """
    parser, verbs = command_parser(prog, description, epilog)
    for name, verb in table.items():
        added = verbs.add_parser(name, help=verb.help, description=verb.description, allow_abbrev=False)
        add_common(added)
        verb.add_arguments(added)
    return parser


def call_verb(parser: Parser, words: Sequence[str], table: Mapping[str, Verb]) -> int:
    """Carry one call of a verb out.

    :param words: without the command itself
    :return: the exit code
    :raises GlanceSyncError: the call is wrong, or nothing can be done
    """
    try:
        options = parser.read(words)
    except UsageError as error:
        if "check" in words[:1]:
            return print_unknown(parser.prog.rpartition(" ")[2].upper(), error)
        raise
    prepare(options)
    return table[options.verb].run(options)


def prepare(options: argparse.Namespace) -> None:
    """Do what comes before any verb.

    :param options: the parsed command line
    """
    reconfigure_output()
    if options.debug:
        log_requests()


def add_conf_and_debug(parser: Parser) -> None:
    """Add the options of a verb that reads the configuration."""
    parser.add_argument("--conf", metavar="FILE", help="the configuration file")
    parser.add_argument("--debug", action="store_true", help="print each request, and the traceback of an error")


def add_debug(parser: Parser) -> None:
    """Add the option of a verb that sends no requests."""
    parser.add_argument("--debug", action="store_true", help="print the traceback of an error")


def add_account_and_config(parser: Parser, account: str) -> None:
    """Add the options of a verb that signs in.

    :param account: whose account ``--os-cloud`` names
    """
    text = f"use this entry of clouds.yaml as {account}, not what the configuration or the environment names"
    parser.add_argument("--os-cloud", metavar="NAME", help=text)
    text = "set an option: section.key=value, or key=value for all targets; may be repeated"
    parser.add_argument("--config", action="append", default=[], metavar="KEY=VALUE", help=text)


def add_format(parser: Parser) -> None:
    """Add the option that says how rows are printed."""
    text = "the format of the output (default: table)"
    parser.add_argument("-f", "--format", choices=FORMATS, default=FORMATS[0], help=text)


def path_text(text: str) -> str:
    """Read the name of a file or folder on the command line.

    :raises ArgumentTypeError: it is empty, as a variable of the shell without a value is: no name is no folder, and
        above all not the current one
    """
    if not text.strip():
        raise argparse.ArgumentTypeError("the name is empty; write . for the current folder")
    return text


def name_text(text: str) -> str:
    """Read the name of something on the command line.

    :raises ArgumentTypeError: it is empty, as a variable of the shell without a value is: that does not mean all
    """
    if not text.strip():
        raise argparse.ArgumentTypeError("the name is empty")
    return text


def path(text: str) -> Path:
    """Read the name of a file or folder as a path; see :func:`path_text`."""
    return Path(path_text(text))


def add_progress(parser: Parser) -> None:
    """Add the option of a verb that shows progress bars."""
    text = "show progress bars (default: when standard error is a terminal)"
    parser.add_argument("--progress", action=argparse.BooleanOptionalAction, help=text)


def add_quiet(parser: Parser) -> None:
    """Add the option of a verb that writes a narrative."""
    parser.add_argument("-q", "--quiet", action="store_true", help="print only warnings and errors")
