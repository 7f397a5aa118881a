"""The options of the verbs that compare a vault with templates: ``classify``, ``status``, ``heal`` … (vault 5)."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from ..base.parser import Parser
from .command_verbs import Verbs, add_debug, add_format, add_quiet, path, path_text
from .vault_template_arguments import add_template_options

AddVerb = Callable[[str, str], Parser]
"""Adds a verb with its help, and the options that all verbs have that contact regions."""

CLASSIFY_HELP = (
    "Compare three lists, images_in_bps.txt, images_on_cluster.txt and images_on_disk.txt, and write a list for each "
    "status and table1.csv into the same folder, in place of former ones. Nothing is contacted."
)
STATUS_HELP = (
    "Compare the images that Heat templates need with those of a region and of its shelf. Nothing is changed."
)
HEAL_HELP = (
    "Restore images that Heat templates need and that a region lacks from its shelf; then back up those that the shelf "
    "lacks; with --delete, then remove images that no template needs."
)
UNDELETE_HELP = (
    "Show an image again that heal --delete has hidden, and give it back its visibility. One that is deleted already "
    "comes back with glancesync vault restore."
)
EXIT_STATUS = (
    "Exit status: 0 all is well; 1 something failed; 2 wrong usage or configuration, or it is not safe to go on; "
    "3 something is to be done or looked at; 4 an image that templates need is nowhere."
)


def add_healing_verbs(verbs: Verbs, add: AddVerb) -> None:
    """Add the verbs.

    :param add: adds one that contacts regions
    """
    _add_status(add)
    _add_heal(add)
    _add_undelete(add)
    _add_classify(verbs)


def _add_undelete(add: AddVerb) -> None:
    parser = add("undelete", "show an image again that heal --delete has hidden")
    parser.description = UNDELETE_HELP
    parser.add_argument("uuid", metavar="UUID", help="the image")
    parser.add_argument("--wait", action="store_true", help="wait for another run on the same region or shelf")


def _add_status(add: AddVerb) -> None:
    parser = add("status", "compare templates, a region and its shelf")
    parser.description = STATUS_HELP
    _add_compared(parser)


def _add_heal(add: AddVerb) -> None:
    parser = add("heal", "bring back what is missing in a region or on its shelf")
    parser.description = HEAL_HELP
    _add_compared(parser)
    text = (
        "then remove images that no template has needed for the time quarantine of the vault: hide them first, and "
        "delete them when they have been hidden for this time"
    )
    parser.add_argument("--delete", action="store_true", help=text)
    text = "remove only images whose name matches this shell pattern; may be repeated (default: those of --tag)"
    parser.add_argument("--scope", action="append", default=[], metavar="PATTERN", help=text)
    parser.add_argument("--tagged", action="store_true", help="remove also images that have tags of Glance")
    text = "go on although over a fifth of the templates of the last time is missing"
    parser.add_argument("--fewer-templates", action="store_true", help=text)
    parser.add_argument("--dry-run", action="store_true", help="print what would be done")
    parser.add_argument("--wait", action="store_true", help="wait for another run on the same region or shelf")
    parser.add_argument("--events", metavar="FILE", help="write each event as JSON Lines; - is standard output")
    text = "show progress bars (default: when standard error is a terminal)"
    parser.add_argument("--progress", action=argparse.BooleanOptionalAction, help=text)
    parser.add_argument("-v", "--verbose", action="store_true", help="print more: the way of each image")
    add_quiet(parser)
    parser.set_defaults(show_regions=False, parallel=False, output_dir=None, report=None)


def _add_compared(parser: Parser) -> None:
    """Add the options that say what is compared, and how that is printed."""
    parser.epilog = EXIT_STATUS
    parser.add_argument("region", metavar="REGION", help="NAME or TARGET:NAME")
    text = "folders with Heat templates (default: templates of the vault in the configuration)"
    parser.add_argument("--templates", nargs="+", action="extend", type=path, default=[], metavar="DIR", help=text)
    add_template_options(parser)
    parser.add_argument("--shelf", metavar="S", help="the shelf (default: the one with the name of the region)")
    text = "only images whose name contains this text (default: tag of the vault in the configuration)"
    parser.add_argument("--tag", metavar="TEXT", help=text)
    text = "write the lists and table1.csv there too, in place of former ones"
    parser.add_argument("--lists", type=path_text, metavar="DIR", help=text)
    text = "mail what is not well to the receivers in the section [notify] of the configuration"
    parser.add_argument("--mail", action="store_true", help=text)
    add_format(parser)


def _add_classify(verbs: Verbs) -> None:
    text = "compare lists of images, without a vault"
    parser = verbs.add_parser(
        "classify",
        help=text,
        description=CLASSIFY_HELP,
        epilog=EXIT_STATUS,
        allow_abbrev=False,
    )
    parser.add_argument("--lists", required=True, type=path_text, metavar="DIR", help="the folder of the lists")
    add_format(parser)
    add_debug(parser)
