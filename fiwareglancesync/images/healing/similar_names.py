"""Images that templates may mean by a name or a UUID that is not that of their row (vault 5.3). Pure.

The database of a Glance can ignore case, accents and spaces; an image can have another name on the shelf than in the
region.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from ..heat.image_comparison import ComparedImage
from ..heat.template_images import TemplateImages
from ..model import is_uuid, normal_uuid


@dataclass(frozen=True, slots=True)
class SimilarNames:
    """The names that templates need or mention.

    :param names: one of them by what is compared
    """

    names: Mapping[str, str]

    @staticmethod
    def of(templates: TemplateImages) -> SimilarNames:
        """The names of templates."""
        named = (*templates.mentioned, *templates.needed)
        return SimilarNames({_compared(image.name): image.name for image in named})

    def why_kept(self, row: ComparedImage) -> str:
        """Why templates may mean one of the images of a row; "" when they do not."""
        other = self.names.get(_compared(row.name))
        if other is not None:
            return f"templates name {other}, which Glance may take for the same name"
        images = (*row.own, *row.hidden, *row.kept)
        return "templates name its UUID" if any(_compared(image.id) in self.names for image in images) else ""


def _compared(name: str) -> str:
    """What is left of a name without case, accents and outer or repeated spaces; of a UUID its usual form."""
    if is_uuid(name):
        return normal_uuid(name)
    letters = (each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    return " ".join("".join(letters).casefold().split())
