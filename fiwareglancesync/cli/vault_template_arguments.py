"""The options of ``glancesync vault templates``, and those that all verbs with templates have (vault 5)."""

from __future__ import annotations

from ..base.parser import Parser
from ..images.heat.template_reading import EXCLUDED
from .command_verbs import Verbs, add_debug, add_format, path

TEMPLATES_HELP = (
    "List the images that the Heat templates below folders need, and where each is named. Nothing is contacted. Needed "
    "is what a stack uses; mentioned, what it may use instead; unresolved, what is not known before the stack exists."
)


def add_templates_verb(verbs: Verbs) -> None:
    """Add the verb."""
    text = "list the images that Heat templates need"
    parser = verbs.add_parser("templates", help=text, description=TEMPLATES_HELP, allow_abbrev=False)
    parser.add_argument("folders", nargs="+", type=path, metavar="DIR", help="a folder with Heat templates")
    add_template_options(parser)
    add_format(parser)
    add_debug(parser)


def add_template_options(parser: Parser) -> None:
    """Add the options that say how templates are read.

    :param parser: of a verb that has the folders of templates
    """
    parser.add_argument(
        "--env",
        dest="environments",
        nargs="+",
        action="extend",
        type=path,
        default=[],
        metavar="FILE",
        help="environment files for all templates, each used on its own; those in the folders of the templates are "
        "found without this option",
    )
    usual = ", ".join(EXCLUDED)
    parser.add_argument(
        "--exclude",
        dest="excluded",
        action="append",
        metavar="PATTERN",
        help="exclude files that have a part like this in their path below DIR: the images that they name are only "
        f"mentioned; may be repeated; '' excludes none (default: {usual})",
    )
    parser.add_argument("--strict", action="store_true", help="exit status 2 if anything is unresolved")
