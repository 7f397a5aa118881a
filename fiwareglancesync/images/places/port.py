"""The port: what the program needs of a place that holds images, and of a federation of such places.

No word of OpenStack here, so that a directory or another cloud can be a further implementation. Every method
may raise a :class:`~fiwareglancesync.base.errors.CloudError`; nothing of a client library passes the port.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from ...base.content import Body, Download
from ...base.errors import UnknownRegion
from ...base.text import nearest
from ...openstack.place_identity import PlaceIdentity
from ...openstack.refusals import Wait
from ..model import Image, Listing, NewImage, Patch
from ..settings import Target, full_name


class Place(Protocol):
    """One region's images, seen with the rights of one target's credential."""

    @property
    def name(self) -> str:
        """Full name of the region (``Burgos``, ``other:Madrid``)."""
        ...

    @property
    def target(self) -> str:
        """Name of the target whose credential is used (``master``, ``other``)."""
        ...

    @property
    def project(self) -> str:
        """Id of the project that owns our images here."""
        ...

    @property
    def identity(self) -> PlaceIdentity:
        """What tells this place and project from all others, whatever their names (sync 1.3)."""
        ...

    def listing(self) -> Listing:
        """All images that matter (sync 3.0), in one go.

        :raises TimedOut: it took longer than the target's ``list_images_timeout``
        """
        ...

    def get(self, image_id: str) -> Image:
        """One image as it is now."""
        ...

    def new_id(self, name: str) -> str:
        """A UUID that no image of this place has, for a new image of that name."""
        ...

    def create(self, image: NewImage) -> Image:
        """Make an image without content: private, unprotected, ``queued``."""
        ...

    def upload(self, image_id: str, body: Body) -> None:
        """Give an image its content, once; the request is never repeated by itself.

        The pieces are taken from ``body`` exactly once. A failed upload leaves the image fillable or removable.
        """
        ...

    def update(self, image: Image, patch: Patch) -> Image:
        """Change an image in one step; returns it as it is afterwards."""
        ...

    def delete(self, image_id: str) -> None:
        """Remove an image. Removing one that is gone succeeds."""
        ...

    def download(self, image_id: str, start: int = 0) -> AbstractContextManager[Download]:
        """Open an image's content for one reading.

        :param start: position of the first byte that is wanted; a place may begin at the first of all
            nevertheless, which the body tells
        """
        ...


@runtime_checkable
class InstantCopy(Protocol):
    """Capability of a place without bytes: an image gets its content by being told whose it is (sync 4)."""

    def adopt(self, image_id: str, master: Image) -> None:
        """Give an image the size and the checksums of ``master`` and make it active."""
        ...


@runtime_checkable
class ServerImport(Protocol):
    """Capability of a place that can fetch an image's content from another place by itself: no byte passes here."""

    def can_import_from(self, master: Place) -> str | None:
        """Why this place cannot fetch content from another one, one line; None when it can.

        Asked of the place itself at most once, when this is first called; never raises.
        """
        ...

    def import_from(self, image_id: str, master: Place, image: Image, progress: Callable[[int], None]) -> Image:
        """Let the place fetch an image's content, and wait until it has.

        :param image_id: the image without content that is to be filled
        :param master: the place that the content comes from
        :param image: the image there
        :param progress: told the bytes that are known to have come, at least every second: 0 while nobody knows;
            what it raises ends the waiting
        :return: the filled image as it is now; the place may have changed formats and properties too
        :raises TransferError: it could not be fetched; another way may work
        """
        ...

    def is_importing(self, image_id: str) -> bool:
        """Whether the place is still fetching an image's content.

        Such an image must not be removed: the content would stay in the place's store, with nobody knowing of it.
        """
        ...

    def await_import(self, image_id: str, size: int, alive: Callable[[], None]) -> bool:
        """Wait until the place is not fetching an image's content any more, as long as that may take at all.

        :param image_id: an image that somebody may have let the place fetch
        :param size: bytes to be fetched, 0 when that is not known
        :param alive: called now and then; what it raises ends the waiting
        :return: whether the place has ended it, well or not
        """
        ...


@runtime_checkable
class Sharing(Protocol):
    """Capability of a place that shares images with single projects (sync 3.5, ``sync_members``)."""

    def members(self, image_id: str) -> frozenset[str]:
        """Ids of the projects that an own image is shared with."""
        ...

    def add_member(self, image_id: str, project: str) -> None:
        """Share an image that is ``shared`` with a project; doing so again succeeds."""
        ...

    def remove_member(self, image_id: str, project: str) -> None:
        """Share an image with a project no more; doing so again succeeds."""
        ...

    def knows_projects_of(self, master: Place) -> bool:
        """Whether a project of another place has the same id here."""
        ...


class Federation(Protocol):
    """All the places that a configuration reaches."""

    def regions(self, target: Target) -> Sequence[str]:
        """Names (without prefix) of the regions of a target that hold images, sorted.

        :raises CloudError: the target's directory cannot be asked
        """
        ...

    def place(self, target: Target, region: str) -> Place:
        """One region.

        :raises UnknownRegion: the target has no such region
        """
        ...

    def forked(self) -> None:
        """Tell a child process that connections inherited from its parent must not be used."""
        ...


@runtime_checkable
class Versioned(Protocol):
    """Capability of a federation that tells cheaply whether anything in it has changed."""

    def version(self) -> Hashable:
        """What stays the same as long as nothing changes, whoever does; once something has, no earlier one again.

        :raises CloudError: the federation cannot be asked
        """
        ...


@runtime_checkable
class ReportsWaits(Protocol):
    """Capability of a federation whose services may have us wait."""

    def report_waits(self, listener: Callable[[Wait], None]) -> None:
        """Have a function told of each wait from now on.

        :param listener: may be called from any thread; must not raise
        """
        ...


@runtime_checkable
class StandIn(Protocol):
    """Capability of a federation that stands in for OpenStack, which users are to know (sync 1.4)."""

    @property
    def folder(self) -> str:
        """Where it is kept."""
        ...


def unknown_region(target: Target, region: str, known: Sequence[str]) -> UnknownRegion:
    """Say that a region is unknown, and which are known.

    :param target: the target that was asked
    :param region: its name there
    :param known: the names of the target's regions, sorted
    :return: the error, for the caller to raise
    """
    text = f"{full_name(target.name, region)}: unknown region; the regions of target {target.name} are:"
    text += " " + (", ".join(known) if known else "none")
    near = nearest(region, known)
    meant = full_name(target.name, near) if near else None
    error = UnknownRegion(f"{text}; did you mean {meant}?" if meant else text)
    error.near = meant
    return error
