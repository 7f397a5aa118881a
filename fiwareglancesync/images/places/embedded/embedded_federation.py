"""The embedded federation: regions without a server that behave like real ones (sync 4).

Its images have no bytes, only size and hashes. The conformance suite runs against it and against real regions, and
checks that both behave alike.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from uuid import uuid4

from ....base.content import Body, Download
from ....base.errors import CloudError, ConfigError, Conflict, Forbidden, NotFound, UnknownRegion
from ....openstack.credential import same_project
from ....openstack.place_identity import PlaceIdentity
from ...model import Image, Listing, NewImage, Patch
from ...settings import MASTER, Settings, Target, full_name
from ..port import unknown_region
from . import image_table
from .image_limits import check_changed, check_new
from .sqlite_file import FILE_NAME, Store, holds_federation, obstacle_to

_SEEN_BY_ALL = frozenset({"public", "community"})
_FILLED = frozenset({"active", "deactivated"})


class EmbeddedFederation:
    """Regions in one SQLite file, which several processes can use at the same time.

    :param path: the folder that the loader filled, or None for an empty federation in memory
    :param settings: the configuration
    :raises ConfigError: the folder has no federation
    """

    def __init__(self, path: Path | None, settings: Settings) -> None:
        self._settings = settings
        if path is None:
            self._address = f"memory:{uuid4()}"
            self._store = Store(None)
            with self._store.write() as connection:
                image_table.make_tables(connection)
            return
        folder = path.expanduser().resolve()
        if not holds_federation(folder / FILE_NAME):
            obstacle = obstacle_to(folder / FILE_NAME)
            if obstacle:
                raise ConfigError(
                    f"the embedded federation in {path} cannot be used: {obstacle}; its folder has to be writable, and "
                    "its disk must not be full"
                )
            loader = "python3 -m fiwareglancesync.glancesync_serverfacade_mock"
            raise ConfigError(f"{path} holds no embedded federation; load one with {loader} --path {path} DIR")
        self._address = str(folder)
        self._store = Store(folder / FILE_NAME)

    @property
    def folder(self) -> str:
        """The folder that has it."""
        return self._address

    def regions(self, target: Target) -> Sequence[str]:
        """Names (without prefix) of the regions of a target, sorted."""
        with self._store.read() as connection:
            names = image_table.region_names(connection)
        return sorted(region for owner, region in map(_split, names) if owner == target.name)

    def place(self, target: Target, region: str) -> EmbeddedPlace:
        """One region.

        :raises UnknownRegion: the target has no such region
        """
        name = full_name(target.name, region)
        known = self.regions(target)
        if region not in known:
            raise unknown_region(target, region, known)
        identity = PlaceIdentity(self._address, name, target.mock_project)
        return EmbeddedPlace(self._store, target.name, identity, is_master=name == self._settings.master_region)

    def version(self) -> Hashable:
        """A value that changes with every change of a region, by any process.

        :raises ServiceFailure: the federation's file cannot be read
        """
        return self._store.version()

    def forked(self) -> None:
        """Nothing to do: connections are closed before a fork (:mod:`.sqlite_file`)."""

    def add_region(self, name: str, images: Iterable[Image] = ()) -> None:
        """Add a region, as a file of the loader would.

        :param name: full name (``Burgos``, ``federation2:Madrid``)
        :param images: of any owner, in the order of their age; UUIDs occur once
        """
        with self._store.write() as connection:
            image_table.add_region(connection, name, images)

    def images(self, name: str) -> list[Image]:
        """All images of a region in order, whatever project may see them; for tests.

        :param name: full name of the region
        :raises UnknownRegion: there is none
        """
        with self._store.read() as connection:
            return image_table.read_images(connection, _number(connection, name), name)

    def put(self, image: Image) -> None:
        """Add an image to its region, or replace the one with its UUID; for tests.

        :raises UnknownRegion: there is no such region
        """
        with self._store.write() as connection:
            number = _number(connection, image.region)
            present = image_table.read_image(connection, number, image.region, image.id)
            if present is None:
                image_table.insert_image(connection, number, image)
            else:
                image_table.replace_image(connection, number, replace(image, created_at=present.created_at))


class EmbeddedPlace:
    """One region of an embedded federation, with the rights of one project.

    :param target: name of the target
    :param identity: the federation, the region's full name and the project
    :param is_master: whether only the images of the project are listed (sync 3.0)
    """

    def __init__(self, store: Store, target: str, identity: PlaceIdentity, *, is_master: bool = False) -> None:
        self._store = store
        self.target = target
        self.name = identity.region
        self.project = identity.project
        self.identity = identity
        self._is_master = is_master

    def __repr__(self) -> str:
        return f"EmbeddedPlace({self.identity!r})"

    def listing(self) -> Listing:
        """All images that matter (sync 3.0): those of the project and, except in the master, those that all can see."""
        with self._reading() as (connection, number):
            images = image_table.read_images(connection, number, self.name, self._matters())
        return Listing(self.name, self.project, tuple(images))

    def get(self, image_id: str) -> Image:
        """Read one image.

        :raises NotFound: the project can see no such image
        """
        with self._reading() as (connection, number):
            return self._visible(connection, number, image_id)

    def new_id(self, name: str) -> str:
        """The first free ``<n>$<name>`` of the region, n from 1 (sync 4)."""
        with self._reading() as (connection, number):
            ids = (f"{n}${name}" for n in count(1))
            return next(i for i in ids if image_table.read_image(connection, number, self.name, i) is None)

    def create(self, image: NewImage) -> Image:
        """Make an image without content: private, unprotected, ``queued``.

        :raises Conflict: there is one with that UUID
        :raises CloudError: no Glance would accept it (:mod:`.image_limits`)
        """
        made = Image(
            id=image.id,
            name=image.name,
            region=self.name,
            owner=self.project,
            status="queued",
            disk_format=image.disk_format,
            container_format=image.container_format,
            min_disk=image.min_disk,
            min_ram=image.min_ram,
            tags=tuple(sorted(set(image.tags))),
            hidden=image.hidden,
            user_properties=dict(image.properties),
        )
        check_new(made)
        with self._writing() as (connection, number):
            if image_table.read_image(connection, number, self.name, image.id) is not None:
                raise Conflict(f"An image with identifier {image.id} already exists", status=409)
            return image_table.insert_image(connection, number, made)

    def upload(self, image_id: str, body: Body) -> None:
        """Not possible; see :meth:`adopt`."""
        raise CloudError(f"{self.name}: the embedded federation takes no bytes for image {image_id}")

    def download(self, image_id: str, start: int = 0) -> AbstractContextManager[Download]:
        """Not possible: there are no bytes."""
        raise CloudError(f"{self.name}: the embedded federation has no bytes of image {image_id}")

    def adopt(self, image_id: str, master: Image) -> None:
        """Give an image the size and the hashes of ``master``, and make it active.

        :raises NotFound: there is no such image
        :raises Conflict: it has its content already
        """
        with self._writing() as (connection, number):
            present = self._own(connection, number, image_id)
            if present.status in _FILLED:
                raise Conflict(f"Image {image_id} is {present.status}, it has its content", status=409)
            filled = replace(
                present,
                status="active",
                size=master.size,
                checksum=master.checksum,
                hash_algo=master.hash_algo,
                hash_value=master.hash_value,
            )
            image_table.replace_image(connection, number, filled)

    def update(self, image: Image, patch: Patch) -> Image:
        """Change an image in one step; returns the changed image.

        :raises NotFound: it does not exist
        :raises Forbidden: it belongs to another project
        :raises Conflict: it does not have a property that is to be removed
        :raises CloudError: no Glance would accept the result; see :mod:`.image_limits`
        """
        with self._writing() as (connection, number):
            present = self._own(connection, number, image.id)
            missing = [key for key in patch.remove if key not in present.user_properties]
            if missing:
                raise Conflict(f"Property {missing[0]} does not exist.", status=409)
            changed = patch.apply(present)
            check_changed(changed)
            image_table.replace_image(connection, number, changed)
            return changed

    def delete(self, image_id: str) -> None:
        """Remove an image. Removing one that does not exist succeeds.

        :raises Forbidden: it is protected, or belongs to another project
        """
        with self._writing() as (connection, number):
            try:
                present = self._own(connection, number, image_id)
            except NotFound:
                return
            if present.protected:
                raise Forbidden(f"Image {image_id} is protected and cannot be deleted.", status=403)
            image_table.delete_image(connection, number, image_id)

    def _visible(self, connection: sqlite3.Connection, number: int, image_id: str) -> Image:
        image = image_table.read_image(connection, number, self.name, image_id)
        if image is None or not (self._owns(image.owner) or image.visibility in _SEEN_BY_ALL):
            raise NotFound(f"No image found with ID {image_id}", status=404)
        return image

    def _own(self, connection: sqlite3.Connection, number: int, image_id: str) -> Image:
        image = self._visible(connection, number, image_id)
        if not self._owns(image.owner):
            raise Forbidden(f"Image {image_id} belongs to project {image.owner}", status=403)
        return image

    def _owns(self, owner: str) -> bool:
        return not owner or same_project(owner, self.project)

    def _matters(self) -> Callable[[str, str, bool], bool]:
        owned: dict[str, bool] = {}

        def matters(owner: str, visibility: str, hidden: bool) -> bool:
            own = owned.get(owner)
            if own is None:
                own = owned[owner] = self._owns(owner)
            return own or (visibility in _SEEN_BY_ALL and not hidden and not self._is_master)

        return matters

    @contextmanager
    def _reading(self) -> Iterator[tuple[sqlite3.Connection, int]]:
        with self._store.read() as connection:
            yield connection, _number(connection, self.name)

    @contextmanager
    def _writing(self) -> Iterator[tuple[sqlite3.Connection, int]]:
        with self._store.write() as connection:
            yield connection, _number(connection, self.name)


def _number(connection: sqlite3.Connection, name: str) -> int:
    number = image_table.region_number(connection, name)
    if number is None:
        raise UnknownRegion(f"{name}: unknown region")
    return number


def _split(name: str) -> tuple[str, str]:
    """The target and the region of a full name; without a prefix it belongs to ``master`` (sync 4)."""
    target, colon, region = name.partition(":")
    return (target, region) if colon else (MASTER, name)
