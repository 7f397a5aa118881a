"""``glancesync vault check``: the state of a vault, for monitoring (vault 2.5)."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from datetime import datetime

from ..base.file_names import file_name
from ..base.severity import worst
from ..base.units import MIB
from ..images.vault.vault_folder import Vault
from ..images.vault.vault_health import Thresholds, VaultState, age_of, problems, rough_time, unverified
from ..images.vault.vault_listing import chosen_shelves
from ..images.vault.vault_survey import survey
from ..images.vault.vault_writer import now
from .check_line import CheckResult, print_check
from .vault_metrics import write_vault_metrics

NAME = "VAULT"
"""How the line begins."""


def check_vault(options: argparse.Namespace, find: Callable[[argparse.Namespace], Vault]) -> int:
    """Print the state of a vault in one line.

    :param options: the parsed command line
    :param find: finds the vault
    :return: the exit code of a plugin of Nagios
    """
    limits = Thresholds(
        options.age_warning,
        options.age_critical,
        options.unverified_warning,
        options.unverified_critical,
        options.free_warning,
        options.free_critical,
    )
    return print_check(NAME, lambda: _check(options, find, limits))


def _check(
    options: argparse.Namespace, find: Callable[[argparse.Namespace], Vault], limits: Thresholds
) -> CheckResult:
    vault, moment = find(options), now()
    state = survey(vault, chosen_shelves(vault, options.shelves), moment)
    found = problems(state, limits, moment)
    severity = worst(problem.severity for problem in found)
    text = "; ".join(problem.text for problem in found) or _all_well(state, moment)
    if options.metrics_file:
        write_vault_metrics(options.metrics_file, vault, state, severity, moment)
    return CheckResult(severity, text, list(_performance(state, limits, moment)))


def _all_well(state: VaultState, moment: datetime) -> str:
    shelves = f"{len(state.shelves)} shelves"
    ages = [age for shelf in state.shelves if (age := age_of(shelf, moment)) is not None]
    if ages:
        shelves += f", the newest complete runs at most {rough_time(max(ages))} old"
    return f"{shelves}; {len(state.verified)} contents; {state.free_bytes // MIB} MB free"


def _performance(state: VaultState, limits: Thresholds, moment: datetime) -> Iterator[str]:
    """The data that Nagios draws: name=value;warning;critical;least."""
    for shelf in state.shelves:
        age = age_of(shelf, moment)
        if age is not None:
            yield f"'age {file_name(shelf.name)}'={int(age)}s;{limits.age_warning};{limits.age_critical};0"
    yield f"missing={sum(shelf.missing for shelf in state.shelves)};;0;0"
    yield f"damaged={state.damaged};0;;0"
    if limits.unverified_warning is not None:
        yield f"unverified={unverified(state, limits.unverified_warning, moment)};0;;0"
    yield f"stored={state.stored_bytes}B;;;0"
    warning, critical = (limit.of(state.all_bytes) for limit in (limits.free_warning, limits.free_critical))
    yield f"free={state.free_bytes}B;{warning}:;{critical}:;0;{state.all_bytes}"
