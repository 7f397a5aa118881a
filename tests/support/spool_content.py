"""Content for the tests of the spool."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from tests.support.spooling import CountedMaster, bytes_of, content_of, data_files

CONTENT = content_of(1)


def leave(master: CountedMaster, folder: Path, left: bytes) -> None:
    """Put what an earlier run left of a copy into the spool."""
    spool = master.spool(folder)
    (image,) = master.images
    with spool.open(image) as body:
        bytes_of(next(iter(body.pieces())))
    (data,) = data_files(folder)
    data.write_bytes(left)
    master_log = folder.parent / "downloads"
    master_log.write_text("")


def held(on: threading.Event, start: int) -> Callable[[int], None]:
    """Have a master hold everything from some position on back until it may go on."""

    def before(position: int) -> None:
        if position >= start:
            on.wait()

    return before
