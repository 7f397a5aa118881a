"""One region of an OpenStack federation, as a place that holds images."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any
from urllib.parse import quote

from ....base.content import Body, Download
from ....base.errors import CloudError, Conflict, Forbidden, NotFound, Rejected, TransferError
from ....openstack.answers import Operation
from ....openstack.place_identity import PlaceIdentity, is_same_keystone
from ....openstack.service import Call, Service
from ...model import DescribedImage, Image, Listing, NewImage, Patch
from ...settings import Target, full_name
from ..port import ReadablePlace
from . import bodies
from .bodies import image_path, members_path, tag_path
from .glance_answers import GLANCE, refused_creation, refused_visibility
from .image_documents import (
    PATCH_TYPE,
    all_tags,
    creation,
    fits_path,
    image_of,
    is_changed,
    is_made,
    members_in,
    operations,
)
from .imports import Imports, Origin
from .listing import collect, describe, others_queries, own_queries


class OpenStackPlace:
    """The Glance of one region, with the rights of one target's credential; implements ``Place``.

    :param identity: identifies the place
    :param is_master: whether only the images of the project are listed (sync 3.0)
    """

    def __init__(
        self,
        target: Target,
        region: str,
        identity: PlaceIdentity,
        service: Service,
        *,
        is_master: bool = False,
    ) -> None:
        self._target = target
        self._name = full_name(target.name, region)
        self._region = region
        self._identity = identity
        self._project = identity.project
        self._service = service
        self._imports = Imports(service, self._name, target.store)
        self._is_master = is_master

    def __repr__(self) -> str:
        return f"OpenStackPlace({self._name!r}, {self._service.address!r})"

    @property
    def name(self) -> str:
        """Full name of the region."""
        return self._name

    @property
    def target(self) -> str:
        """Name of the target."""
        return self._target.name

    @property
    def project(self) -> str:
        """Id of the project that the credential is for."""
        return self._project

    @property
    def identity(self) -> PlaceIdentity:
        """Keystone, region, addresses and project (sync 1.3)."""
        return self._identity

    def listing(self) -> Listing:
        """All images that matter (sync 3.0).

        :raises TimedOut: it took longer than the target's ``list_images_timeout``
        """
        seconds = float(self._target.list_images_timeout)
        images = collect(self._service, self._name, self._project, self._queries, seconds)
        return Listing(self._name, self._project, images)

    def described_images(self) -> Sequence[DescribedImage]:
        """The images of the listing, each with Glance's own document (vault 3)."""
        seconds = float(self._target.list_images_timeout)
        return describe(self._service, self._name, self._project, self._queries, seconds)

    @property
    def _queries(self) -> list[dict[str, str]]:
        return own_queries(self._project) + ([] if self._is_master else others_queries())

    def get(self, image_id: str) -> Image:
        """Read one image."""
        return self._image(self._service.request(Call(Operation.GET, "GET", image_path(image_id))))

    def new_id(self, name: str) -> str:
        """A UUID that no image has."""
        return str(uuid.uuid4())

    def create(self, image: NewImage) -> Image:
        """Make an image without content.

        The UUID is ours. So an attempt whose answer was lost is recognised: the image exists then, ``queued`` and
        with our properties.

        :raises PropertyRefused: Glance does not accept a property, or this number of them
        """
        call = Call(Operation.CREATE, "POST", "/v2/images", creation(image))

        def attempt(number: int) -> Image:
            try:
                return self._image(self._service.request_once(call))
            except Conflict:
                made = self._image_or_none(image.id) if number > 1 else None
                if made is None or not is_made(made, image, self._project):
                    raise
                return made

        try:
            return self._service.with_retries(attempt)
        except (Forbidden, Rejected) as error:
            raise refused_creation(error, image.properties) from error.__cause__

    def upload(self, image_id: str, body: Body) -> None:
        """Give an image its content, once.

        :raises TransferError: the source failed
        """
        bodies.upload(self._service, image_id, body, self._target.store)

    def update(self, image: Image, patch: Patch) -> Image:
        """Change an image in one minimal JSON patch, then add its tags; returns it as it is afterwards.

        An attempt whose answer was lost is recognised when the next one is refused: the image is as wanted.

        :raises PublicationRefused: the credential is not allowed to give the image this visibility
        """
        try:
            changed = self._patched(image, patch, operations(patch))
        except Forbidden as error:
            raise (error if patch.visibility is None else refused_visibility(error)) from error.__cause__
        if not patch.tags:
            return changed
        for tag in filter(fits_path, patch.tags):
            self._service.request(Call(Operation.UPDATE, "PUT", tag_path(image.id, tag)))
        changed = self.get(image.id)
        others = tuple(tag for tag in patch.tags if tag not in changed.tags)
        return self._patched(changed, Patch(), all_tags(changed, others)) if others else changed

    def _patched(self, image: Image, patch: Patch, changes: list[dict[str, Any]]) -> Image:
        if not changes:
            return image
        call = Call(Operation.UPDATE, "PATCH", image_path(image.id), changes, PATCH_TYPE)

        def attempt(number: int) -> Image:
            try:
                return self._image(self._service.request_once(call))
            except Conflict:
                changed = self._image_or_none(image.id) if number > 1 else None
                if changed is None or not is_changed(changed, patch):
                    raise
                return changed

        return self._service.with_retries(attempt)

    def delete(self, image_id: str) -> None:
        """Remove an image; one that does not exist counts as removed."""
        try:
            self._service.request(Call(Operation.DELETE, "DELETE", image_path(image_id)))
        except NotFound:
            return

    def download(self, image_id: str, start: int = 0) -> AbstractContextManager[Download]:
        """Open the content of an image for one reading."""
        return bodies.download(self._service, image_id, start)

    def why_unable_to_import(self, master: ReadablePlace) -> str | None:
        """Why this Glance cannot fetch images from another one; None when it can (design 6, ``server``)."""
        if not isinstance(master, OpenStackPlace):
            return "the master is no region of an OpenStack"
        if not self.knows_projects_of(master):
            return "the region and the master have different Keystones"
        if master._target.credential.is_overridden(GLANCE.type, master._region):
            return "the master's address is not the catalog's, which a region would use (image_endpoint_override)"
        return self._imports.why_unable()

    def import_from(self, image_id: str, master: ReadablePlace, image: Image, progress: Callable[[int], None]) -> Image:
        """Let this Glance fetch an image's content from another one of the same Keystone.

        :param progress: is called with 0 only: Glance does not report more; what it raises ends the wait
        :raises TransferError: it refused or failed; another way may work
        """
        if not isinstance(master, OpenStackPlace):
            raise TransferError("the master is no region of an OpenStack")
        interface = master._service.access().catalog.of(GLANCE.type).interfaces[master._region]
        return self._imports.fetch(image_id, Origin(master._region, interface, image), lambda: progress(0))

    def is_importing(self, image_id: str) -> bool:
        """Whether this Glance is still fetching an image's content."""
        return self._imports.is_running(image_id)

    def await_import(self, image_id: str, size: int, alive: Callable[[], None]) -> bool:
        """Wait until this Glance is not fetching an image's content any more; whether it has ended in time."""
        return self._imports.await_end(image_id, size, alive)

    def members(self, image_id: str) -> frozenset[str]:
        """Ids of the projects that an image of our project is shared with."""
        document = self._service.request(Call(Operation.GET, "GET", members_path(image_id)))
        return members_in(document)

    def add_member(self, image_id: str, project: str) -> None:
        """Share an image with a project; it may be shared with it already."""
        with suppress(Conflict):
            self._service.request(Call(Operation.UPDATE, "POST", members_path(image_id), {"member": project}))

    def remove_member(self, image_id: str, project: str) -> None:
        """Stop sharing an image with a project; it may not be shared with it."""
        with suppress(NotFound):
            path = f"{members_path(image_id)}/{quote(project, safe='')}"
            self._service.request(Call(Operation.UPDATE, "DELETE", path))

    def knows_projects_of(self, master: ReadablePlace) -> bool:
        """Whether both have the same Keystone."""
        if not isinstance(master, OpenStackPlace):
            return False
        return is_same_keystone(self.identity, master.identity)

    def _image_or_none(self, image_id: str) -> Image | None:
        """The image if it can be read. It explains another error, so errors of this request do not matter."""
        try:
            return self._image(self._service.request_once(Call(Operation.GET, "GET", image_path(image_id))))
        except CloudError:
            return None

    def _image(self, document: object) -> Image:
        return image_of(document, self._name)

