"""Runs ``sync.py`` and ends the process, as a kill would, right after the n-th write to a region.

``python kill_after.py N COUNT_FILE ARGUMENTS…``: with N = 0 nothing is killed; the number of writes is left in
COUNT_FILE either way.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parents[2])

from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedPlace  # noqa: E402
from fiwareglancesync.images.places.glance.glance_place import OpenStackPlace  # noqa: E402
from fiwareglancesync.main import main  # noqa: E402 - the path has to be set first

WRITES = ("create", "upload", "adopt", "update", "delete")
KILLED = 137


class Counter:
    """Counts writes and ends the process after the chosen one.

    :param last: number of the write after which it ends; 0 for none
    """

    def __init__(self, last: int, file: Path) -> None:
        self._last = last
        self._file = file
        self._done: list[str] = []

    def counted(self, write: Callable[..., Any]) -> Callable[..., Any]:
        """The same write, counted."""

        @functools.wraps(write)
        def replacement(*arguments: Any, **options: Any) -> Any:
            result = write(*arguments, **options)
            self._done.append(write.__name__)
            self._file.write_text("\n".join(self._done))
            if len(self._done) == self._last:
                os._exit(KILLED)
            return result

        return replacement


def _main() -> int:
    number, file, *arguments = sys.argv[1:]
    counter = Counter(int(number), Path(file))
    for place in (EmbeddedPlace, OpenStackPlace):
        for name in WRITES:
            if hasattr(place, name):
                setattr(place, name, counter.counted(getattr(place, name)))
    return main(arguments)


if __name__ == "__main__":
    sys.exit(_main())
