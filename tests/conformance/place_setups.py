"""The two kinds of places that the conformance suite tests: the embedded federation, and real Glance."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from fiwareglancesync.base.errors import NotFound
from fiwareglancesync.images.model import Image, NewImage, Patch
from fiwareglancesync.images.places import Body, Federation, InstantCopy, Place
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedFederation
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.openstack.credential import Credential

MASTER, REGION = "Spain", "Burgos"
CONTENT = b"the content of an image\n" * 1000
MASTER_IMAGE = Image(
    id="the-master",
    name="the master's image",
    region=MASTER,
    size=len(CONTENT),
    checksum="5d41402abc4b2a76b9719d911017c592",
    hash_algo="sha512",
    hash_value="9b71d224bd62f378" * 8,
)


class Operator(Protocol):
    """What an operator does to an image without us."""

    def hide(self, image: Image) -> None:
        """Set ``os_hidden``."""
        ...

    def deactivate(self, image: Image) -> None:
        """Take it out of use."""
        ...


@dataclass
class PlaceSetup:
    """A region with its master, seen by our project and by another one.

    :param place: the region with our rights
    :param foreign: the same region with another project's rights
    :param ordinary: the same region with the rights of a user of our project who is no administrator
    """

    federation: Federation
    target: Target
    foreign_target: Target
    place: Place
    foreign: Place
    ordinary: Place
    operator: Operator
    made: list[tuple[Place, str]] = field(default_factory=list)

    def new(self, name: str = "an image", *, at: Place | None = None, **fields: Any) -> Image:
        """Make an image without content, which is removed after the test."""
        place = at or self.place
        defaults = {"disk_format": "raw", "container_format": "bare"}
        image = NewImage(place.new_id(name), name, **{**defaults, **fields})
        self.made.append((place, image.id))
        return place.create(image)

    def active(self, name: str = "an image", *, at: Place | None = None, **fields: Any) -> Image:
        """Make an image with content, which is removed after the test."""
        place = at or self.place
        image = self.new(name, at=place, **fields)
        fill(place, image.id)
        return place.get(image.id)

    def seen(self, place: Place | None = None) -> dict[str, Image]:
        """What a place lists, of what this test made."""
        made = {image_id for _, image_id in self.made}
        return {image.id: image for image in (place or self.place).listing().images if image.id in made}

    def clean(self) -> None:
        """Remove what the test made."""
        for place, image_id in self.made:
            try:
                image = place.get(image_id)
                if image.protected:
                    place.update(image, Patch(protected=False))
            except NotFound:
                continue
            place.delete(image_id)


def fill(place: Place, image_id: str, content: bytes = CONTENT) -> None:
    """Give an image its content, in the way that the place has."""
    if isinstance(place, InstantCopy):
        place.adopt(image_id, replace(MASTER_IMAGE, size=len(content)))
    else:
        place.upload(image_id, Body(len(content), lambda: iter([content])))


@dataclass(frozen=True)
class _Hand:
    """The operator's hand in the embedded federation."""

    federation: EmbeddedFederation
    place: Place

    def hide(self, image: Image) -> None:
        self.federation.put(replace(self._find(image), hidden=True))

    def deactivate(self, image: Image) -> None:
        self.federation.put(replace(self._find(image), status="deactivated"))

    def _find(self, image: Image) -> Image:
        return next(found for found in self.federation.images(REGION) if found.id == image.id)


@contextmanager
def embedded_setup(path: Path | None) -> Iterator[PlaceSetup]:
    """A fresh embedded federation."""
    ours, theirs = Target("master", tenant_id="1" * 32), Target("master", tenant_id="2" * 32)
    federation = EmbeddedFederation(path, Settings(MASTER, {"master": ours}))
    if path is None:
        for region in (REGION, MASTER, "other:Madrid"):
            federation.add_region(region)
    place = federation.place(ours, REGION)
    setup = PlaceSetup(
        federation, ours, theirs, place, federation.place(theirs, REGION), place, _Hand(federation, place)
    )
    yield setup
    setup.clean()


@dataclass(frozen=True)
class _Client:
    """The operator's hand on a real Glance: an independent client."""

    glance: Any

    def hide(self, image: Image) -> None:
        self.glance.images.update(image.id, os_hidden=True)

    def deactivate(self, image: Image) -> None:
        self.glance.images.deactivate(image.id)


@contextmanager
def openstack_setup(cloud: Path) -> Iterator[PlaceSetup]:
    """The region Burgos of the development cloud.

    :param cloud: the cloud's ``devcloud.json``
    """
    from glanceclient import Client
    from keystoneauth1.identity import V3Password
    from keystoneauth1.session import Session

    from fiwareglancesync.images.places.glance import OpenStackFederation

    described = json.loads(cloud.read_text(encoding="utf-8"))
    keystone = described["keystones"]["keystone-a"]

    def target(account: str) -> Target:
        known = keystone["accounts"][account]
        credential = Credential(
            auth_url=keystone["url"],
            username=known["user"],
            password=known["password"],
            project_name=known["project"],
            user_domain_name="Default",
            project_domain_name="Default",
        )
        return Target("master" if account == "glancesync" else account, credential)

    ours, theirs, member = target("glancesync"), target("foreign"), target("member")
    targets = {each.name: each for each in (ours, theirs, member)}
    federation = OpenStackFederation(Settings(MASTER, targets))
    signed_in = Session(
        V3Password(
            keystone["url"],
            username=ours.credential.username,
            password=ours.credential.password,
            project_name=ours.credential.project_name,
            user_domain_name="Default",
            project_domain_name="Default",
        )
    )
    setup = PlaceSetup(
        federation,
        ours,
        theirs,
        federation.place(ours, REGION),
        federation.place(theirs, REGION),
        federation.place(member, REGION),
        _Client(Client("2", session=signed_in, region_name=REGION)),
    )
    yield setup
    setup.clean()
