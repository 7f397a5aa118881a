"""Templates, a region and a shelf that are compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fiwareglancesync.images.heat.image_comparison import ComparedImage, Comparison, compare
from fiwareglancesync.images.heat.template_images import NamedImage, TemplateImages, TemplatePosition, UnresolvedImage
from fiwareglancesync.images.model import Image, Listing

from .builders import OURS, REGION, image

SHELF = "vault:Burgos"
HERE = TemplatePosition("templates/stack.yaml", 3)


def templates(
    needed: Iterable[str] = (), mentioned: Iterable[str] = (), *, unresolved: bool = False, files: int = 10
) -> TemplateImages:
    """What templates name.

    :param unresolved: whether there is an expression without a value
    """
    unknown = (UnresolvedImage(HERE, "{get_attr: [a, b]}", "it is not known before the stack exists"),)
    return TemplateImages(_named(needed), _named(mentioned), unknown if unresolved else (), files)


def _named(names: Iterable[str]) -> tuple[NamedImage, ...]:
    return tuple(NamedImage(name, HERE) for name in names)


def kept(name: str, content: str | None = "A", **fields: Any) -> Image:
    """An image of the shelf, by default that of the region with the same name."""
    return image(name, content, **{"region": SHELF, **fields})


def compared(
    needed: Iterable[str] = (),
    region: Iterable[Image] = (),
    shelf: Iterable[Image] = (),
    mentioned: Iterable[str] = (),
    missing: Mapping[str, str] | None = None,
    tag: str = "",
) -> Comparison:
    """A comparison.

    :param missing: UUID → why the shelf does not have the content of an image
    """
    there = Listing(REGION, OURS, tuple(region))
    return compare(
        templates(needed, mentioned), there, Listing(SHELF, OURS, tuple(shelf), missing=missing or {}), tag
    )


def statuses(comparison: Comparison) -> dict[str, str]:
    """Name → status."""
    return {row.name: row.status.value for row in comparison.rows}


def only(comparison: Comparison) -> ComparedImage:
    """The only row."""
    (row,) = comparison.rows
    return row
