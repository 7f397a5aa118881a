"""Tables of the images that Heat templates name (vault 5.1)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from .text_tables import dump, print_table

if TYPE_CHECKING:
    from ..images.heat.template_images import NamedImage, TemplateImages

HEADS = ("Use", "Image or expression", "File", "Line", "Reason")


def write_template_images(images: TemplateImages, form: str, stream: TextIO) -> None:
    """Write what templates name, and where.

    :param form: ``table``, ``csv`` or ``json``
    """
    if form == "json":
        unresolved = [
            {
                "expression": entry.expression,
                "file": entry.position.file,
                "line": entry.position.line,
                "reason": entry.reason,
            }
            for entry in images.unresolved
        ]
        named = {"needed": list(map(_named, images.needed)), "mentioned": list(map(_named, images.mentioned))}
        dump({**named, "unresolved": unresolved, "files": images.files}, stream)
    elif form == "csv":
        csv.writer(stream).writerows(_rows(images))
    else:
        print_table(HEADS, _rows(images), stream)


def _named(image: NamedImage) -> dict[str, object]:
    return {"image": image.name, "file": image.position.file, "line": image.position.line}


def _rows(images: TemplateImages) -> Iterator[tuple[str, ...]]:
    for use, found in (("needed", images.needed), ("mentioned", images.mentioned)):
        for image in found:
            yield use, image.name, image.position.file, str(image.position.line), ""
    for entry in images.unresolved:
        line = str(entry.position.line) if entry.position.line else ""
        yield "unresolved", entry.expression, entry.position.file, line, entry.reason
