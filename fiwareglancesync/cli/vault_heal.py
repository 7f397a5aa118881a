"""``glancesync vault heal``: what is missing in a region or on its shelf comes back (vault 5.3)."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from datetime import timedelta
from functools import partial

from ..base.errors import UsageError
from ..base.messages import Message
from ..events import one_at_a_time
from ..images.healing.healing_cycle import RemovalOptions, check_whole, heal_whole
from ..images.healing.healing_inventory import HealingInventory
from ..images.healing.healing_run import HealingOptions, HealingTools
from ..images.healing.image_users import image_uses
from ..images.healing.removal_plan import RemovalRules
from ..images.heat.image_lists import EXIT_ALERT, given_lists, result_files
from ..images.places.glance.glance_federation import tuning_for
from ..images.region_job import Mode
from ..notify.mail_settings import MailSettings
from ..terminal.healing_tables import summary, write_lists, write_status
from .listeners import Listeners
from .output_files import keep_other_files
from .vault_healing import OpenedHealing, open_healing
from .vault_mail import mail_settings, send_mail
from .vault_status import lists_folder


def heal_region(options: argparse.Namespace) -> int:
    """Heal a region and its shelf.

    :param options: the parsed command line
    :return: the exit code
    """
    given = [name for name, value in (("--scope", options.scope), ("--tagged", options.tagged)) if value]
    if given and not options.delete:
        raise UsageError(f"{' and '.join(given)} without --delete: only that removes images")
    if not all(options.scope):
        raise UsageError("--scope is empty, which matches no name; write a pattern such as 'lab-*'")
    folder = lists_folder(options)
    mail = mail_settings(options)
    opened = open_healing(options)
    if options.delete and not (options.scope or opened.request.tag):
        raise UsageError("--delete needs --scope PATTERN, or a tag: it does not remove whatever no template needs")
    keep_other_files(options, opened.settings)
    options.show_regions = options.format != "table"  # so that standard output has data alone
    listeners = Listeners(options, Mode.DRY_RUN if options.dry_run else Mode.SYNC)
    with ExitStack() as stack:
        listeners.open(stack)
        if options.dry_run:
            listeners.narrate("Dry run: nothing is changed.")
        for message in opened.settings.warnings:
            listeners.report(message)
        inventory = opened.look()
        how = HealingOptions(options.dry_run, options.wait, opened.chosen.trust_hashes)
        tools = HealingTools(opened.settings, opened.federation, one_at_a_time(listeners.emit), listeners.report)
        removal = _removal(options, opened, inventory)
        check_whole(inventory, tools, how, removal)
        written = None
        if folder is not None:
            rows = [row.row for row in inventory.comparison.rows]
            written = write_lists(folder, {**given_lists(rows), **result_files(rows)})
        if not options.quiet or options.format != "table":
            write_status(inventory, options.format, sys.stdout)
        if written is not None:
            listeners.report(Message.info(written))
        listeners.open_for_regions(stack, [inventory.ref])
        done = heal_whole(inventory, tools, how, removal)
        return _judge(options, opened, inventory, listeners, mail, done=done)


def _judge(
    options: argparse.Namespace,
    opened: OpenedHealing,
    found: HealingInventory,
    listeners: Listeners,
    mail: MailSettings | None,
    *,
    done: bool,
) -> int:
    """Report how the images stand now; the exit code.

    :param found: how they stood before
    :param done: whether all that was to be done succeeded
    """
    healed = found if options.dry_run else opened.look_again(listeners.report)
    if healed is None:
        code, last = 1, "it is not known how the images stand after healing"
    else:
        code, last = healed.exit_code, summary(healed, done=done)
        is_warning = code == EXIT_ALERT or not done or healed.comparison.tag_matches_nothing
        listeners.report(Message.warning(last) if is_warning else Message.info(last))
    problems = send_mail(mail, found, last, healed, done=done and healed is not None)
    for message in problems:
        listeners.report(message)
    if not done or problems or not listeners.all_written:
        return 1
    return code


def _removal(options: argparse.Namespace, opened: OpenedHealing, inventory: HealingInventory) -> RemovalOptions:
    """What the command line and the configuration say of removals."""
    if not options.delete:
        return RemovalOptions(fewer_templates=options.fewer_templates)
    chosen, ref = opened.chosen, inventory.ref
    rules = RemovalRules(
        tuple(options.scope),
        opened.request.tag,
        options.tagged,
        timedelta(seconds=chosen.quarantine),
        chosen.max_deletions,
    )
    target = opened.settings.targets[ref.target]
    uses = partial(image_uses, target, ref.region, chosen.in_use, tuning_for(target))
    return RemovalOptions(rules, uses, options.fewer_templates)
