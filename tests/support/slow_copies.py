"""Runs ``sync.py`` on an embedded federation whose regions take their time to copy an image, and report bytes.

``python slow_copies.py STEPS PAUSE [WAY] -- ARGUMENTS…``: a copy is STEPS reports with PAUSE seconds between them. With
the way ``server`` it reports no bytes before its end.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])

from fiwareglancesync.images.model import Image  # noqa: E402
from fiwareglancesync.images.places import Place  # noqa: E402
from fiwareglancesync.images.transfer.instant_copy import InstantCopyWay  # noqa: E402
from fiwareglancesync.images.transfer.way import ProgressListener  # noqa: E402
from fiwareglancesync.jobs import pool  # noqa: E402
from fiwareglancesync.main import main  # noqa: E402 - the path has to be set first


def _main() -> int:
    end = sys.argv.index("--")
    steps, pause, *way = sys.argv[1:end]
    copy_at_once = InstantCopyWay.move
    pool.TERMINATION_SECONDS = 60.0  # dozens of processes end on a machine that may have much other work

    def copy(self: InstantCopyWay, image: Image, place: Place, uuid: str, progress: ProgressListener) -> None:
        size = image.size or 0
        for step in range(int(steps)):
            progress(0 if way else size * step // int(steps))
            time.sleep(float(pause))
        copy_at_once(self, image, place, uuid, progress)
        progress(size)

    setattr(InstantCopyWay, "move", copy)  # noqa: B010 - a type checker does not allow an assignment
    if way:
        InstantCopyWay.name = way[0]
    del sys.argv[1 : end + 1]
    return main()


if __name__ == "__main__":
    sys.exit(_main())
