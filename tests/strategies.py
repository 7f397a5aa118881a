"""Federations in which everything collides with everything: few names, few contents, few owners.

An image is one choice among prepared ones, so that examples are made quickly and shrink to plain images.
``HYPOTHESIS_PROFILE=long`` tries many more of them.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, fields, replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from fiwareglancesync.images.model import JOURNAL, SYNC_FIELDS, Image
from fiwareglancesync.images.planning import RegionPlan
from fiwareglancesync.images.planning.old_names import is_old_name
from tests.support.builders import HOST, MASTER, OURS, REGION, STARTED, THEIRS, journal, plan

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"

LAW = settings(
    max_examples=3000 if LONG else 40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
"""How thoroughly a law is tried."""

MOST = 6
"""Images of a region, at most."""

CONTENTS = ("A", "B", "C")
SIZES_OF_LISTS = (0, 2, 3, 4, 5, MOST, MOST, MOST)
SIZES = {"A": 1, "B": 2**20, "C": 3 * 2**20}
BASES = ("a", "b", "c", "d")
MASTER_NAMES = (*BASES, "a_obsolete", "b_obsolete")
REGION_NAMES = (*BASES, "a.old", "a", "b", "a_obsolete", "a.old.2", "b.old")
PROPERTIES = ("nid", "type")


@dataclass(frozen=True)
class ShownOrHidden:
    """A condition that selects the hidden images, or the others."""

    hidden: bool
    reads_hidden: bool = True

    def __call__(self, image: Image, metadata_set: frozenset[str]) -> bool:
        return image.hidden == self.hidden


@dataclass(frozen=True, repr=False)
class Federation:
    """A master, a region and the rules of its target."""

    masters: tuple[Image, ...]
    images: tuple[Image, ...]
    rules: dict[str, Any]

    def __repr__(self) -> str:
        masters, images = (", ".join(map(_shown, listed)) for listed in (self.masters, self.images))
        return f"Federation(masters=[{masters}], images=[{images}], rules={self.rules})"

    def plan(self) -> RegionPlan:
        """The region's plan."""
        return plan(self.masters, self.images, **self.rules)


def _variant(dice: random.Random) -> Image:
    """An image without name and place."""

    def mostly(usual: Any, *others: Any) -> Any:
        return usual if dice.random() < 0.88 else dice.choice(others)

    content = dice.choice(("A", "A", "A", "A", "B", "C", "B", None))
    properties = {key: mostly("1", "2") for key in PROPERTIES if dice.random() < 0.85}
    return Image(
        id="",
        name="",
        region="",
        owner=mostly(OURS, THEIRS, THEIRS, ""),
        status=mostly("active", "active", "queued", "deactivated"),
        checksum=content,
        size=SIZES.get(content or ""),
        visibility=mostly("public", "private", "shared", "community"),
        hidden=mostly(False, True),
        min_ram=mostly(0, 512),
        tags=mostly((), ("a",), ("a", "b")),
        unstated=mostly(frozenset(), frozenset({"hidden"}), frozenset(SYNC_FIELDS)),
        exact_visibility=mostly(True, False),
        protected=mostly(False, True),
        user_properties=properties,
    )


def _rules(dice: random.Random) -> dict[str, Any]:
    """The rules of a target: mostly some that move something."""
    rules: dict[str, Any] = {}
    checksums = ("any", *CONTENTS)
    for key in ("replace", "rename", "dontupdate"):
        if dice.random() < 0.5:
            rules[key] = dice.sample(checksums if key != "dontupdate" else CONTENTS, dice.randint(1, 2))
    if dice.random() < 0.3:
        rules["forcesyncs"] = dice.sample([f"m{number}" for number in range(MOST)], 2)
    if dice.random() < 0.4:
        rules["metadata_set"] = dice.sample(PROPERTIES, dice.randint(1, 2))
    if dice.random() < 0.3:
        rules["obsolete_syncprops"] = dice.sample(PROPERTIES, 1)
    if dice.random() < 0.3:
        rules["metadata_exclude"] = ("n*",)
    if dice.random() < 0.4:
        rules["sync_fields"] = dice.sample(SYNC_FIELDS, dice.randint(1, 5))
    if dice.random() < 0.1:
        rules["skip_unhashed"] = True
    if dice.random() < 0.2:
        rules["metadata_condition"] = ShownOrHidden(dice.random() < 0.5)
    if dice.random() < 0.3:
        rules["only_tenant_images"] = False
    if dice.random() < 0.2:
        rules["support_obsolete_images"] = False
    if dice.random() < 0.1:
        rules["max_replacements"] = 1
    return rules


_PLAIN = Image("", "", "", OURS, checksum="A", size=SIZES["A"], visibility="public")
VARIANTS = (_PLAIN, *(_variant(random.Random(number)) for number in range(400)))
RULES = ({}, {"replace": ["any"]}, {"rename": ["any"]}, *(_rules(random.Random(number)) for number in range(400)))
WHERE_TO = (*([None] * 6), *range(MOST), *range(MOST), "gone", "")
"""Where a link leads: nowhere, to the image of that number, to one that is not there."""


def _shown(image: Image) -> str:
    """Only what is not plain in an image."""
    reported = (field.name for field in fields(Image) if getattr(image, field.name) != getattr(_PLAIN, field.name))
    return f"Image({', '.join(f'{name}={getattr(image, name)!r}' for name in reported)})"


@st.composite
def _images(draw: st.DrawFn, prefix: str, region: str, names: tuple[str, ...]) -> list[Image]:
    images = []
    for number in range(draw(st.sampled_from(SIZES_OF_LISTS))):
        links = {}
        for key in ("kernel_id", "ramdisk_id")[: draw(st.sampled_from([0, 0, 1, 2]))]:
            end = draw(st.sampled_from(WHERE_TO))
            if end is not None:
                links[key] = f"{prefix}{end}" if isinstance(end, int) else end
        variant = draw(st.sampled_from(VARIANTS))
        images.append(
            replace(
                variant,
                id=f"{prefix}{number}",
                region=region,
                name=draw(st.sampled_from((*[names[number % len(names)]] * 3 * len(names), *names))),
                created_at=f"{number:012d}",
                user_properties={**variant.user_properties, **links},
            )
        )
    return images


@st.composite
def _with_journals(draw: st.DrawFn) -> tuple[Image, ...]:
    """A region's images, some of which carry a journal: one that we wrote, a copied or a forged one."""
    images = draw(_images("r", REGION, REGION_NAMES))
    ids = [image.id for image in images]
    for number, image in enumerate(images):
        if draw(st.sampled_from([True, False])):
            continue
        image_id = draw(st.sampled_from([image.id, image.id, image.id, *ids]))
        olds = [other.id for other in images if other is not image and is_old_name(other.name, image.name)]
        text = journal(
            image_id,
            step=draw(st.sampled_from(["new", "published"])),
            action=draw(st.sampled_from(["upload", "replace", "rename"])),
            old=draw(st.sampled_from([None, *olds, "gone"] if image_id == image.id else [None, *ids])),
            host=draw(st.sampled_from([HOST, HOST, "other-host"])),
            started=draw(st.sampled_from([STARTED, "2020-01-01T00:00:00+00:00", "never"])),
        ).text()
        text = draw(st.sampled_from([text, text, text, text, "{", "[]"]))
        images[number] = replace(image, user_properties={**image.user_properties, JOURNAL: text})
    return tuple(images)


_MASTERS = _images("m", MASTER, MASTER_NAMES).map(tuple)

PLAIN_FEDERATIONS = st.builds(
    Federation, _MASTERS, _images("r", REGION, REGION_NAMES).map(tuple), st.sampled_from(RULES)
)
"""Federations where no run was interrupted."""

FEDERATIONS = st.builds(Federation, _MASTERS, _with_journals(), st.sampled_from(RULES))
"""Federations with journals, believed and forged."""
