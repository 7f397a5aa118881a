"""Which images are removed, by what is known of them (vault 5.3). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from fnmatch import fnmatchcase

from ..heat.image_comparison import ACTIVE, ComparedImage, Comparison
from ..heat.image_status import ImageStatus
from ..model import JOURNAL, LINKS, Image, normal_uuid
from ..removal_mark import is_hidden_for_removal, mark_of
from ..vault.healing_ledger import HealingLedger, RemovalStep
from .similar_names import SimilarNames

WEEK = timedelta(days=7)
MOST_OF_SIDE = 0.2
"""The part of the images of a side that one run removes, at most; one image is always allowed."""

SNAPSHOT_OF = "instance_uuid"
"""The property of a snapshot that names its server: a shelved server is started from it."""


MINUTE = "%Y-%m-%dT%H:%MZ"
"""How times are written for people."""


@dataclass(frozen=True)
class RemovalRules:
    """Which images may be removed.

    :param patterns: of ``--scope``; a name has to match one of them
    :param tag: without patterns, a name has to contain it, whatever its case
    :param tagged: whether images with tags of Glance may be removed
    :param quarantine: how long an image is not needed before it is hidden, and hidden before it is deleted
    :param max_deletions: how many images are removed in a week, at most
    """

    patterns: tuple[str, ...] = ()
    tag: str = ""
    tagged: bool = False
    quarantine: timedelta = WEEK
    max_deletions: int = 10

    def means(self, name: str) -> bool:
        """Whether an image of a name may be removed."""
        if self.patterns:
            return any(fnmatchcase(name, pattern) for pattern in self.patterns)
        return bool(self.tag) and self.tag.casefold() in name.casefold()


@dataclass(frozen=True)
class ImageUses:
    """What uses images.

    :param users: UUID of an image → a server or a volume that uses it, for people
    :param servers: UUIDs of all servers
    :param unknown: why it is not known what uses images, "" when it is
    """

    users: Mapping[str, str] = field(default_factory=dict)
    servers: frozenset[str] = frozenset()
    unknown: str = ""

    def of(self, image: Image) -> str:
        """What uses an image, for people; "" when nothing does."""
        if self.unknown:
            return f"it may be in use: {self.unknown}"
        user = self.users.get(normal_uuid(image.id))
        if user is not None:
            return f"{user} uses it"
        server = image.user_properties.get(SNAPSHOT_OF, "")
        return f"it is a snapshot of server {server}" if normal_uuid(server) in self.servers else ""


@dataclass(frozen=True)
class RemovalPlan:
    """What is removed.

    :param hide: images of the region that are hidden
    :param delete: images of the region that were hidden, and are deleted
    :param leave: images of the shelf that leave it
    :param kept: name → why the image is not removed, of those that would be
    :param waiting: name → until when the image is not removed, of those whose time has not come
    :param refusal: why nothing is removed at all, "" when that is no question
    """

    hide: tuple[Image, ...] = ()
    delete: tuple[Image, ...] = ()
    leave: tuple[Image, ...] = ()
    kept: Mapping[str, str] = field(default_factory=dict)
    waiting: Mapping[str, str] = field(default_factory=dict)
    refusal: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is removed."""
        return not (self.hide or self.delete or self.leave)


def unneeded_images(comparison: Comparison) -> list[str]:
    """The images that no template needs or mentions, nor by a similar name; none while anything is unresolved.

    :return: their names and their UUIDs: an image that is renamed is another one for its new name
    """
    if comparison.templates.unresolved:
        return []
    similar = SimilarNames.of(comparison.templates)
    rows = [row for row in comparison.of(ImageStatus.DELETE) if not row.mentioned and not similar.why_kept(row)]
    names = dict.fromkeys(row.name for row in rows)
    uuids = dict.fromkeys(normal_uuid(image.id) for row in rows for image in (*row.own, *row.hidden, *row.kept))
    return [*(names | uuids)]


def plan_removals(
    comparison: Comparison, ledger: HealingLedger, rules: RemovalRules, uses: ImageUses, now: datetime
) -> RemovalPlan:
    """Decide what is removed.

    :param comparison: of templates, region and shelf
    :param ledger: what the shelf remembers, with the present run
    :param uses: what uses images
    :param now: the present time
    """
    rows = [row for row in comparison.of(ImageStatus.DELETE) if rules.means(row.name)]
    if comparison.templates.unresolved:
        return RemovalPlan(kept=dict.fromkeys((row.name for row in rows), comparison.templates.unresolved_text))
    found: dict[str, list[Image]] = {"hide": [], "delete": [], "leave": []}
    kept: dict[str, str] = {}
    waits: dict[str, str] = {}
    similar = SimilarNames.of(comparison.templates)
    for row in rows:
        named = "" if row.mentioned else similar.why_kept(row)
        if named:
            kept[row.name] = named
            continue
        waiting = _waiting(row, rules.quarantine, ledger, now)
        if waiting:
            waits[row.name] = waiting
        for what, image in _due(row, rules.quarantine, ledger, now):
            is_new = what == "hide" and _is_newer(image, now - rules.quarantine)
            reason = f"it was made at {image.created_at}, and quarantine has not passed since" if is_new else ""
            reason = reason or _why_kept(image, comparison, rules, uses)
            if reason:
                kept[row.name] = reason
            else:
                found[what].append(image)
    plan = RemovalPlan(tuple(found["hide"]), tuple(found["delete"]), tuple(found["leave"]), kept, waits)
    refusal = _too_many(plan, comparison, ledger, rules, now)
    return RemovalPlan(kept=kept, refusal=refusal) if refusal else plan


def _due(
    row: ComparedImage, quarantine: timedelta, ledger: HealingLedger, now: datetime
) -> Iterator[tuple[str, Image]]:
    """The images of a row whose time has come, each with what is done."""
    since = _unneeded_since(row, ledger)
    if row.mentioned or since is None or now - since < quarantine:
        return
    for image in row.own if not row.hidden else ():
        yield "hide", image
    for image in row.hidden:
        mark = mark_of(image)
        if mark is not None and now - mark.since >= quarantine:
            yield "delete", image
    if not row.own and not row.hidden:
        for image in row.kept:
            yield "leave", image


def _unneeded_since(row: ComparedImage, ledger: HealingLedger) -> datetime | None:
    """Since when neither the name of a row nor an image that has it now was needed; None where that is not known."""
    since = ledger.unneeded.get(row.name)
    if since is None:
        return None
    images = row.hidden or row.own or row.kept
    return max((since, *(ledger.unneeded.get(normal_uuid(image.id), since) for image in images)))


def _waiting(row: ComparedImage, quarantine: timedelta, ledger: HealingLedger, now: datetime) -> str:
    """Until when an image is not removed because ``quarantine`` has not passed, "" for one that does not wait."""
    since, what = _unneeded_since(row, ledger), "not needed"
    if row.mentioned or since is None:
        return ""
    for image in row.hidden:
        mark = mark_of(image)
        if mark is not None and mark.since > since:
            since, what = mark.since, "hidden"
    if now - since >= quarantine:
        return ""
    begin, end = (time.astimezone(timezone.utc).strftime(MINUTE) for time in (since, since + quarantine))
    return f"it is {what} since {begin}, and quarantine lasts until {end}"


def _is_newer(image: Image, time: datetime) -> bool:
    """Whether an image was made after a time: then it is another one than that whose name was not needed before.

    :param time: aware
    """
    try:
        created = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", image.created_at))
    except ValueError:
        return False
    return created.tzinfo is not None and created > time


def _why_kept(image: Image, comparison: Comparison, rules: RemovalRules, uses: ImageUses) -> str:
    """Why an image is not removed, "" when it is."""
    if image.protected:
        return "it is protected"
    if image.tags and not rules.tagged:
        return f"it has tags: {', '.join(image.tags)}; --tagged removes such images too"
    if image.status != ACTIVE or JOURNAL in image.user_properties:
        return "it is being changed"
    user = uses.of(image)
    if user:
        return user
    linking = _linking(image, comparison)
    if linking is not None:
        return f"image {linking} links to it"
    return ""


def _linking(image: Image, comparison: Comparison) -> str | None:
    """The name of an image that links to this one, of whatever project, and is not hidden to be deleted itself."""
    for other in (*comparison.region.images, *comparison.shelf.images):
        if is_hidden_for_removal(other) or other.id == image.id:
            continue
        if any(normal_uuid(other.user_properties.get(key, "")) == normal_uuid(image.id) for key in LINKS):
            return other.label
    return None


def _too_many(
    plan: RemovalPlan, comparison: Comparison, ledger: HealingLedger, rules: RemovalRules, now: datetime
) -> str:
    """Why this is too much for one run, or for a week; "" when it is not."""
    region = [image for image in comparison.region.images if comparison.region.owns(image)]
    sides = (
        (plan.hide, RemovalStep.HIDDEN, len(region), "images of the region would be hidden"),
        (plan.delete, RemovalStep.DELETED, len(region), "images of the region would be deleted"),
        (plan.leave, RemovalStep.LEFT, len(comparison.shelf.images), "images of the shelf would leave it"),
    )
    for images, step, every, what in sides:
        # A step that a killed healing had begun with one of these images is done now, and does not count twice.
        before = len(ledger.removed(step, now - WEEK) - {image.id for image in images})
        most = max(1, int(every * MOST_OF_SIDE))
        if len(images) > most:
            return f"{len(images)} of {every} {what}; one run removes {most} at most (20 %); --scope chooses fewer"
        if images and before + len(images) > rules.max_deletions:
            return f"{len(images)} {what}, after {before} in 7 days; max_deletions is {rules.max_deletions}"
    return ""
