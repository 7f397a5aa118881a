"""``glancesync vault verify`` (vault 2.3)."""

from __future__ import annotations

import argparse
import sys
from functools import partial

from ..base.text import printable
from ..base.units import mib
from ..images.vault.vault_folder import Vault
from ..images.vault.vault_references import needs
from ..images.vault.vault_writer import now
from ..images.vault.verify_run import Fault, Finding, Level, Verification, VerifyListeners, VerifyOptions, verify
from ..terminal.byte_bar import ByteBar, byte_bar, write_above
from ..terminal.streams import write_line


def verify_vault(options: argparse.Namespace, vault: Vault) -> int:
    """Verify a vault.

    :param options: the parsed command line
    :return: the exit code
    """
    with byte_bar(options.progress) as bar:
        done = verify(vault, VerifyOptions(Level(options.level), options.older_than), _listeners(bar), now)
    _report_needs(vault, done)
    if not options.quiet:
        write_line(sys.stdout, f"INFO:{_summary(done)}")
    return 1 if done.failed else 0


def _listeners(bar: ByteBar) -> VerifyListeners:
    error = partial(write_above, bar, sys.stderr, "ERROR")
    warn = partial(write_above, bar, sys.stderr, "WARNING")

    def found(finding: Finding) -> None:
        error(f"content {finding.sha512} {finding.fault.value}: {finding.text}")

    return VerifyListeners(found, error, warn, bar.begin, bar.advance)


def _report_needs(vault: Vault, done: Verification) -> None:
    """Name each image that needs a content that is not as it should be."""
    found = needs(vault, {finding.sha512 for finding in done.findings}) if done.findings else {}
    for sha512, images in found.items():
        for need in images:
            runs = "1 run" if need.runs == 1 else f"{need.runs} runs"
            image = f"image {need.name} (UUID {need.id})" if need.name else f"image {need.id}"
            text = f"shelf {need.shelf}: {image} needs content {sha512[:16]}..., in {runs}"
            write_line(sys.stderr, f"ERROR:{printable(text)}")
        if not images:
            write_line(sys.stderr, f"WARNING:no run needs content {sha512[:16]}...")


def _summary(done: Verification) -> str:
    counts = {fault: sum(finding.fault is fault for finding in done.findings) for fault in Fault}
    parts = [
        f"{done.verified} contents verified ({mib(done.bytes_read)} MB read)",
        f"{done.skipped} verified before",
        f"{counts[Fault.DAMAGED]} damaged",
        f"{counts[Fault.MISSING]} missing",
    ]
    if counts[Fault.STRUCTURE]:
        parts.append(f"{counts[Fault.STRUCTURE]} with a faulty structure")
    if done.unreadable:
        parts.append(f"{done.unreadable} documents missing or unreadable")
    return ", ".join(parts)
