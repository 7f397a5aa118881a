"""``glancesync vault status``: templates, a region and its shelf, compared (vault 5.2)."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from ..base.errors import UsageError
from ..base.text import printable
from ..images.heat.image_lists import given_lists, result_files
from ..images.vault.vault_paths import vault_around
from ..terminal.healing_tables import summary, write_lists, write_status
from ..terminal.streams import write_line
from .vault_healing import open_healing
from .vault_mail import mail_settings, send_mail


def print_status(options: argparse.Namespace) -> int:
    """Print how the images stand; nothing is changed.

    :param options: the parsed command line
    :return: the exit code
    """
    folder = lists_folder(options)
    mail = mail_settings(options)
    opened = open_healing(options)
    for message in opened.settings.warnings:
        write_line(sys.stderr, f"WARNING:{message.text}")
    inventory = opened.look()
    rows = [row.row for row in inventory.comparison.rows]
    written = None if folder is None else write_lists(folder, {**given_lists(rows), **result_files(rows)})
    write_status(inventory, options.format, sys.stdout)
    if written is not None and options.format == "table":
        write_line(sys.stdout, f"INFO:{printable(written)}")
    last = summary(inventory, done=True)
    if inventory.comparison.tag_matches_nothing:
        write_line(sys.stderr, f"WARNING:{printable(last)}")
    problems = send_mail(mail, inventory, last)
    for message in problems:
        write_line(sys.stderr, f"{logging.getLevelName(message.level)}:{printable(message.text)}")
    if problems:
        return 1
    return inventory.exit_code


def lists_folder(options: argparse.Namespace) -> Path | None:
    """The folder of ``--lists``.

    :raises UsageError: it is in a vault
    """
    if options.lists is None:
        return None
    vault = vault_around(options.lists)
    if vault is not None:
        raise UsageError(f"--lists: {options.lists} is in the vault {vault}, which is not changed; name another place")
    return Path(options.lists)
