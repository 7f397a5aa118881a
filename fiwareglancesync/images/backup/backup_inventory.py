"""Looks at a region and at its shelf before a backup is planned (vault 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from ...base.errors import NotFound, UsageError
from ...base.messages import Message
from ...base.waiting import awaited
from ..model import DescribedImage, Listing
from ..places import Describing, Place, Sharing
from ..vault.vault_errors import NewerFormat, UnreadableDocument, VaultError, VaultFailed
from ..vault.vault_folder import Shelf
from ..vault.vault_model import BackupRun, ContentKey, ImageState, KeptImage, Record
from .backup_plan import FormerImage, Inventory, content_of

SHARED = "shared"

MEMBER_REQUESTS = 8
"""Requests for members of images at the same time; the second backup of many shared images makes little else."""

Report = Callable[[Message], None]


def describing(place: Place) -> Describing:
    """A region as one that describes its images.

    :raises UsageError: it has no bytes
    """
    if isinstance(place, Describing):
        return place
    raise UsageError(f"{place.name} is a region of an embedded federation, which has no bytes that could be backed up")


def described_images(place: Place) -> tuple[tuple[DescribedImage, ...], int]:
    """The images of the project with their descriptions, and the number of images of others.

    :raises UsageError: the region has no bytes
    :raises CloudError: they cannot be listed
    """
    found = describing(place).described_images()
    owns = Listing(place.name, place.project, ()).owns
    own = tuple(described for described in found if owns(described.image))
    return own, len(found) - len(own)


def members_of_shared(place: Place, images: Iterable[DescribedImage]) -> dict[str, tuple[str, ...]]:
    """The projects that shared images are shared with, sorted; without images that were deleted meanwhile.

    :raises CloudError: a request failed
    """
    if not isinstance(place, Sharing):
        return {}
    shared = [described.image.id for described in images if described.image.visibility == SHARED]
    workers = ThreadPoolExecutor(MEMBER_REQUESTS)
    try:
        asked = {uuid: workers.submit(place.members, uuid) for uuid in shared}
        found: dict[str, tuple[str, ...]] = {}
        for uuid, future in asked.items():
            try:
                members = awaited(future)
            except NotFound:
                continue
            found[uuid] = tuple(sorted(members))
        return found
    finally:
        workers.shutdown(wait=False, cancel_futures=True)


def former_images(shelf: Shelf, report: Report) -> dict[str, FormerImage]:
    """The images of the newest run of a shelf that can be read, by UUID.

    :param report: takes a warning about each document that cannot be read
    :raises NewerFormat: a newer program wrote a document
    """
    run = _newest_readable(shelf, report)
    return {kept.id: FormerImage(kept, _record(shelf, kept, report)) for kept in run.images} if run else {}


def _newest_readable(shelf: Shelf, report: Report) -> BackupRun | None:
    for listed in shelf.run_times():
        try:
            return shelf.run(listed)
        except (NewerFormat, VaultFailed):
            raise
        except VaultError as error:
            report(Message.warning(f"{error}; the run before it is used"))
    return None


def _record(shelf: Shelf, kept: KeptImage, report: Report) -> Record | None:
    try:
        return shelf.record(kept.id, kept.record)
    except (NewerFormat, VaultFailed):
        raise
    except (UnreadableDocument, VaultError) as error:
        report(Message.warning(f"{error}; the image gets a new record"))
        return None


def needed_contents(
    images: Iterable[DescribedImage], former: dict[str, FormerImage], members: dict[str, tuple[str, ...]]
) -> set[ContentKey]:
    """The contents that a backup needs, as far as they are known before any byte is read."""
    needed = {each.kept.content for each in former.values() if each.kept.content is not None}
    for described in images:
        uuid = described.image.id
        before = former.get(uuid)
        state = ImageState(uuid, described.document, members.get(uuid))
        content = content_of(state, before.record if before else None)
        if content is not None:
            needed.add(content)
    return needed


def take_inventory(
    place: Place, shelf: Shelf, hold: Callable[[set[ContentKey]], frozenset[ContentKey]], report: Report
) -> Inventory:
    """Look at a region and its shelf.

    :param hold: returns which of some contents the vault has; a backup pins them before
    :param report: takes warnings
    :raises CloudError: the region cannot be listed
    """
    images, others = described_images(place)
    members = members_of_shared(place, images)
    former = former_images(shelf, report)
    return Inventory(images, others, members, former, hold(needed_contents(images, former, members)))
