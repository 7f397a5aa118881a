"""``glancesync vault copy``, ``export`` and ``adopt`` (vault 2.7, 2.8, 2.9)."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from ..base.errors import UsageError
from ..base.units import mib
from ..images.backup.shelf_lock import shelf_lock
from ..images.vault.adopt_files import AdoptListeners, adopt
from ..images.vault.vault_copy import CopyListeners, copy_shelves
from ..images.vault.vault_export import ExportedImage, ExportListeners, export
from ..images.vault.vault_folder import Vault
from ..images.vault.vault_listing import chosen_shelves
from ..images.vault.vault_writer import now
from ..terminal.byte_bar import byte_bar, write_above
from ..terminal.streams import write_line


def copy_vault(options: argparse.Namespace, vault: Vault, to: Vault) -> int:
    """Copy what a vault keeps into another one.

    :param options: the parsed command line
    :return: the exit code
    :raises UsageError: both are the same vault
    """
    if vault.folder.samefile(to.folder):
        raise UsageError(f"{vault.folder} and {to.folder} are the same vault; name another one, which vault init makes")
    shelves = chosen_shelves(vault, options.shelves)
    with byte_bar(options.progress) as bar:
        fail = partial(write_above, bar, sys.stderr, "ERROR")
        done = copy_shelves(shelves, to, CopyListeners(bar.begin, bar.advance, fail))
    if not options.quiet:
        runs = f"{done.runs} runs copied, {done.present} were there, {done.failures} failed"
        write_line(sys.stdout, f"INFO:{runs}; {done.contents} contents copied ({mib(done.bytes)} MB)")
    return 1 if done.failures else 0


def export_images(options: argparse.Namespace, vault: Vault) -> int:
    """Write the images of the newest complete runs as plain files.

    :param options: the parsed command line
    :return: the exit code
    """
    shelves = chosen_shelves(vault, options.shelves)
    with byte_bar(options.progress) as bar:

        def done(image: ExportedImage) -> None:
            if not options.quiet:
                write_above(bar, sys.stdout, "INFO", f"{image.file} is written")

        fail = partial(write_above, bar, sys.stderr, "ERROR")
        whole = export(shelves, Path(options.folder), ExportListeners(bar.begin, bar.advance, done, fail))
    return 0 if whole else 1


def adopt_files(options: argparse.Namespace, vault: Vault, database: str) -> int:
    """Take plain image files into a shelf.

    :param options: the parsed command line
    :param database: URL of the database whose lease holds between machines, "" for none
    :return: the exit code
    """
    shelf = vault.shelf(options.shelf)
    with shelf_lock(shelf, database), byte_bar(options.progress) as bar:

        def done(text: str) -> None:
            if not options.quiet:
                write_above(bar, sys.stdout, "INFO", text)

        fail = partial(write_above, bar, sys.stderr, "ERROR")
        listeners = AdoptListeners(bar.begin, bar.advance, done, fail)
        whole = adopt(Path(options.folder), shelf, options.format, listeners, now)
    return 0 if whole else 1
