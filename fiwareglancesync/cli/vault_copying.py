"""``glancesync vault copy`` (vault 2.7)."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack

from ..base.errors import UsageError
from ..base.text import printable
from ..base.units import mib
from ..images.vault.vault_copy import CopyListeners, copy_shelves
from ..images.vault.vault_folder import Vault
from ..images.vault.vault_listing import chosen_shelves
from ..terminal.byte_bar import byte_bar, no_bar
from ..terminal.streams import write_line


def copy_vault(options: argparse.Namespace, vault: Vault, to: Vault) -> int:
    """Copy what a vault keeps into another one.

    :param options: the parsed command line
    :return: the exit code
    :raises UsageError: both are the same vault
    """
    if vault.id == to.id:
        raise UsageError(f"{vault.folder} and {to.folder} are the same vault; name another one, which vault init makes")
    shelves = chosen_shelves(vault, options.shelves)
    shown = sys.stderr.isatty() if options.progress is None else options.progress
    with ExitStack() as stack:
        bar = stack.enter_context(byte_bar()) if shown else no_bar()

        def fail(text: str) -> None:
            with bar.hidden():
                write_line(sys.stderr, f"ERROR:{printable(text)}")

        done = copy_shelves(shelves, to, CopyListeners(bar.begin, bar.advance, fail))
    if not options.quiet:
        runs = f"{done.runs} runs copied, {done.present} were there, {done.failures} failed"
        write_line(sys.stdout, f"INFO:{runs}; {done.contents} contents copied ({mib(done.bytes)} MB)")
    return 1 if done.failures else 0
