"""Carries healing out: what is missing in a region comes back, then the backup is made (vault 5.3)."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from ...base.errors import CloudError, GlanceSyncError, UsageError
from ...base.messages import Message
from ...events import Emit
from ...locks.region_lock import check_database, region_lock
from ..backup.backup_inventory import describing
from ..backup.backup_outcome import BackupResult
from ..backup.backup_run import BackupOptions
from ..backup.backup_session import BackupSession
from ..heat.image_comparison import ComparedImage
from ..model import Patch
from ..places import Federation, Place
from ..places.vault.vault_place import VaultPlace
from ..planning import Choice
from ..region_job import Mode
from ..removal_mark import is_hidden_for_removal, reverting
from ..restore.restore_request import RestoreRequest, restore_settings
from ..restore.restore_run import RestoreRun
from ..session import Session
from ..settings import Settings
from .healing_inventory import HealingInventory
from .healing_plan import HealingPlan, plan_healing, reverted


@dataclass(frozen=True)
class HealingOptions:
    """How a region is healed.

    :param dry: whether nothing is changed
    :param wait: wait for another run on the region or the shelf
    :param trust_hashes: whether content that the vault has is not read again
    """

    dry: bool = False
    wait: bool = False
    trust_hashes: bool = True


@dataclass(frozen=True)
class HealingTools:
    """What healing works with.

    :param emit: takes the events, one at a time
    :param report: takes what the user is to know besides
    """

    settings: Settings
    federation: Federation
    emit: Emit
    report: Callable[[Message], None]


def check_healing(inventory: HealingInventory, tools: HealingTools, options: HealingOptions) -> None:
    """Check, before anything is changed, that the region can be backed up and locked.

    :raises UsageError: the region has no bytes
    :raises ConfigError: the database of the locks cannot be used
    """
    describing(inventory.place)
    if not options.dry:
        check_database(tools.settings.database)


def heal(inventory: HealingInventory, plan: HealingPlan, tools: HealingTools, options: HealingOptions) -> bool:
    """Restore what the region does not have, mend links, then back up what the shelf does not have.

    :return: whether all of it succeeded
    """
    done = revert(inventory.place, plan.reverts, tools, options)
    done = _restore(inventory, (*plan.restores, *plan.unfinished), tools, options) and done
    done = _relink(inventory, plan, tools, options) and done
    return back_up(inventory, plan, tools, options) and done if plan.backs_up else done


def lock_region(place: Place, tools: HealingTools, *, wait: bool) -> AbstractContextManager[str]:
    """Lock a region against other runs that write to it.

    :raises RegionLocked: another run holds it
    """
    return region_lock(place.identity.lock_keys, f"{os.getpid()} {place.name}", tools.settings.database, wait=wait)


def revert(place: Place, rows: Sequence[ComparedImage], tools: HealingTools, options: HealingOptions) -> bool:
    """Make images what they were before they were hidden.

    :return: whether all of them are
    """
    done = True
    for row in rows:
        image = reverted(row)
        text = f"{place.name}: Image {row.name} (UUID {image.id})"
        if options.dry:
            tools.report(Message.info(f"{text} pending to be visible again"))
            continue
        try:
            with lock_region(place, tools, wait=options.wait):
                fresh = place.get(image.id)
                if is_hidden_for_removal(fresh):
                    place.update(fresh, reverting(fresh))
        except GlanceSyncError as error:
            done = False
            tools.report(Message.error(f"{text} could not be made visible again. Cause: {error}", row.name))
        else:
            tools.report(Message.info(f"{text} is visible again, as templates need it", row.name))
    return done


def _relink(inventory: HealingInventory, plan: HealingPlan, tools: HealingTools, options: HealingOptions) -> bool:
    """Mend links, also those to images that have just come back: a restore which finishes another one leaves them.

    :return: whether all of them are right
    """
    rows: Sequence[ComparedImage] = plan.relinks
    if (plan.restores or plan.unfinished) and not options.dry:
        try:
            rows = plan_healing(inventory.comparison.with_region(inventory.place.listing())).relinks
        except CloudError as error:
            tools.report(Message.error(f"{inventory.ref.full}: no link can be mended. Cause: {error}"))
            return False
    return relink(inventory.place, rows, tools, options)


def relink(place: Place, rows: Sequence[ComparedImage], tools: HealingTools, options: HealingOptions) -> bool:
    """Have images link to the kernels and ramdisks that are there.

    :return: whether all of them do
    """
    done = True
    for row in rows:
        image, lost = row.own[0], row.lost_links
        if lost is None:
            continue
        text = f"{place.name}: Image {row.name} (UUID {image.id})"
        links = ", ".join(f"{key} {uuid} ({lost.names[key]})" for key, uuid in lost.new.items())
        if options.dry:
            tools.report(Message.info(f"{text} pending to get {links}"))
            continue
        try:
            with lock_region(place, tools, wait=options.wait):
                fresh = place.get(image.id)
                if all(fresh.user_properties.get(key) == image.user_properties[key] for key in lost.new):
                    place.update(fresh, Patch(set=lost.new))
        except GlanceSyncError as error:
            done = False
            tools.report(Message.error(f"{text} could not get {links}. Cause: {error}", row.name))
        else:
            tools.report(Message.info(f"{text} has {links} now", row.name))
    return done


def _restore(
    inventory: HealingInventory, rows: Sequence[ComparedImage], tools: HealingTools, options: HealingOptions
) -> bool:
    """Bring images of the shelf into the region.

    :return: whether all of them are there
    """
    if not rows or inventory.run is None:
        return True
    uuids = tuple(row.kept[0].id for row in rows)
    source = VaultPlace(inventory.shelf, inventory.run)
    request = RestoreRequest(source.name, uuids)
    changed = restore_settings(tools.settings, request)
    master = tools.settings.master_region
    run = RestoreRun(changed, tools.federation, Choice((), request.chosen), source, master)
    mode = Mode.DRY_RUN if options.dry else Mode.SYNC
    tools.report(Message.info(f"{inventory.ref.full}: Restore from shelf {inventory.shelf.name}"))
    try:
        with Session(changed, tools.federation, mode, emit=tools.emit, wait=options.wait, run=run) as session:
            for message in session.prepare([inventory.ref]):
                tools.report(message)
            result = session.do(inventory.ref)
            return not (result.outcome.failed or session.incomplete or session.matches_nothing)
    except CloudError as error:
        tools.report(Message.error(f"{inventory.ref.full}: nothing can be restored. Cause: {error}"))
        return False


def back_up(inventory: HealingInventory, plan: HealingPlan, tools: HealingTools, options: HealingOptions) -> bool:
    """Back up the images that the plan is about.

    :return: whether all of them are kept
    """
    shelf = inventory.shelf
    session = BackupSession(
        tools.settings,
        tools.federation,
        shelf.vault,
        BackupOptions(trust_hashes=options.trust_hashes, scope=plan.scope),
        tools.emit,
        shelf=shelf.name,
        dry=options.dry,
        wait=options.wait,
    )
    results: list[BackupResult] = []
    tools.report(Message.info(f"{inventory.ref.full}: Backup into shelf {shelf.name}"))
    try:
        session.check([inventory.ref])
        for message in session.prepare():
            tools.report(message)
        session.do_all([inventory.ref], results.append)
    except UsageError:
        raise
    except GlanceSyncError as error:
        tools.report(Message.error(f"{inventory.ref.full}: nothing can be backed up. Cause: {error}"))
        return False
    return not any(result.outcome.failed for result in results)
