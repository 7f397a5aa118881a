"""One call of healing: guards, plan, restores, backups, removals, in this order (vault 5.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ...base.errors import GlanceSyncError
from ...base.messages import Message
from ..backup.backup_plan import BackupScope
from ..heat.template_images import TemplateImages
from ..model import Image
from ..vault.healing_ledger import HealingLedger, read_ledger
from ..vault.vault_times import is_in_future, time_text
from ..vault.vault_writer import now as present_time
from .healing_errors import HealingRefused
from .healing_inventory import HealingInventory
from .healing_plan import HealingPlan, plan_healing, scope_of
from .healing_run import HealingOptions, HealingTools, check_healing, heal
from .removal_plan import ImageUses, RemovalPlan, RemovalRules, plan_removals, unneeded_images
from .removal_run import begun, remember, remove, report_kept

FEWEST_FILES = 80
"""Percent of the templates of the last time that have to be there."""


@dataclass(frozen=True)
class RemovalOptions:
    """What may be removed.

    :param rules: which images, None for none
    :param uses: asks what uses images; called only if something would be removed
    :param fewer_templates: whether there may be far fewer templates than the last time
    """

    rules: RemovalRules | None = None
    uses: Callable[[], ImageUses] = ImageUses
    fewer_templates: bool = False


def heal_whole(
    inventory: HealingInventory,
    tools: HealingTools,
    options: HealingOptions,
    removal: RemovalOptions,
    now: Callable[[], datetime] = present_time,
) -> bool:
    """Heal a region and its shelf.

    :param now: returns the present time
    :return: whether all of it succeeded
    :raises HealingRefused: there are far fewer templates than the last time
    :raises UsageError: the region has no bytes
    """
    former = check_whole(inventory, tools, options, removal)
    moment, shelf, comparison = now(), inventory.shelf, inventory.comparison
    ledger = former.observed(unneeded_images(comparison), comparison.templates.files, moment)
    removals = _removals(inventory, ledger, removal, moment)
    if former.latest is not None and is_in_future(former.latest, moment):
        # With a clock that is behind, each time that is written now would be too early later.
        ledger, removals = former, RemovalPlan(refusal=_of_future(inventory, former.latest) if removal.rules else "")
    if shelf.binding() is None:  # nothing is remembered, so no time has begun
        removals = replace(removals, waiting={})
    report_kept(removals, tools)
    if removals.refusal:
        tools.report(Message.error(f"{inventory.ref.full}: nothing is removed: {removals.refusal}"))
    plan = _with_removals(plan_healing(comparison), inventory, removals)
    if options.dry:
        done = heal(inventory, plan, tools, options)
        _report_pending(inventory, removals, tools)
        return done and not removals.refusal
    leaving = ledger.with_removals(begun(RemovalPlan(leave=removals.leave), moment))
    there = remember(shelf, former, leaving, tools, wait=options.wait)
    done = heal(inventory, plan, tools, options)
    if removal.rules is not None and shelf.binding() is None:
        text = f"Shelf {shelf.name} is not there yet: from its first backup on, it is remembered what is not needed"
        tools.report(Message.info(text))
    try:
        rest = _still_due(removals, inventory, ledger, removal, tools, moment) if done else RemovalPlan()
        remember(shelf, there, leaving.with_removals(begun(rest, moment)), tools, wait=options.wait)
    except GlanceSyncError as error:
        tools.report(Message.error(f"{inventory.ref.full}: nothing is removed. Cause: {error}"))
        return False
    return remove(rest, inventory.place, shelf, tools, moment, wait=options.wait) and done and not removals.refusal


def check_whole(
    inventory: HealingInventory, tools: HealingTools, options: HealingOptions, removal: RemovalOptions
) -> HealingLedger:
    """Check, before anything is changed or written, that healing may begin.

    :return: what it remembers
    :raises HealingRefused: there are far fewer templates than the last time
    :raises VaultError: what it remembers cannot be read
    :raises UsageError: the region has no bytes
    :raises ConfigError: the database of the locks cannot be used
    """
    check_healing(inventory, tools, options)
    former = read_ledger(inventory.shelf)
    if not removal.fewer_templates:
        check_files(inventory.comparison.templates, former)
    return former


def check_files(templates: TemplateImages, former: HealingLedger) -> None:
    """Refuse templates of which many are missing: half a checkout makes images unneeded.

    :raises HealingRefused: there are far fewer than the last time
    """
    if templates.files * 100 < former.files * FEWEST_FILES:
        text = f"there are {templates.files} templates, and there were {former.files} the last time"
        advice = "is the checkout complete? --fewer-templates says that it is"
        raise HealingRefused(f"{text}, so nothing is done; {advice}")


def _removals(
    inventory: HealingInventory, ledger: HealingLedger, removal: RemovalOptions, moment: datetime
) -> RemovalPlan:
    """What is removed; what uses images is asked for only where that matters."""
    if removal.rules is None:
        return RemovalPlan()
    plan = plan_removals(inventory.comparison, ledger, removal.rules, ImageUses(), moment)
    if plan.is_empty and not plan.refusal:
        return plan
    return plan_removals(inventory.comparison, ledger, removal.rules, removal.uses(), moment)


def _of_future(inventory: HealingInventory, time: datetime) -> str:
    advice = "set the clock; if it was wrong then, delete the file"
    return f"{inventory.shelf.paths.healing} has a time of the future, {time_text(time)}; {advice}"


def _still_due(
    removals: RemovalPlan,
    inventory: HealingInventory,
    ledger: HealingLedger,
    removal: RemovalOptions,
    tools: HealingTools,
    moment: datetime,
) -> RemovalPlan:
    """What is still to be hidden and deleted after restores and backups, which take hours and users go on meanwhile.

    :raises HealingRefused: it would be too much by now
    :raises CloudError: the region cannot be listed
    """
    planned = (*removals.hide, *removals.delete)
    if removal.rules is None or not planned:
        return RemovalPlan()
    comparison = inventory.comparison.with_region(inventory.place.listing())
    due = plan_removals(comparison, ledger, removal.rules, removal.uses(), moment)
    if due.refusal:
        raise HealingRefused(due.refusal)
    hide, delete = ({image.id for image in images} for images in (due.hide, due.delete))
    for image in planned:
        if image.id not in hide | delete:
            reason = due.kept.get(image.label, "it was changed meanwhile")
            tools.report(Message.info(f"Image {image.label} is not removed: {reason}", image.name))
    return RemovalPlan(
        tuple(image for image in removals.hide if image.id in hide),
        tuple(image for image in removals.delete if image.id in delete),
    )


def _with_removals(plan: HealingPlan, inventory: HealingInventory, removals: RemovalPlan) -> HealingPlan:
    """The plan with a backup of what is to be hidden or deleted, and without what leaves the shelf."""
    comparison = inventory.comparison
    scope = scope_of(comparison, frozenset(image.id for image in removals.leave))
    leaving = (*removals.hide, *removals.delete)
    scope = BackupScope(scope.images | {image.id for image in leaving}, scope.leaving)
    kept = {image.id for image in comparison.shelf.images} - set(comparison.shelf.missing)
    is_needed = bool(removals.leave) or any(image.id not in kept for image in leaving)
    return replace(plan, scope=scope, backs_up=plan.backs_up or is_needed)


def _report_pending(inventory: HealingInventory, removals: RemovalPlan, tools: HealingTools) -> None:
    region, shelf = inventory.ref.full, inventory.shelf.name
    steps: Sequence[tuple[Sequence[Image], str]] = (
        (removals.hide, f"{region}: Image pending to be hidden"),
        (removals.delete, f"{region}: Image pending to be deleted"),
        (removals.leave, f"{region}: Image pending to leave shelf {shelf}"),
    )
    for images, text in steps:
        for image in images:
            tools.report(Message.info(f"{text}: {image.label} (UUID {image.id})", image.name))
