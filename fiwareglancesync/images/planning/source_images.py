"""What a restore has to know of its source beside the images that it restores (vault 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..model import Image


@dataclass(frozen=True)
class SourceImages:
    """The images of a source, as far as links and namesakes need them.

    :param names: UUID → name, of all its images
    :param namesakes: name of a restored image → the other images of this name
    """

    names: Mapping[str, str]
    namesakes: Mapping[str, tuple[Image, ...]]
