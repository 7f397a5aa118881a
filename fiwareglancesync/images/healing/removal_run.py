"""Removes images in two steps, and takes the first one back (vault 5.3)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from ...base.errors import GlanceSyncError, NotFound, UsageError
from ...base.messages import Message
from ..backup.shelf_lock import shelf_lock
from ..backup.vault_choice import vault_option
from ..model import Image, normal_uuid
from ..places import Place
from ..removal_mark import hiding, is_hidden_for_removal, mark_of, reverting
from ..settings import Settings
from ..vault.content_check import check_content
from ..vault.healing_ledger import HealingLedger, Removal, RemovalStep, read_ledger, write_ledger
from ..vault.incoming_content import SHA512
from ..vault.vault_errors import VaultError
from ..vault.vault_folder import Shelf, Vault
from ..vault.vault_model import ContentKey
from ..vault.vault_times import time_text
from ..vault.vault_writer import VaultWriter
from .healing_errors import HealingRefused
from .healing_run import HealingTools, lock_region
from .removal_plan import RemovalPlan


def remember(
    shelf: Shelf, former: HealingLedger, ledger: HealingLedger, tools: HealingTools, *, wait: bool
) -> HealingLedger:
    """Write what healing remembers, if the shelf is there and anything is new.

    :param former: what it remembered when this was decided
    :return: what it remembers now
    :raises RegionLocked: another run writes to the shelf
    :raises HealingRefused: another run has written it meanwhile
    """
    if shelf.binding() is None or (former == ledger and read_ledger(shelf) == ledger):
        return former
    with shelf_lock(shelf, tools.settings.database, wait=wait), VaultWriter(shelf.vault) as writer:
        if read_ledger(shelf) != former:
            raise HealingRefused(f"another run has changed {shelf.paths.healing} meanwhile; start this one again")
        write_ledger(writer, shelf, ledger)
    return ledger


def begun(plan: RemovalPlan, now: datetime) -> list[Removal]:
    """What the ledger has to say before anything of a plan is done."""
    steps = ((RemovalStep.HIDDEN, plan.hide), (RemovalStep.DELETED, plan.delete), (RemovalStep.LEFT, plan.leave))
    return [Removal(image.id, image.name, step, now) for step, images in steps for image in images]


def remove(plan: RemovalPlan, place: Place, shelf: Shelf, tools: HealingTools, now: datetime, *, wait: bool) -> bool:
    """Hide and delete images of a region; the shelf has been written, and the ledger too.

    :param now: the time of the marks
    :return: whether all of them are hidden or deleted
    """
    if not (plan.hide or plan.delete):
        return True
    done = True
    with lock_region(place, tools, wait=wait):
        for image in plan.hide:
            done = _attempt(image, "hidden", place, shelf, tools, now) and done
        for image in plan.delete:
            done = _attempt(image, "deleted", place, shelf, tools, now) and done
    return done


def _attempt(image: Image, what: str, place: Place, shelf: Shelf, tools: HealingTools, now: datetime) -> bool:
    text = f"{place.name}: Image {image.label} (UUID {image.id})"
    try:
        verify_backup(shelf, image)
        fresh = place.get(image.id)
        _check_unchanged(fresh, image)
        kept_content(shelf, image)  # reading all its bytes takes long, and a run may have been forgotten meanwhile
        if what == "hidden":
            place.update(fresh, hiding(fresh, now))
        else:
            _check_marked(fresh, image)
            place.delete(fresh.id)
    except NotFound:
        tools.report(Message.info(f"{text} is not there any more", image.name))
    except GlanceSyncError as error:
        tools.report(Message.error(f"{text} is not {what}. Cause: {error}", image.name))
        return False
    else:
        vault = vault_option(shelf.vault.folder, tools.settings)
        advice = f"; glancesync vault undelete {image.id}{vault} reverts that" if what == "hidden" else ""
        tools.report(Message.info(f"{text} is {what}{advice}", image.name))
    return True


def verify_backup(shelf: Shelf, image: Image) -> None:
    """Read all bytes that the newest complete run has of an image.

    :raises VaultError: it does not have the image, or its bytes are lost or damaged
    """
    path, content = kept_content(shelf, image)
    check = check_content(path, content.sha512, lambda count: None)
    if check is None or check.fault is not None:
        raise VaultError(f"its content on shelf {shelf.name} is damaged: {check.fault if check else 'it is gone'}")


def kept_content(shelf: Shelf, image: Image) -> tuple[Path, ContentKey]:
    """The file that the newest complete run has of an image, and what its bytes are.

    :raises VaultError: it does not have the image, has no bytes of it, or has others than the region
    """
    run = shelf.newest_complete()
    kept = next((each for each in run.images if each.id == normal_uuid(image.id)), None) if run else None
    if kept is None:
        raise VaultError(f"shelf {shelf.name} does not have it")
    content = shelf.record(kept.id, kept.record).content
    path = shelf.vault.find(content) if content is not None else None
    if content is None or path is None:
        raise VaultError(f"shelf {shelf.name} does not have its content")
    has_other_hash = image.hash_algo == SHA512 and image.hash_value not in (None, content.sha512)
    if has_other_hash or image.size not in (None, content.size):
        raise VaultError(f"shelf {shelf.name} has other bytes than the region")
    return path, content


def _check_unchanged(fresh: Image, image: Image) -> None:
    """Refuse to hide or delete an image that has been changed since it was judged.

    :raises VaultError: it has
    """
    if _judged(fresh) != _judged(image):
        raise VaultError("it was changed meanwhile")


def _judged(image: Image) -> tuple[object, ...]:
    """What an image was judged by."""
    flags = (image.name, image.status, image.protected, image.visibility, image.hidden)
    return (*flags, sorted(image.tags), dict(image.user_properties))


def _check_marked(fresh: Image, image: Image) -> None:
    """Refuse to delete an image that does not carry the mark that was judged.

    :raises VaultError: it does not
    """
    if normal_uuid(fresh.id) != normal_uuid(image.id) or not is_hidden_for_removal(fresh):
        raise VaultError("it does not carry the mark of a hidden image any more")
    if mark_of(fresh) != mark_of(image):
        raise VaultError("it was hidden anew meanwhile")


def shelves_with(vault: Vault, image_id: str) -> list[tuple[Shelf, Removal]]:
    """The shelves whose images of this UUID were hidden, each with the last time that it was; the latest first.

    :raises VaultError: there is none, and what healing remembers of a shelf cannot be read
    """
    found: list[tuple[Shelf, Removal]] = []
    errors: list[VaultError] = []
    for shelf in map(vault.shelf, vault.shelf_names()):
        try:
            steps = [each for each in read_ledger(shelf).removals if each.step is RemovalStep.HIDDEN]
        except VaultError as error:
            errors.append(error)
            continue
        hidden = [each for each in steps if normal_uuid(each.id) == normal_uuid(image_id)]
        found += [(shelf, max(hidden, key=lambda each: each.time))] if hidden else []
    if errors and not found:
        raise errors[0]
    return sorted(found, key=lambda pair: pair[1].time, reverse=True)


def undelete(place: Place, shelf: Shelf, removal: Removal, tools: HealingTools, *, wait: bool) -> None:
    """Make a hidden image what it was, and let its time begin anew.

    Its time first: if this ends after the image was changed, the next healing must not hide it again. One that is
    visible already, for that reason or because a user has made it so, is only not remembered any more.

    :raises UsageError: the image is deleted, or is hidden by somebody else
    :raises CloudError: the region refuses
    """
    with lock_region(place, tools, wait=wait):
        try:
            fresh = place.get(removal.id)
        except NotFound as error:
            text = f"{place.name} does not have image {removal.id} any more"
            raise UsageError(f"{text}; {_how_to_restore(shelf, place, removal, tools.settings)}") from error
        if fresh.hidden and mark_of(fresh) is None:
            raise UsageError(f"{place.name}: image {fresh.label} (UUID {fresh.id}) is not hidden to be deleted")
        ledger = read_ledger(shelf)
        ledger = remember(shelf, ledger, ledger.begun_anew(fresh.label), tools, wait=wait)
        if mark_of(fresh) is not None:
            place.update(fresh, reverting(fresh))
        remember(shelf, ledger, ledger.without(removal.id), tools, wait=wait)
    what = "is not hidden" if mark_of(fresh) is None else "is what it was before"
    tools.report(Message.info(f"{place.name}: Image {fresh.label} (UUID {fresh.id}) {what}"))


def _how_to_restore(shelf: Shelf, place: Place, removal: Removal, settings: Settings) -> str:
    """The command that restores a deleted image."""
    for time in shelf.run_times():
        if any(image.id == normal_uuid(removal.id) for image in shelf.run(time).images):
            words = f"vault restore {shelf.name} {place.name} --uuid {removal.id} --at {time_text(time)}"
            return f"glancesync {words}{vault_option(shelf.vault.folder, settings)} restores it"
    return f"shelf {shelf.name} does not have it either"


def report_kept(plan: RemovalPlan, tools: HealingTools) -> None:
    """Report why images are not removed, or not yet."""
    for name, reason in sorted({**plan.waiting, **plan.kept}.items()):
        tools.report(Message.info(f"Image {name} is not removed: {reason}", name))
