"""The steps that change images in a region: verify, publish, settle, remove (design 4).

At every moment the region has a usable image of each name. A new image is private until it is verified. The old one
keeps its name until the new one is published, and until all images that linked to the old one link to the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from ...base.errors import NotFound, PublicationRefused, TransferError, VerificationError
from ..model import JOURNAL, MEMBERS, SOURCE_HASH, Image, Patch, same_content, source_hash
from ..places import ServerImport
from ..planning import Journal, PlanEntry
from ..planning.journal import PUBLISHED, REPLACE, read_journals
from ..planning.old_names import former_names
from .region_state import RegionState, without


def verify(master: Image, image: Image, digests: Mapping[str, str] | None = None) -> None:
    """Compare the content of an image with the content of the master's image (design 4.3).

    :param master: the master's image
    :param image: the region's image after its upload
    :param digests: algorithm → hash of the bytes that were sent, for a master image without hash; None if no bytes
        were sent
    :raises VerificationError: they differ, or the region states no hash
    """
    if not image.is_active:
        raise VerificationError(f"after the upload its state is {image.status}, not active")
    if image.size != master.size:
        raise VerificationError(f"after the upload it has {image.size} bytes, in the master {master.size}")
    if not master.has_content_hash:
        if digests is not None:
            _verify_sent(image, digests)
    elif not same_content(master, image):
        mine, theirs = (f"{i.hash_algo} {i.hash_value}" if i.hash_value else i.checksum for i in (image, master))
        raise VerificationError(f"after the upload its checksum is {mine}, in the master {theirs}")


def _verify_sent(image: Image, digests: Mapping[str, str]) -> None:
    """Compare the hashes that the region states with those of the bytes that were sent."""
    stated = {image.hash_algo: image.hash_value, "md5": image.checksum}
    known = [(name, value) for name, value in digests.items() if stated.get(name)]
    if not known:
        raise VerificationError("neither the master nor the region states a checksum that could be compared")
    for name, value in known:
        if stated[name] != value:
            found = f"after the upload its checksum is {name} {stated[name]}"
            raise VerificationError(f"{found}, what was sent has {value}")


def publish(entry: PlanEntry, links: Mapping[str, str], journal: Journal, state: RegionState) -> Image:
    """Give a verified image the visibility, protection and properties of the plan, in one PATCH.

    If no old image has to be settled, nothing more has to be done and the same PATCH removes the journal.

    :param entry: the entry that the image was made for
    :param links: property → UUID of the linked image in this region
    :param journal: its journal, ``step=new``
    :param state: the region
    :return: the published image
    :raises PublicationRefused: the credential is not allowed to give it the visibility of the master's image
    """
    master, image = entry.image, state[journal.image_id]
    properties = {**entry.properties, **links}
    if journal.old is not None:
        properties[JOURNAL] = replace(journal, step=PUBLISHED).text()
    if entry.members.record is not None:
        properties[MEMBERS] = entry.members.record
    if not master.has_content_hash:
        properties[SOURCE_HASH] = source_hash(master, image)
    present = image.user_properties
    patch = Patch(
        visibility=master.visibility if master.visibility != image.visibility else None,
        protected=True if master.protected else None,
        set={key: value for key, value in properties.items() if present.get(key) != value},
        remove=without(present, properties),
    )
    return state.update(image.id, patch)


def publish_as_allowed(
    entry: PlanEntry,
    links: Mapping[str, str],
    journal: Journal,
    state: RegionState,
    kept_private: Callable[[PublicationRefused], None],
) -> Image:
    """Publish an image; one that is restored stays private if the region refuses its visibility (vault 4).

    :param kept_private: is called with the refusal
    :return: the published image
    :raises PublicationRefused: the image is not restored but synchronised
    """
    try:
        return publish(entry, links, journal, state)
    except PublicationRefused as error:
        if not entry.restores:
            raise
        kept_private(error)
    private = replace(entry, image=replace(entry.image, visibility="private"))
    return publish(private, links, journal, state)


def update_as_allowed(
    entry: PlanEntry,
    image_id: str,
    patch: Patch,
    state: RegionState,
    kept_private: Callable[[PublicationRefused], None],
) -> None:
    """Change an image; one that is restored keeps its visibility if the region refuses another (vault 4).

    :param kept_private: is called with the refusal
    :raises PublicationRefused: the image is not restored but synchronised
    """
    try:
        state.update(image_id, patch)
    except PublicationRefused as error:
        if not entry.restores:
            raise
        kept_private(error)
        state.update(image_id, replace(patch, visibility=None))


def settle(image_id: str, journal: Journal, old_name: str, state: RegionState) -> list[Image]:
    """Rename or delete the image that a published one took the place of, then remove the journal (sync 3.7).

    An old image whose own old image is not settled stays until a later run: only its journal names that one.

    :param image_id: the published image
    :param journal: its journal
    :param old_name: the name that the old image gets, unless it has such a name already
    :param state: the region
    :return: the images that link to a replaced image, because of which it was kept as ``N.old``
    :raises CloudError: the region refused; the journal stays, so the next run tries again
    """
    linking_images: list[Image] = []
    if journal.old is not None and journal.old in state:
        old = state[journal.old]
        replaced = journal.action == REPLACE
        waits = _is_unsettled(old, image_id, state)
        linking_images = state.linking_to(old.id) if replaced and not waits else []
        delete = replaced and not waits and not linking_images
        patch = Patch(
            name=old_name if old.name in former_names(state[image_id].name) else None,
            visibility="private" if old.visibility != "private" else None,
            protected=False if delete and old.protected else None,
            remove=(JOURNAL,) if JOURNAL in old.user_properties and not waits else (),
        )
        try:
            state.update(old.id, patch)
            if delete:
                state.delete(old.id)
        except NotFound:
            state.forget(old.id)
            linking_images = []
        if waits:
            return []
    state.update(image_id, Patch(remove=(JOURNAL,)))
    return linking_images


def _is_unsettled(image: Image, successor: str, state: RegionState) -> bool:
    """Whether an image took the place of another one that still exists, and that is not its own successor."""
    if JOURNAL not in image.user_properties:
        return False
    journal = read_journals(state.listing).by_image.get(image.id)
    return journal is not None and journal.step == PUBLISHED and journal.old != successor and journal.old in state


def remove_unpublished(uuid: str, state: RegionState) -> None:
    """Remove an image that a run has begun to make.

    :param uuid: UUID of the image; perhaps there was no answer to its creation
    :param state: the region
    :raises TransferError: the region is still fetching its content, which would then stay in its store for ever
    :raises CloudError: the region refused
    """
    place = state.place
    if isinstance(place, ServerImport) and place.is_importing(uuid):
        raise TransferError("the region is still fetching its content")
    state.delete(uuid)
