"""Small images, listings and federations, so that a test says only what it is about.

A content is a short text: it is the image's checksum too, so a rule that names a checksum reads as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fiwareglancesync.base.units import MIB
from fiwareglancesync.events import Done, Event, Failed
from fiwareglancesync.images.execution.outcome import RegionOutcome
from fiwareglancesync.images.execution.recorder import Recorder
from fiwareglancesync.images.execution.region_run import RegionInput, synchronise
from fiwareglancesync.images.execution.region_state import RunContext
from fiwareglancesync.images.model import JOURNAL, Image, Listing
from fiwareglancesync.images.places import Place
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedFederation, EmbeddedPlace
from fiwareglancesync.images.planning import (
    Choice,
    Journal,
    PlanEntry,
    PlanTime,
    RegionPlan,
    Selection,
    plan_region,
    select,
)
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.images.transfer import Mover
from tests.support.events import of_type
from tests.support.events import texts as event_texts

MASTER, REGION = "Spain", "Burgos"
OURS, THEIRS = "ours", "theirs"
HOST = "this-host"
NOW = 1_700_000_000.0
STARTED = "2023-11-14T22:13:20+00:00"
"""``NOW`` as a journal writes it."""

HOUR = 3600.0
HERE = PlanTime(HOST, NOW, 24 * HOUR)


def image(name: str, content: str | None = "A", **fields: Any) -> Image:
    """An image of the region: active, public, ours.

    :param content: its checksum, None for an image without one
    :param fields: what else is special about it; ``properties`` are its user properties
    """
    fields.setdefault("id", f"r-{name}")
    fields.setdefault("region", REGION)
    fields["user_properties"] = fields.pop("properties", {})
    defaults = {"owner": OURS, "size": MIB, "visibility": "public", "checksum": content}
    return Image(name=name, **{**defaults, **fields})


def master_image(name: str, content: str | None = "A", **fields: Any) -> Image:
    """An image of the master region: active, public, ours."""
    return image(name, content, **{"id": f"m-{name}", "region": MASTER, **fields})


def listing(*images: Image, region: str = REGION) -> Listing:
    """A region's images."""
    return Listing(region, OURS, images)


def target(**rules: Any) -> Target:
    """The target ``master`` with rules; lists may be written as lists.

    Checksums and UUIDs are in lower case, as the configuration has them.
    """
    given: dict[str, Any] = dict(rules)
    for key in ("replace", "rename", "dontupdate", "forcesyncs"):
        given[key] = frozenset(entry.lower() for entry in rules.get(key, ()))
    for key in ("metadata_set", "obsolete_syncprops", "sync_fields"):
        given[key] = frozenset(rules.get(key, ()))
    return Target("master", tenant_id=OURS, **given)


def selection(masters: Iterable[Image], **rules: Any) -> Selection:
    """What a target with these rules gets of the master's images."""
    return select(listing(*masters, region=MASTER), target(**rules))


def plan(masters: Iterable[Image], images: Iterable[Image] = (), here: PlanTime = HERE, **rules: Any) -> RegionPlan:
    """The plan of the region."""
    return plan_region(selection(masters, **rules), listing(*images), here)


def entry(masters: Iterable[Image], images: Iterable[Image] = (), **rules: Any) -> PlanEntry:
    """The plan's only entry."""
    (found,) = plan(masters, images, **rules).entries
    return found


def statuses(made: RegionPlan) -> dict[str, str]:
    """Name → status."""
    return {found.name: found.status.value for found in made.entries}


def texts(made: RegionPlan | Selection) -> list[str]:
    """What the user reads."""
    return [message.text for message in made.messages]


def journal(carrier: str, *, step: str = "new", action: str = "upload", old: str | None = None, **more: Any) -> Journal:
    """A journal as this host wrote it."""
    written = {"run": "1-a", "host": HOST, "started": STARTED, **more}
    return Journal(carrier, **written, action=action, step=step, old=old)


def carrying(carrier: Image, **more: Any) -> Image:
    """The image with a journal of its own."""
    kept = {**carrier.user_properties, JOURNAL: journal(carrier.id, **more).text()}
    return replace(carrier, user_properties=kept)


class RegionSetup:
    """A federation in memory: the master, one region, and what has been reported about it.

    :param masters: the master's images, in the order of their age
    :param images: the region's images, in the order of their age
    :param rules: of the target
    """

    def __init__(self, masters: Iterable[Image] = (), images: Iterable[Image] = (), **rules: Any) -> None:
        self.target = target(**rules)
        self.settings = Settings(MASTER, {"master": self.target}, images_dir=Path("/nonexistent"))
        self.federation = EmbeddedFederation(None, self.settings)
        self.federation.add_region(MASTER, masters)
        self.federation.add_region(REGION, images)
        self.context = RunContext(run="1-b", host=HOST, first_wait=0.0)
        self.events: list[Event] = []

    @property
    def place(self) -> EmbeddedPlace:
        """The region itself."""
        return self.federation.place(self.target, REGION)

    @property
    def images(self) -> list[Image]:
        """All images of the region, whoever may see them."""
        return self.federation.images(REGION)

    def named(self, name: str) -> Image:
        """The only image of the region with that name."""
        (found,) = [image for image in self.images if image.name == name]
        return found

    def names(self) -> list[str]:
        """The names of all images of the region, sorted."""
        return sorted(image.name for image in self.images)

    def selection(self) -> Selection:
        """What the region gets."""
        return select(self.federation.place(self.target, MASTER).listing(), self.target)

    def plan(self) -> RegionPlan:
        """The region's plan at this moment."""
        return plan_region(self.selection(), self.place.listing(), self.context.plan_time())

    def sync(
        self,
        *chosen: str,
        through: Callable[[EmbeddedPlace], Place] = lambda place: place,
        mover: Mover | None = None,
    ) -> RegionOutcome:
        """Synchronise the region.

        :param chosen: patterns of ``--image``
        :param through: stands between the run and the region
        :param mover: knows the ways; the embedded federation needs none
        """
        self.events = []
        place: Place = through(self.place)
        choice = Choice(chosen)
        recorder = Recorder(place.name, self.events.append)
        given = RegionInput(
            self.selection(), place, place.listing(), mover or Mover([]), choice, self.context, recorder
        )
        return synchronise(given)

    def reported(self) -> list[str]:
        """Messages and causes of failures of the last run, in their order."""
        return event_texts(self.events)

    def did(self) -> list[tuple[str, str]]:
        """What the last run brought to a good end, in its order: action and image."""
        return [(e.action.value, e.image) for e in of_type(Done, self.events)]

    def failed(self) -> list[tuple[str, str]]:
        """What failed in the last run, in its order: action and image."""
        return [(e.action.value, e.image) for e in of_type(Failed, self.events)]


def errors(outcome: RegionOutcome) -> Mapping[str, str]:
    """Image → why it failed."""
    return {done.image: done.error for done in outcome.images if done.error is not None}
