"""``glancesync vault forget`` and ``prune`` (vault 2.2, 2.4)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from ..base.units import mib
from ..images.settings import Settings
from ..images.vault.forget_runs import forget, judge_shelves
from ..images.vault.prune_plan import PrunePlan, StoredContent, StoredRecord
from ..images.vault.prune_run import Prune, plan_removal, prune
from ..images.vault.retention import KeepRules
from ..images.vault.vault_folder import Vault
from ..images.vault.vault_listing import chosen_shelves
from ..images.vault.vault_writer import now
from ..terminal.streams import write_line
from ..terminal.vault_tables import write_verdicts
from .vault_upkeep_arguments import PERIODS

DRY = "Dry run: nothing is changed."


def forget_runs(options: argparse.Namespace, vault: Vault) -> int:
    """Drop the runs that no rule keeps.

    :param options: the parsed command line
    :return: the exit code
    """
    periods = {period: getattr(options, f"keep_{period}") for period in PERIODS}
    rules = KeepRules(last=options.keep_last, within=options.keep_within, **periods)
    verdicts = judge_shelves(chosen_shelves(vault, options.shelves), rules, now())
    write_verdicts(verdicts, options.format, sys.stdout)
    dropped = sum(not each.verdict.kept for each in verdicts)
    if not options.dry_run:
        dropped = forget(verdicts)
    if options.format == "table":
        _narrate(DRY if options.dry_run else f"{_count(dropped, 'run')} dropped")
    return 0


def prune_vault(options: argparse.Namespace, vault: Vault, settings: Settings | None) -> int:
    """Remove what nothing refers to.

    :param options: the parsed command line
    :param settings: the configuration, None when it was not needed to find the vault
    :return: the exit code
    """
    age = Settings.leftover_age if settings is None else settings.leftover_age
    removal = plan_removal(vault, age, now(), force=options.force)
    if not options.dry_run:
        prune(vault, removal)
    if not options.quiet:
        if options.dry_run:
            _narrate(DRY)
        for line in (*_lines(removal), *(_files(removal) if options.verbose else ())):
            _narrate(line)
    return 0


def _lines(removal: Prune) -> Iterator[str]:
    """What is done, a line for each kind of change."""
    plan = removal.plan
    rows = (
        ("Moved back", [c for _, c in plan.returned_contents], [r for _, r in plan.returned_records]),
        ("Deleted", [c for _, c in plan.deleted_contents], [r for _, r in plan.deleted_records]),
        (f"Moved to unreferenced/{removal.now.date()}", plan.moved_contents, plan.moved_records),
    )
    for what, contents, records in rows:
        size = mib(sum(content.size for content in contents))
        yield f"{what}: {_count(len(contents), 'content')} ({size} MB), {_count(len(records), 'record')}"
    if plan.deleted_damaged:
        size = mib(sum(file.size for file in plan.deleted_damaged))
        yield f"Deleted: {_count(len(plan.deleted_damaged), 'file')} in damaged that nothing needs ({size} MB)"
    if removal.dead:
        yield f"Deleted: {_count(len(removal.dead), 'folder or lock', 'folders and locks')} of backups that were killed"


def _files(removal: Prune) -> Iterator[str]:
    plan: PrunePlan = removal.plan
    today = removal.now.date()
    for day, content in plan.returned_contents:
        yield f"unreferenced/{day}/{content.sha512}: moved back"
    for day, record in plan.returned_records:
        yield f"unreferenced/{day}, {_record(record)}: moved back"
    for day, record in plan.deleted_records:
        yield f"unreferenced/{day}, {_record(record)}: deleted"
    for day, content in plan.deleted_contents:
        yield f"unreferenced/{day}/{content.sha512}: deleted"
    for record in plan.moved_records:
        yield f"{_record(record)}: moved to unreferenced/{today}"
    for content in plan.moved_contents:
        yield f"{_content(content)}: moved to unreferenced/{today}"
    for file in plan.deleted_damaged:
        yield f"damaged/{file.file}: deleted"
    for path in removal.dead:
        yield f"{path.parent.name}/{path.name}: deleted"


def _content(content: StoredContent) -> str:
    return f"content {content.sha512} ({mib(content.size)} MB)"


def _record(record: StoredRecord) -> str:
    return f"shelf {record.key.shelf}: record {record.key.number} of {record.key.image}"


def _count(number: int, noun: str, nouns: str = "") -> str:
    return f"{number} {noun if number == 1 else nouns or noun + 's'}"


def _narrate(line: str) -> None:
    write_line(sys.stdout, f"INFO:{line}")
