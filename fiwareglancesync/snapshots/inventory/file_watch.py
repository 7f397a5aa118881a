"""Reports changes of files at once, with the library watchdog where it is installed (snapshots 3.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHANGES = ("created", "deleted", "modified", "moved")
"""Kinds of events that concern the content of a file."""


@contextmanager
def watched(folders: Iterable[str], names: Iterable[str], changed: Callable[[], None]) -> Iterator[str]:
    """Have changes of files reported.

    :param folders: that have them
    :param names: of the files; changes of others are not reported
    :param changed: called by another thread
    :returns: why changes are not reported at once, "" when they are
    """
    try:
        from watchdog.events import FileSystemEventHandler
        from watchdog.observers import Observer
    except ImportError:
        yield "the package watchdog is not installed (extra: snapshots)"
        return
    wanted = frozenset(names)

    def take(event: Any) -> None:
        """Take an event of a folder; that a file was read is one too."""
        paths = {Path(str(path)).name for path in (event.src_path, getattr(event, "dest_path", "")) if path}
        if event.event_type in CHANGES and not wanted.isdisjoint(paths):
            changed()

    handler: Any = FileSystemEventHandler()
    handler.on_any_event = take
    observer = Observer()
    try:
        for folder in folders:
            observer.schedule(handler, folder)
        observer.start()
    except OSError as error:
        yield f"changes of files are not reported: {error.strerror or error}"
        return
    try:
        yield ""
    finally:
        observer.stop()
        observer.join()
