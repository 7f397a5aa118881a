"""The interface of places that have images, and of federations of such places (a port, as in "ports and adapters").

It does not depend on OpenStack, so that a directory or another cloud can be a further implementation. Every method may
raise a :class:`~fiwareglancesync.base.errors.CloudError`. What a caller has to know is the class of an error or one of
its attributes, never a status or words of a service; exceptions of a client library do not cross the port.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from ...base.content import Body, Download
from ...base.errors import UnknownRegion
from ...base.text import nearest
from ...openstack.place_identity import PlaceIdentity
from ...openstack.refusals import Wait
from ..model import DescribedImage, Image, Listing, NewImage, Patch
from ..settings import Target, full_name


class ReadablePlace(Protocol):
    """Images of one project in one place, which are only read: what a synchronisation copies from."""

    @property
    def name(self) -> str:
        """Full name of the region (``Burgos``, ``federation2:Madrid``), or of another place (``vault:Burgos``)."""
        ...

    @property
    def project(self) -> str:
        """Id of the project that owns our images there."""
        ...

    @property
    def identity(self) -> PlaceIdentity:
        """Identifies this place and project, whatever its name is (sync 1.3)."""
        ...

    def listing(self) -> Listing:
        """All images that matter (sync 3.0).

        :raises TimedOut: it took longer than the target's ``list_images_timeout``
        """
        ...

    def get(self, image_id: str) -> Image:
        """Read one image."""
        ...

    def download(self, image_id: str, start: int = 0) -> AbstractContextManager[Download]:
        """Open the content of an image for one reading.

        :param start: position of the first byte that is needed; a place may begin at 0 nevertheless, as ``Body.start``
            says
        """
        ...


class Place(ReadablePlace, Protocol):
    """The images of one region, with the rights of one target's credential."""

    @property
    def target(self) -> str:
        """Name of the target whose credential is used (``master``, ``other``)."""
        ...

    def new_id(self, name: str) -> str:
        """A UUID that no image of this place has, for a new image of that name."""
        ...

    def create(self, image: NewImage) -> Image:
        """Make an image without content: private, unprotected, ``queued``.

        :raises PropertyRefused: the place does not accept a property, or this number of them
        """
        ...

    def upload(self, image_id: str, body: Body) -> None:
        """Give an image its content. The request is never repeated.

        The pieces of ``body`` are taken exactly once. After a failure the image can still be filled or removed.

        :raises QuotaExceeded: no further upload is possible
        :raises TooManyUploads: no further upload is possible while others are running
        """
        ...

    def update(self, image: Image, patch: Patch) -> Image:
        """Change an image in one step; returns the changed image.

        :raises PublicationRefused: the credential is not allowed to give the image this visibility
        :raises PropertyRefused: the place does not accept a property, or this number of them
        """
        ...

    def delete(self, image_id: str) -> None:
        """Remove an image. Removing one that does not exist succeeds."""
        ...


@runtime_checkable
class InstantCopy(Protocol):
    """Capability of a place without bytes: it copies what the master states of the content (sync 4)."""

    def adopt(self, image_id: str, master: Image) -> None:
        """Give an image the size and the hashes of ``master``, and make it active."""
        ...


@runtime_checkable
class ServerImport(Protocol):
    """Capability of a place that fetches the content of an image from another place: no byte passes through here."""

    def why_unable_to_import(self, master: ReadablePlace) -> str | None:
        """Why this place cannot fetch content from another one, in one line; None when it can.

        The place is asked at most once, at the first call. Never raises.
        """
        ...

    def import_from(self, image_id: str, master: ReadablePlace, image: Image, progress: Callable[[int], None]) -> Image:
        """Let the place fetch the content of an image, and wait for the end.

        :param image_id: the image here, which has no content
        :param master: the place to fetch from
        :param image: the image there
        :param progress: is called at least every second with the bytes that have arrived, 0 while that is not known;
            what it raises ends the wait
        :return: the filled image; the place may have changed formats and properties too
        :raises TransferError: it could not be fetched; another way may work
        """
        ...

    def is_importing(self, image_id: str) -> bool:
        """Whether the place is still fetching the content of an image.

        Such an image must not be removed: its content would stay in the store of the place for ever.
        """
        ...

    def await_import(self, image_id: str, size: int, alive: Callable[[], None]) -> bool:
        """Wait until the place no longer fetches the content of an image, up to a time limit.

        :param image_id: an image that the place may be fetching
        :param size: bytes to be fetched, 0 when that is not known
        :param alive: is called from time to time; what it raises ends the wait
        :return: whether the place has ended, with or without success
        """
        ...


@runtime_checkable
class ListsMembers(Protocol):
    """Capability of a place that knows with which projects its images are shared."""

    def members(self, image_id: str) -> frozenset[str]:
        """Ids of the projects that an image of our project is shared with."""
        ...


@runtime_checkable
class Sharing(ListsMembers, Protocol):
    """Capability of a place that shares images with single projects (sync 3.5, ``sync_members``)."""

    def add_member(self, image_id: str, project: str) -> None:
        """Share an image that is ``shared`` with a project; doing so again succeeds."""
        ...

    def remove_member(self, image_id: str, project: str) -> None:
        """Stop sharing an image with a project; doing so again succeeds."""
        ...

    def knows_projects_of(self, master: ReadablePlace) -> bool:
        """Whether a project of another place has the same id here."""
        ...


@runtime_checkable
class Describing(Protocol):
    """Capability of a place that describes its images in its own words, so that everything of them can be kept."""

    def described_images(self) -> Sequence[DescribedImage]:
        """The images of :meth:`Place.listing`, in the same order, each with its description.

        :raises TimedOut: it took longer than the target's ``list_images_timeout``
        """
        ...


class Federation(Protocol):
    """All places of a configuration."""

    def regions(self, target: Target) -> Sequence[str]:
        """Names (without prefix) of the regions of a target that have images, sorted.

        :raises CloudError: they cannot be listed
        """
        ...

    def place(self, target: Target, region: str) -> Place:
        """One region.

        :raises UnknownRegion: the target has no such region
        """
        ...

    def forked(self) -> None:
        """In a child process: stop using the connections of the parent."""
        ...


@runtime_checkable
class Versioned(Protocol):
    """Capability of a federation that can quickly find out whether anything in it has changed."""

    def version(self) -> Hashable:
        """A value that is the same as long as no process changes anything, and new after each change.

        :raises CloudError: the federation cannot be read
        """
        ...


@runtime_checkable
class HasCatalog(Protocol):
    """Capability of a federation whose regions are in a catalog, which may have regions without images."""

    def why_unknown(self, target: Target, region: str) -> UnknownRegion:
        """Why a region is none of its target's regions.

        :raises CloudError: the catalog cannot be read
        """
        ...


@runtime_checkable
class ReportsWaits(Protocol):
    """Capability of a federation whose services may refuse for now."""

    def report_waits(self, listener: Callable[[Wait], None]) -> None:
        """Report each wait to a function from now on.

        :param listener: is called from any thread; must not raise
        """
        ...


@runtime_checkable
class FolderBacked(Protocol):
    """Capability of a federation that replaces OpenStack (files in a folder); which users see (sync 1.4)."""

    @property
    def folder(self) -> str:
        """The folder that has it."""
        ...


def unknown_region(
    target: Target, region: str, known: Sequence[str], *, others: Collection[str] = ()
) -> UnknownRegion:
    """The error of a region that a target does not have, the same for every federation.

    :param target: the target
    :param region: name of the region in it
    :param known: names of its regions, sorted
    :param others: all regions of its catalog, also those without images
    :return: the error, for the caller to raise
    """
    problem = "the catalog has no image service in this region" if region in others else "unknown region"
    text = f"{full_name(target.name, region)}: {problem}; the regions of target {target.name} are:"
    text += " " + (", ".join(known) if known else "none")
    near = None if region in others else nearest(region, known)
    meant = full_name(target.name, near) if near else None
    error = UnknownRegion(f"{text}; did you mean {meant}?" if meant else text)
    error.near = meant
    return error
