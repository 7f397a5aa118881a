"""``snapmanager``: the daemon of snapshots under the name of the original program (snapshots 1.6)."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from ..base.dependencies import missing_packages_reported
from ..terminal.standard_outputs import run_program


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    :param arguments: the words after the program's name; None means those of the process
    :return: the exit code
    """
    prog = os.path.basename(sys.argv[0]) or "snapmanager"
    given = sys.argv[1:] if arguments is None else list(arguments)
    words: list[str] = []

    def read() -> int:
        with missing_packages_reported():
            from ..cli.snapmanager_command import words_of_daemon

            words.extend(words_of_daemon(given, prog))
        return 0

    code = run_program(read)
    if code or not words:  # without words it was --help or --version, and they are printed
        return code
    from ..main import main as glancesync

    if arguments is not None:
        return glancesync(words)
    sys.argv[1:] = words
    return glancesync()
