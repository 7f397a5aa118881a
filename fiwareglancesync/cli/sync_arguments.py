"""The options of the command (sync 1.1)."""

from __future__ import annotations

import argparse
import os
import textwrap
from collections.abc import Sequence

from ..base.errors import UsageError
from ..base.parser import Parser, refuse_options, refuse_standard_output
from ..base.version import __version__
from ..terminal.command_names import COMMAND_HELP

WAYS = ("auto", "file", "stream", "spool", "server")

FORM_HELP = (
    "the format of --show-status (default: csv) and --show-regions (default: words on one line); matrix, of"
    " --show-status alone, has a row for each image and a column for each region"
)
FOLDER_HELP = (
    "the folder for the backup of --make-backups and for the logs of --parallel (default: the current folder)"
)

EPILOG = """\
Regions are named NAME (or master:NAME) when they share the master's Keystone,
TARGET:NAME when they belong to another target; TARGET: stands for all regions
of that target. Without a region: all regions of master.

As the first word, these are commands with a --help of their own; a region of
that name is written master:NAME.
{commands}
Begin with --show-status and --dry-run: neither ever writes to a region.

exit status: 0 all done; 1 a region or an image failed, or another run holds a
region; 2 wrong usage or configuration; 3 see --exit-code; 129, 130 and 143
ended by SIGHUP, SIGINT (Ctrl-C) and SIGTERM: unfinished images are removed
first.
"""


def build_parser(prog: str) -> Parser:
    """The parser; its help names every option.

    :param prog: the command as the user typed it
    """
    parser = Parser(
        prog=prog,
        usage=f"{prog} [region ...] [options]",
        description="Bring the images of the regions of an OpenStack federation to the state of the master region.",
        epilog=EPILOG.format(commands=_commands()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("regions", nargs="*", metavar="region", help="what to synchronise (see below)")

    _add_modes(parser)
    _add_work(parser)
    _add_source(parser)
    _add_configuration(parser)
    _add_output(parser)
    parser.add_argument("--version", action="version", version=f"glancesync {__version__}")
    return parser


def add_restore_arguments(parser: Parser) -> None:
    """Add the options of a synchronisation that ``glancesync vault restore`` takes too.

    :param parser: has its positional words already
    """
    parser.set_defaults(show_regions=False, make_backups=False)
    mode = parser.add_argument_group("modes, one at most; none of them ever writes to a region")
    _add_reading_modes(mode.add_mutually_exclusive_group(), "restore")
    what = parser.add_argument_group("what is done")
    _add_image(what)
    _add_uuid(what)
    _add_time_and_members(what)
    _add_how(what)
    _add_configuration(parser)
    _add_output(
        parser,
        "the format of --show-status (default: csv); matrix has a row for each image and a column for each region",
        "the folder for the logs of --parallel (default: the current folder)",
    )


def _add_modes(parser: Parser) -> None:
    modes = parser.add_argument_group("modes, one at most; none of them ever writes to a region")
    mode = modes.add_mutually_exclusive_group()
    _add_reading_modes(mode)
    mode.add_argument(
        "--show-regions", action="store_true", help="print the regions that a run over all targets would do"
    )
    mode.add_argument(
        "--make-backups",
        "--make-backup",
        action="store_true",
        help="write the metadata of all images of the regions, and of the master, to a new folder",
    )


def _add_reading_modes(mode: argparse._MutuallyExclusiveGroup, what: str = "synchronisation") -> None:
    mode.add_argument("--dry-run", action="store_true", help=f"print what a {what} would do")
    mode.add_argument("--show-status", action="store_true", help="print the status of each image in each region")


def _add_work(parser: Parser) -> None:
    what = parser.add_argument_group("what is done")
    _add_how(what)
    _add_image(what)


def _add_how(what: argparse._ArgumentGroup) -> None:
    what.add_argument("--parallel", action="store_true", help="a process per region, at most max_children at once")
    what.add_argument("--transfer", choices=WAYS, help="force a way to move bytes (default: the best for each image)")
    what.add_argument("--wait", action="store_true", help="wait for another run on the same region")


def _add_source(parser: Parser) -> None:
    source = parser.add_argument_group("restore and migrate: all images of a place, instead of the master's selection")
    source.add_argument(
        "--from",
        dest="source",
        metavar="PLACE",
        help="vault:SHELF or a region; each destination is named, and no rule of its target selects images",
    )
    _add_uuid(source)
    _add_time_and_members(source)
    source.add_argument("--vault", metavar="NAME|PATH", help="which vault (default: the only one that is configured)")


def _add_image(what: argparse._ArgumentGroup) -> None:
    what.add_argument(
        "--image",
        action="append",
        default=[],
        metavar="PATTERN",
        help="only images whose name matches this shell pattern; may be repeated",
    )


def _add_uuid(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--uuid",
        action="append",
        default=[],
        metavar="UUID",
        help="only the image that has this UUID there, also one of several of the same name; may be repeated",
    )


def _add_time_and_members(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--at", metavar="TIME", help="the backup as it was then, such as 2026-11-28 or 2026-11-28T09:00:00Z (UTC)"
    )
    group.add_argument(
        "--members", action="store_true", help="share images with the same projects (within one Keystone)"
    )


def _add_configuration(parser: Parser) -> None:
    settings = parser.add_argument_group("configuration")
    settings.add_argument("--conf", metavar="FILE", help="the configuration file")
    settings.add_argument(
        "--os-cloud",
        metavar="NAME",
        help="use this entry of clouds.yaml as the master's account, whatever account the configuration and the"
        " environment name",
    )
    settings.add_argument(
        "--config",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help="set options: section.key=value, or key=value for all targets; all words that follow are read as options,"
        " so write regions before --config, or after --",
    )


def _add_output(parser: Parser, form: str = FORM_HELP, folder: str = FOLDER_HELP) -> None:
    output = parser.add_argument_group("output")
    output.add_argument(
        "-f",
        "--format",
        choices=("csv", "table", "json", "matrix"),
        help=form,
    )
    output.add_argument(
        "--pending", action="store_true", help="with --show-status, print only what is pending or awaits a decision"
    )
    output.add_argument(
        "--output-dir",
        metavar="DIR",
        help=folder,
    )
    output.add_argument("--events", metavar="FILE", help="write each event as JSON Lines; - is standard output")
    output.add_argument("--report", metavar="FILE", help="write the results as one JSON document")
    output.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        help="show progress bars (default: when standard error is a terminal)",
    )
    output.add_argument(
        "--exit-code",
        action="store_true",
        help="exit 3 when --show-status or --dry-run finds anything pending or in error, when an error remains after a"
        " synchronisation, or when no image is selected or a selected one cannot be synchronised",
    )
    output.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="print more, with the time of each line: which way each image went, and what was changed",
    )
    output.add_argument("-q", "--quiet", action="store_true", help="print only warnings and errors")
    output.add_argument("--debug", action="store_true", help="print each request, and the traceback of an error")


def parse_arguments(arguments: Sequence[str], prog: str) -> argparse.Namespace:
    """Read the command line.

    :param arguments: without the command itself
    :param prog: the command as the user typed it
    :raises UsageError: it is wrong
    """
    words = list(arguments)
    regions: list[str] = []
    if "--" in words:
        end = words.index("--")
        words, regions = words[:end], words[end + 1 :]
    parsed = build_parser(prog).read(words, intermixed=True)
    parsed.regions += regions
    check_arguments(parsed)
    return parsed


def check_arguments(parsed: argparse.Namespace) -> None:
    """Check a command line as a whole.

    :param parsed: of a synchronisation, or of ``glancesync vault restore``
    :raises UsageError: it is wrong
    """
    for word in parsed.config:
        if "=" not in word:
            raise UsageError(f"{word} is not KEY=VALUE; put regions before --config or after --")
    if parsed.format and not (parsed.show_status or parsed.show_regions):
        raise UsageError("--format goes with --show-status or --show-regions")
    if parsed.format == "matrix" and not parsed.show_status:
        raise UsageError("--format matrix goes with --show-status; --show-regions has csv, table and json")
    if parsed.pending and not parsed.show_status:
        raise UsageError("--pending goes with --show-status")
    if parsed.events == "-" and (parsed.show_status or parsed.show_regions):
        raise UsageError("--events - would mix with the data on standard output; name a file: --events FILE")
    check_values(parsed)
    if any(not region.strip() or (":" in region and region.endswith(" ")) for region in parsed.regions):
        raise UsageError("a region's name is empty; write NAME, TARGET:NAME or TARGET:")
    refuse_options(parsed.regions)
    _check_source(parsed)


def check_values(parsed: argparse.Namespace) -> None:
    """Check the values of the options that synchronisations and backups have.

    :param parsed: of any command, which need not have them all
    :raises UsageError: one names nothing, or two name the same file
    """
    given = vars(parsed)
    events, report = given.get("events"), given.get("report")
    refuse_standard_output(report)
    if events and report and os.path.realpath(events) == os.path.realpath(report):
        raise UsageError(f"--events and --report name the same file, {report}; give each a file of its own")
    for option, what in (("output_dir", "folder"), ("os_cloud", "entry of clouds.yaml")):
        if given.get(option) is not None and not given[option].strip():
            raise UsageError(f"--{option.replace('_', '-')} names no {what}")
    for option in ("conf", "events", "report"):
        if given.get(option) == "":
            raise UsageError(f"--{option} names no file")
    if "" in given.get("image", ()):
        raise UsageError("--image has an empty pattern, which matches no image")


def _check_source(parsed: argparse.Namespace) -> None:
    """Check the options that go with ``--from`` (vault 4)."""
    if parsed.source is None:
        given = {"--uuid": parsed.uuid, "--at": parsed.at, "--members": parsed.members, "--vault": parsed.vault}
        for option in (option for option, value in given.items() if value):
            raise UsageError(f"{option} goes with --from PLACE, such as --from vault:SHELF")
        return
    if parsed.show_regions or parsed.make_backups:
        raise UsageError("--from goes with a synchronisation, --dry-run or --show-status")
    if parsed.image and parsed.uuid:
        raise UsageError("--image and --uuid exclude each other: name images by their names or by their UUIDs")
    if not parsed.source.strip():
        raise UsageError("--from names no place; write vault:SHELF or the name of a region")


def _commands() -> str:
    """What each command does, as narrow as the text around it."""
    indent = " " * 12
    return "".join(
        textwrap.fill(text, 79, initial_indent=f"  {word:<10}", subsequent_indent=indent) + "\n"
        for word, text in COMMAND_HELP.items()
    )
