#!/usr/bin/env python3
"""Writes a configuration file with every option, its default and a comment (sync 2)."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

if __name__ == "__main__" and not __package__:
    # Run by its path: the package is found beside the folder, and the folder itself must not hide other
    # modules.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from fiwareglancesync.base.errors import UsageError
from fiwareglancesync.base.parser import Parser
from fiwareglancesync.images.configuration import configuration_text
from fiwareglancesync.kinds import option_tables
from fiwareglancesync.terminal.standard_outputs import run_program


def main(argv: Sequence[str] | None = None) -> int:
    """Write the file.

    :param argv: the arguments, those of the process when None
    :return: the exit code: 0, or 2 when the file cannot be written
    """
    return run_program(lambda: _generate(argv))


def _generate(argv: Sequence[str] | None) -> int:
    parser = Parser(
        prog="glancesync-generate-config",
        description="Write a configuration file with every option, its default and a comment.",
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write to FILE, readable by you alone, not to stdout"
    )
    parser.add_argument("--force", action="store_true", help="overwrite FILE when it exists")
    arguments = parser.read(sys.argv[1:] if argv is None else argv)
    if arguments.output is None:
        sys.stdout.write(configuration_text(option_tables()))
        return 0
    try:
        _write(arguments.output, configuration_text(option_tables()), force=arguments.force)
    except FileExistsError as error:
        raise UsageError(f"{arguments.output} exists; give --force to overwrite it") from error
    except OSError as error:
        raise UsageError(f"{arguments.output} cannot be written: {error.strerror}") from error
    return 0


def _write(path: str, text: str, *, force: bool) -> None:
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if force else os.O_EXCL)
    descriptor = os.open(path, flags, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            if force:
                os.fchmod(file.fileno(), 0o600)  # an existing file keeps its mode otherwise
            file.write(text)
    except OSError:
        if not force:  # a part of a configuration would be taken for one, and the next call refused
            os.unlink(path)
        raise


if __name__ == "__main__":
    sys.exit(main())
