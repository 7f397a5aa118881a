"""The words after ``glancesync remote``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from enum import Enum

from ..base.errors import UsageError
from ..base.parser import Parser, refuse_options

SERVER = "GLANCESYNC_SERVER"
"""The variable that names the server."""

FORMATS = ("csv", "table", "json")

EPILOG = f"""\
The server is the one of --server, else of {SERVER}. The token comes from the usual environment of
OpenStack (OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME …) or, with --os-cloud or OS_CLOUD, from
clouds.yaml; when none of them names an account, no token is sent. OS_CACERT and OS_INSECURE say whose
certificates are trusted, the server's too. --server, --os-cloud and --debug may stand before the command or after it.

exit status: 0 all done; 1 a region or a task failed, or the server; 2 wrong usage; 129, 130 and 143 interrupted
(what runs on the server goes on).
"""


class Follow(Enum):
    """How far a task that was started is followed."""

    NOT = "not"
    TO_THE_END = "to the end"
    STEP_BY_STEP = "step by step"


def build_parser(prog: str) -> Parser:
    """The parser; its help names every command, and that of a command its options.

    :param prog: how the user called it
    """
    parser = Parser(
        prog=prog,
        description="See and start synchronisations that a GlanceSync server carries out.",
        epilog=EPILOG,
        parents=[_common()],
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    # Without defaults: what is not given after the command leaves as it is what was given before it.
    common = _common(argparse.SUPPRESS)

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", parents=[common],
                                   allow_abbrev=False)  # fmt: skip

    regions = add("regions", "show the last known state of each region")
    regions.add_argument("--refresh", action="store_true", help="ask all regions now")
    _add_format(regions, "table")

    status = add("status", "show the present status of each image of regions")
    _add_regions(status)
    status.add_argument("--image", metavar="NAME", help="only the image of this name")
    _add_format(status, "csv")

    sync = add("sync", "start the synchronisation of regions")
    _add_regions(sync)
    _add_sync_options(sync)

    tasks = add("tasks", "list the tasks of a region, newest first")
    tasks.add_argument("regions", nargs=1, metavar="region", help="NAME, or TARGET:NAME")
    _add_format(tasks, "table")

    watch = add("watch", "follow a task to its end, with a progress bar on a terminal")
    watch.add_argument("regions", nargs=1, metavar="region", help="NAME, or TARGET:NAME")
    watch.add_argument("task", nargs="?", help="the task's id (default: the newest)")

    cancel = add("cancel", "end a task; what it has begun is removed")
    cancel.add_argument("regions", nargs=1, metavar="region", help="NAME, or TARGET:NAME")
    cancel.add_argument("task", help="the task's id")
    return parser


def _common(default: str | None = None) -> Parser:
    """The options that are understood before the command and after it."""
    common = Parser(add_help=False, argument_default=default)
    common.add_argument("--server", metavar="URL", help=f"the server's address (default: {SERVER})")
    common.add_argument("--os-cloud", metavar="NAME", help="take the account from this entry of clouds.yaml")
    common.add_argument("--debug", action="store_true", help="log each request, and show the traceback of an error")
    return common


def _add_sync_options(sync: argparse.ArgumentParser) -> None:
    sync.add_argument("--dry-run", action="store_true", help="only show what would be done")
    sync.add_argument(
        "--image",
        action="append",
        default=[],
        metavar="PATTERN",
        help="only images whose name matches, as in a shell; may be repeated",
    )
    sync.add_argument(
        "--config",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help="options of the regions' target for this time; regions go before it",
    )
    sync.add_argument(
        "--replace-lists",
        action="store_true",
        help="let lists given with --config drop entries that the server's configuration has",
    )
    sync.add_argument(
        "--decide",
        action="append",
        default=[],
        metavar="NAME=CHECKSUM:ACTION",
        help="settle the conflict of one image for this time: ACTION is replace, rename or dontupdate, CHECKSUM is"
        " that of the region's image; may be repeated",
    )
    follow = sync.add_mutually_exclusive_group()
    follow.add_argument(
        "--watch",
        dest="follow",
        action="store_const",
        const=Follow.STEP_BY_STEP,
        default=Follow.NOT,
        help="follow the tasks to their end, with progress bars on a terminal",
    )
    follow.add_argument(
        "--wait", dest="follow", action="store_const", const=Follow.TO_THE_END, help="wait for the end of the tasks"
    )


def _add_regions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("regions", nargs="+", metavar="region", help="NAME, or TARGET:NAME")


def _add_format(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument("-f", "--format", choices=FORMATS, default=default, help=f"of the output (default: {default})")


def parse_arguments(words: Sequence[str], prog: str) -> argparse.Namespace:
    """Read the command line.

    :param words: after ``remote``
    :param prog: how the user called it
    :raises UsageError: it is wrong
    """
    options = build_parser(prog).read(words)
    refuse_options(getattr(options, "regions", ()))
    for word in getattr(options, "config", ()):
        if "=" not in word:
            raise UsageError(f"{word} is not KEY=VALUE; put regions before --config")
    return options
