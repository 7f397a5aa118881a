"""``glancesync vault runs`` and ``ls`` (vault 2)."""

from __future__ import annotations

import argparse
import sys

from ..base.text import printable
from ..images.vault.vault_errors import VaultError
from ..images.vault.vault_folder import Vault
from ..images.vault.vault_listing import chosen_shelves, image_rows, run_rows
from ..terminal.streams import write_line
from ..terminal.vault_tables import write_images, write_runs
from .time_option import read_time


def print_runs(options: argparse.Namespace, vault: Vault) -> int:
    """Print the runs of shelves.

    :param options: the parsed command line
    :return: the exit code
    """
    errors: list[VaultError] = []
    rows = list(run_rows(chosen_shelves(vault, options.shelves), errors.append))
    if rows or not errors or options.format != "table":
        write_runs(rows, options.format, sys.stdout)
    return _report(errors)


def print_images(options: argparse.Namespace, vault: Vault) -> int:
    """Print the images of the newest complete runs.

    :param options: the parsed command line
    :return: the exit code
    """
    at = None if options.at is None else read_time(options.at)
    errors: list[VaultError] = []
    rows = list(image_rows(chosen_shelves(vault, options.shelves), at, errors.append))
    if rows or not errors or options.format != "table":
        write_images(rows, options.format, sys.stdout)
    return _report(errors)


def _report(errors: list[VaultError]) -> int:
    """Report what could not be listed; the rest is.

    :return: the exit code
    """
    for error in errors:
        write_line(sys.stderr, f"ERROR:{printable(str(error))}")
    return 1 if errors else 0
