"""``glancesync vault templates``: what Heat templates need, and where (vault 5.1)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..base.errors import UsageError
from ..images.heat.template_images import TemplateImages
from ..images.heat.template_reading import EXCLUDED, read_templates
from ..terminal.streams import write_line
from ..terminal.template_tables import write_template_images


def list_templates(options: argparse.Namespace) -> int:
    """Print the images that templates name.

    :param options: the parsed command line
    :return: the exit code
    """
    images = images_of_templates(options, options.folders)
    write_template_images(images, options.format, sys.stdout)
    return report_unresolved(images, strict=options.strict)


def images_of_templates(options: argparse.Namespace, folders: list[Path]) -> TemplateImages:
    """Read the templates that are meant.

    :param options: the parsed command line, with the options of templates
    :param folders: where they are
    :raises UsageError: a folder, an environment or a pattern cannot be used
    """
    for pattern in options.excluded or ():
        if "/" in pattern:
            advice = "a pattern stands for one part of a path, such as 'dev-*', and not for several"
            raise UsageError(f"--exclude {pattern} has a slash, so nothing matches it; {advice}")
    excluded = EXCLUDED if options.excluded is None else tuple(filter(None, options.excluded))
    return read_templates(folders, options.environments, excluded)


def report_unresolved(images: TemplateImages, *, strict: bool) -> int:
    """Report how much is unresolved.

    :param strict: whether this is an error
    :return: the exit code
    """
    if not images.unresolved:
        return 0
    if strict:
        write_line(sys.stderr, f"ERROR:{images.unresolved_text}, and --strict is given")
        return 2
    write_line(sys.stderr, f"WARNING:{images.unresolved_text}; what they name is not known")
    return 0
