"""The options of the verbs that look after a vault: ``verify``, ``check``, ``forget``, ``prune`` (vault 2)."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from ..base.parser import Parser
from ..base.units import duration
from ..config.values import DURATION, SIZE, WHOLE, Kind
from ..images.vault.image_inspection import FORMATS
from ..images.vault.vault_health import Room, Thresholds
from .check_line import add_metrics_file
from .command_verbs import add_format, add_quiet, path_text

AddVerb = Callable[[str, str], Parser]
"""Adds a verb with its help, and the options that all verbs have."""

PERIODS = ("hourly", "daily", "weekly", "monthly", "yearly")
"""The rules of retention that keep a run of each period (vault 2.2)."""


def _age(text: str) -> int:
    if text.isdecimal():
        raise ValueError(text)
    return int(DURATION.parse(text))


AGE = Kind("a time such as 7d or 36h, with its unit", _age)
"""Ages of what is kept. A number alone is refused: who means days would drop nearly all runs."""

NOUNS = {"hourly": "hours", "daily": "days", "weekly": "weeks", "monthly": "months", "yearly": "years"}

VERIFY_HELP = (
    "Read what is kept. Damaged content is moved to the folder damaged, and the next backup of a region that still has "
    "the image fetches it again. Exit status 1 when anything is damaged or missing."
)
CHECK_HELP = (
    "Print one line about the state of a vault, as plugins of Nagios do. Exit status: 0 all is well, 1 warning, "
    "2 critical, 3 unknown: the vault cannot be looked at."
)
FORGET_HELP = (
    "Drop runs. A run is kept if any rule keeps it; the newest complete run of a shelf is always kept. "
    "What only dropped runs need is removed by prune."
)
COPY_HELP = (
    "Copy the runs that another vault does not have, with their records and contents. Each byte is compared with its "
    "hash. What is in both vaults is not copied again."
)
ADOPT_HELP = (
    "Take the image files of a folder into a shelf. An image has its name from its file, and its format from the "
    "content. Archives, and images that name other files or are not safe, are refused. Files of the shelf's newest run "
    "stay in it; a file of the same name replaces its image there."
)
EXPORT_HELP = (
    "Write each image of the newest complete runs as NAME.FORMAT, and what Glance says of it as NAME.FORMAT.json. "
    "No file is overwritten."
)
PRUNE_HELP = (
    "Remove what no run and no running backup needs. It is moved to unreferenced/DATE first, and deleted by a prune "
    "at least 7 days later."
)


def add_upkeep_verbs(add: AddVerb) -> None:
    """Add the verbs.

    :param add: adds one of them
    """
    _add_verify(add)
    _add_check(add)
    _add_forget(add)
    _add_prune(add)
    _add_diff(add)
    _add_copy(add)
    _add_adopt(add)
    _add_export(add)


def value_of(kind: Kind) -> Callable[[str], Any]:
    """Read the value of an option as the configuration reads it.

    :param kind: the form of the values
    """

    def read(text: str) -> Any:
        try:
            return kind.parse(text.strip())
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"expected {kind.expected}, not {text!r}") from error

    return read


def _add_shelves(parser: Parser, usual: str = "all shelves") -> None:
    text = f"only this shelf; may be repeated (default: {usual})"
    parser.add_argument("--shelf", dest="shelves", action="append", default=[], metavar="S", help=text)


def _add_progress_and_quiet(parser: Parser) -> None:
    text = "show a progress bar (default: when standard error is a terminal)"
    parser.add_argument("--progress", action=argparse.BooleanOptionalAction, help=text)
    add_quiet(parser)


def _add_verify(add: AddVerb) -> None:
    parser = add("verify", "read what is kept, and set aside what is damaged")
    parser.description = VERIFY_HELP
    text = "quick: presence and sizes; hash: also all bytes; structure: also qemu-img check (default: hash)"
    parser.add_argument("--level", choices=("quick", "hash", "structure"), default="hash", help=text)
    text = "only content that was not verified at this level within this time, such as 7d"
    parser.add_argument("--older-than", type=value_of(AGE), metavar="AGE", help=text)
    _add_progress_and_quiet(parser)


def _add_check(add: AddVerb) -> None:
    parser = add("check", "print one line about the state of a vault, for monitoring")
    parser.description = CHECK_HELP
    time, usual = value_of(AGE), Thresholds()
    for name, severity in (("warning", "a warning"), ("critical", "critical")):
        age, free = getattr(usual, f"age_{name}"), getattr(usual, f"free_{name}")
        text = f"{severity}: the newest complete run of a shelf is older (default: {age // 3600}h)"
        parser.add_argument(f"--age-{name}", type=time, default=age, metavar="AGE", help=text)
        limit = getattr(usual, f"unverified_{name}")
        text = f"{severity}: content was not verified for so long (default: {duration(limit) if limit else 'never'})"
        parser.add_argument(f"--unverified-{name}", type=time, default=limit, metavar="AGE", help=text)
        text = f"{severity}: less space is free, such as 10%% or 50G (default: {str(free).replace(' %', '%%')})"
        parser.add_argument(f"--free-{name}", type=_room, default=free, metavar="SPACE", help=text)
    _add_shelves(parser)
    add_metrics_file(parser)


def _room(text: str) -> Room:
    """Read a free space."""
    try:
        if text.endswith("%"):
            percent = int(WHOLE.parse(text[:-1].strip()))
            if percent > 100:
                raise ValueError(text)
            return Room(percent=percent)
        return Room(int(SIZE.parse(text.strip())))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"expected a part such as 10% or a size such as 50G, not {text!r}") from error


def _add_forget(add: AddVerb) -> None:
    parser = add("forget", "drop runs that no rule keeps")
    parser.description = FORGET_HELP
    count = value_of(WHOLE)
    parser.add_argument("--keep-last", type=count, default=0, metavar="N", help="the newest N runs")
    for period in PERIODS:
        text = f"the newest complete run of each of the newest N {NOUNS[period]} that have a run"
        parser.add_argument(f"--keep-{period}", type=count, default=0, metavar="N", help=text)
    text = "runs that are not older than the newest one by more than this, such as 30d"
    parser.add_argument("--keep-within", type=value_of(AGE), default=0, metavar="AGE", help=text)
    _add_shelves(parser, "each shelf by itself")
    parser.add_argument("--dry-run", action="store_true", help="print what would be dropped")
    add_format(parser)


def _add_prune(add: AddVerb) -> None:
    parser = add("prune", "remove what no run needs, in two steps that are 7 days apart")
    parser.description = PRUNE_HELP
    parser.add_argument("--dry-run", action="store_true", help="print what would be removed")
    parser.add_argument("--force", action="store_true", help="even if over half of all bytes leave")
    parser.add_argument("-v", "--verbose", action="store_true", help="print each file")
    add_quiet(parser)


def _add_diff(add: AddVerb) -> None:
    parser = add("diff", "print what differs between two runs")
    text = "SHELF (its newest run), SHELF@TIME (the newest run at that time), or TIME where there is one shelf"
    parser.add_argument("runs", nargs=2, metavar="RUN", help=text)
    add_format(parser)


def _add_copy(add: AddVerb) -> None:
    parser = add("copy", "copy what is kept into another vault")
    parser.description = COPY_HELP
    parser.add_argument("to", metavar="VAULT", help="the other vault: a folder, or the name of a configured one")
    _add_shelves(parser)
    _add_progress_and_quiet(parser)


def _add_export(add: AddVerb) -> None:
    parser = add("export", "write the images of the newest complete runs as plain files")
    parser.description = EXPORT_HELP
    parser.add_argument("folder", type=path_text, metavar="DIR", help="where to; is made if it is missing")
    _add_shelves(parser)
    _add_progress_and_quiet(parser)


def _add_adopt(add: AddVerb) -> None:
    parser = add("adopt", "take plain image files into a shelf of their own")
    parser.description = ADOPT_HELP
    parser.add_argument("folder", type=path_text, metavar="DIR", help="the folder with the files")
    parser.add_argument("--shelf", required=True, metavar="S", help="the shelf; it is made if it is missing")
    text = "the format of all files (default: what the content of each shows)"
    parser.add_argument("--format", choices=FORMATS, help=text)
    _add_progress_and_quiet(parser)
