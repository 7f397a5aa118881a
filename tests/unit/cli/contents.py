"""Images of the master and of regions, and regions that fail, for calls of the command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fiwareglancesync.base.errors import Unreachable
from fiwareglancesync.base.units import MIB
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedFederation, EmbeddedPlace
from fiwareglancesync.images.settings import Target
from tests.support.builders import image, master_image

MASTERS = [master_image("small", "S", size=MIB), master_image("large", "L", size=2 * MIB)]
CONFLICT = [image("small", "X", size=MIB), image("large", "L", size=2 * MIB)]
IN_STEP = [image("small", "S", size=MIB), image("large", "L", size=2 * MIB)]


def failing(error: BaseException, name: str, region: str = "Burgos") -> Callable[..., Any]:
    """A method of a region that fails in one region."""
    original = getattr(EmbeddedPlace, name)

    def method(place: EmbeddedPlace, *arguments: Any) -> Any:
        if place.name == region:
            raise error
        return original(place, *arguments)

    return method


def losing(name: str) -> Callable[[EmbeddedFederation, Target], Sequence[str]]:
    """A federation one of whose targets cannot be asked for its regions."""
    original = EmbeddedFederation.regions

    def regions(federation: EmbeddedFederation, target: Target) -> Sequence[str]:
        if target.name == name:
            raise Unreachable(f"target {name}: nobody answers")
        return original(federation, target)

    return regions
