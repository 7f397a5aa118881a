#!/usr/bin/env python3
"""Load a backup into the embedded federation, which then stands in for OpenStack (sync 4).

eval "$(./glancesync_serverfacade_mock.py --path persistent_data scenario1)"
"""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

if not __package__:
    # Run as a file: Python looked for modules beside it, where ours would hide others of the same name.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from fiwareglancesync.base.errors import GlanceSyncError
from fiwareglancesync.base.parser import Parser
from fiwareglancesync.base.text import one_line
from fiwareglancesync.images.places.embedded.loader import load
from fiwareglancesync.images.places.factory import EMBEDDED
from fiwareglancesync.terminal.standard_outputs import OutputFailed, run_program

DEFAULT_PATH = ".glancesync_persist"
"""Name of the folder, in the user's home, that is used unless another is named."""


def main(argv: Sequence[str] | None = None) -> int:
    """Load a backup and print the shell command that makes the tool use it.

    :param argv: the arguments, by default those of the process
    :return: the exit code: 0, or 2 with one line on stderr when nothing was loaded
    """
    return run_program(lambda: _load(argv))


def _load(argv: Sequence[str] | None) -> int:
    made: Path | None = None
    try:
        options = _parser().read(sys.argv[1:] if argv is None else argv)
        if options.random:
            made = Path(tempfile.mkdtemp(prefix="glancesync_"))
        folder = Path(os.path.abspath(made or options.path or Path.home() / DEFAULT_PATH))
        load(Path(options.dir), folder, replace=options.confirm)
    except OutputFailed:
        raise
    except (GlanceSyncError, OSError, RuntimeError) as problem:
        if made is not None:
            made.rmdir()
        print(f"ERROR: {one_line(str(problem))}", file=sys.stderr)
        return 2
    print(f"export {EMBEDDED}={shlex.quote(str(folder))}")
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="glancesync_serverfacade_mock.py",
        description="Load every backup_<region>.csv (or .jsonl) of a folder into an embedded federation that "
        "stands in for OpenStack. Prints the command that makes the tool use it.",
        epilog='Use it as: eval "$(glancesync_serverfacade_mock.py --path P DIR)"',
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--path", metavar="P", help=f"folder of the federation (default: ~/{DEFAULT_PATH})")
    where.add_argument("--random", action="store_true", help="keep it in a new temporary folder")
    parser.add_argument("--confirm", action="store_true", help="replace the federation that P already holds")
    parser.add_argument("dir", metavar="DIR", help="folder with the files that --make-backups wrote")
    return parser


if __name__ == "__main__":
    sys.exit(main())
