"""The options of ``glancesync vault`` (vault 2)."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial

from ..base.errors import UsageError
from ..base.parser import Parser, refuse_options
from .command_verbs import (
    Verbs,
    add_account_and_config,
    add_conf_and_debug,
    add_debug,
    add_format,
    add_quiet,
    command_parser,
    path_text,
)
from .sync_arguments import add_restore_arguments, check_arguments, check_values
from .vault_healing_arguments import add_healing_verbs
from .vault_template_arguments import add_templates_verb
from .vault_upkeep_arguments import add_upkeep_verbs

EPILOG = """\
exit status: 0 all done; 1 a region or an image failed, or the bytes of an image are refused; 2 wrong usage or
configuration, or there is no such vault; 129, 130 and 143 interrupted: the next backup
uses what has been read.
"""


def build_parser(prog: str) -> Parser:
    """The parser of all verbs.

    :param prog: the command as the user typed it, such as ``glancesync vault``
    """
    text = "Back up the images of regions into a folder, with everything that Glance reports of them."
    parser, verbs = command_parser(prog, text, EPILOG)
    _add_init(verbs)
    _add_backup(verbs)
    _add_restore(verbs)
    _add_size(verbs)
    _add_runs(verbs)
    _add_ls(verbs)
    _add_show(verbs)
    add_upkeep_verbs(partial(_add, verbs, configured=False))
    add_templates_verb(verbs)
    add_healing_verbs(verbs, partial(_add, verbs, configured=True))
    return parser


def parse_arguments(words: Sequence[str], prog: str) -> argparse.Namespace:
    """Read the command line.

    :param words: without the command itself
    :param prog: the command as the user typed it
    :raises UsageError: it is wrong
    """
    options = build_parser(prog).read(words)
    regions = [options.region] if "region" in options else getattr(options, "regions", [])
    refuse_options(regions)
    if any(not region.strip() for region in regions):
        raise UsageError("a region's name is empty; write NAME, TARGET:NAME or TARGET:")
    if options.verb == "restore":
        options.source = f"vault:{options.shelf}"
        check_arguments(options)
        return options
    shelves = [getattr(options, "shelf", None), *(getattr(options, "shelves", None) or ())]
    if any(shelf is not None and not shelf.strip() for shelf in shelves):
        raise UsageError("the name of a shelf is empty")
    check_values(options)
    return options


def _add(verbs: Verbs, name: str, text: str, *, configured: bool) -> Parser:
    """Add a verb with the options that all have.

    :param configured: whether regions are contacted
    """
    parser = verbs.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", allow_abbrev=False)
    parser.add_argument("--vault", metavar="NAME|PATH", help="which vault (default: the only one that is configured)")
    add_conf_and_debug(parser)
    if configured:
        add_account_and_config(parser, "the master's account")
    return parser


def _add_regions(parser: Parser) -> None:
    what = "NAME, TARGET:NAME, or TARGET: for all its regions"
    parser.add_argument("regions", nargs="+", metavar="REGION", help=what)
    parser.add_argument(
        "--image",
        action="append",
        default=[],
        metavar="PATTERN",
        help="only images whose name matches this shell pattern; may be repeated",
    )


def _add_init(verbs: Verbs) -> None:
    text = "make an empty vault"
    parser = verbs.add_parser("init", help=text, description="Make an empty vault.", allow_abbrev=False)
    parser.add_argument("folder", type=path_text, metavar="FOLDER", help="a folder that is empty or not there yet")
    add_debug(parser)


def _add_backup(verbs: Verbs) -> None:
    parser = _add(verbs, "backup", "back up the images of regions", configured=True)
    _add_regions(parser)
    parser.add_argument("--shelf", metavar="S", help="the shelf, for one region (default: the name of the region)")
    parser.add_argument("--rebind", action="store_true", help="let the shelf be of another source from now on")
    parser.add_argument("--dry-run", action="store_true", help="print what a backup would do")
    parser.add_argument("--parallel", action="store_true", help="a process per region, at most max_children at once")
    parser.add_argument("--wait", action="store_true", help="wait for another backup into the same shelf")
    parser.add_argument(
        "--output-dir", metavar="DIR", help="the folder for the logs of --parallel (default: the current folder)"
    )
    parser.add_argument("--events", metavar="FILE", help="write each event as JSON Lines; - is standard output")
    parser.add_argument("--report", metavar="FILE", help="write the results as one JSON document")
    parser.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        help="show progress bars (default: when standard error is a terminal)",
    )
    parser.set_defaults(show_regions=False)
    parser.add_argument("-v", "--verbose", action="store_true", help="print more: the way of each image")
    add_quiet(parser)


def _add_restore(verbs: Verbs) -> None:
    text = "bring the images of a backup into regions; the same as glancesync --from vault:SHELF"
    parser = verbs.add_parser("restore", help=text, description=f"{text[0].upper()}{text[1:]}.", allow_abbrev=False)
    parser.add_argument("shelf", metavar="SHELF", help="the shelf")
    parser.add_argument("regions", nargs="+", metavar="REGION", help="the destinations, each NAME or TARGET:NAME")
    parser.add_argument("--vault", metavar="NAME|PATH", help="which vault (default: the only one that is configured)")
    add_restore_arguments(parser)


def _add_size(verbs: Verbs) -> None:
    parser = _add(verbs, "size", "print what a backup would fetch", configured=True)
    parser.set_defaults(
        show_regions=False,
        parallel=False,
        output_dir=None,
        events=None,
        progress=False,
        verbose=False,
        quiet=False,
        shelf=None,
    )
    _add_regions(parser)
    add_format(parser)


def _add_runs(verbs: Verbs) -> None:
    parser = _add(verbs, "runs", "list the finished backups", configured=False)
    parser.add_argument("shelves", nargs="*", metavar="SHELF", help="only these shelves")
    add_format(parser)


def _add_ls(verbs: Verbs) -> None:
    parser = _add(verbs, "ls", "list the images of the newest complete backup", configured=False)
    parser.add_argument("shelves", nargs="*", metavar="SHELF", help="only these shelves")
    parser.add_argument("--at", metavar="TIME", help="as it was then, such as 2026-11-28 or 2026-11-28T09:00:00Z (UTC)")
    add_format(parser)


def _add_show(verbs: Verbs) -> None:
    parser = _add(verbs, "show", "print all that is kept of an image", configured=False)
    parser.add_argument("uuid", metavar="UUID", help="the image")
    add_format(parser)
