"""Restores in the embedded federation: a source that is a plain listing, and a region."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fiwareglancesync.images.model import Image, Listing
from fiwareglancesync.images.planning import RegionPlan, Selection, plan_region, restored_target, select_all

from .builders import HERE, OURS, RegionSetup, listing, target

SOURCE = "vault:Burgos"


def source_of(images: Iterable[Image], missing: Mapping[str, str] | None = None) -> Listing:
    """The images of a shelf."""
    return Listing(SOURCE, OURS, tuple(images), missing=missing or {})


def all_of(
    images: Iterable[Image], *chosen: str, missing: Mapping[str, str] | None = None, **rules: Any
) -> Selection:
    """What a restore means.

    :param chosen: UUIDs of ``--uuid``
    """
    return select_all(source_of(images, missing), restored_target(target(**rules), members=False), chosen)


def restore_plan(sources: Iterable[Image], images: Iterable[Image] = (), *chosen: str, **rules: Any) -> RegionPlan:
    """The plan of a restore into the region."""
    return plan_region(all_of(sources, *chosen, **rules), listing(*images), HERE)


class RestoreSetup(RegionSetup):
    """A region that images are restored into.

    :param sources: the images of the source
    :param images: the region's images
    """

    def __init__(self, sources: Iterable[Image] = (), images: Iterable[Image] = (), **rules: Any) -> None:
        super().__init__((), images, **rules)
        self.sources = tuple(sources)
        self.chosen: tuple[str, ...] = ()
        """UUIDs of ``--uuid``."""
        self.target = restored_target(self.target, members=False)

    def selection(self) -> Selection:
        """All images of the source."""
        return select_all(source_of(self.sources), self.target, self.chosen)
