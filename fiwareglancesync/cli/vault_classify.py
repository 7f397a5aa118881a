"""``glancesync vault classify``: compares three lists, and contacts nothing (vault 5.2)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..base.errors import UsageError
from ..base.text import printable
from ..images.heat.image_lists import (
    NEEDED_FILE,
    REGION_FILE,
    SHELF_FILE,
    classify_lists,
    exit_code_of,
    names_in_list,
    result_files,
)
from ..terminal.healing_tables import write_lists, write_table
from ..terminal.streams import write_line


def classify_files(options: argparse.Namespace) -> int:
    """Compare the lists in a folder, write the other files there, and print the table.

    :param options: the parsed command line
    :return: the exit code
    :raises UsageError: a list cannot be read
    :raises NotWritten: a file cannot be written
    """
    folder = Path(options.lists)
    lists = {name: _names(folder / name) for name in (NEEDED_FILE, REGION_FILE, SHELF_FILE)}
    rows = classify_lists(lists)
    written = write_lists(folder, result_files(rows))
    write_table(rows, options.format, sys.stdout)
    if options.format == "table":
        write_line(sys.stdout, f"INFO:{printable(written)}")
    return exit_code_of(rows)


def _names(path: Path) -> frozenset[str]:
    try:
        return names_in_list(path.read_bytes())
    except OSError as error:
        raise UsageError(f"the list {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the list {path} is no UTF-8 text, from byte {error.start} on") from error
