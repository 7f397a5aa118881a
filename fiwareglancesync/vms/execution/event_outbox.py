"""Events that the engine has not taken yet, as files (vms 2.8)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

from ...base.durable_files import write_durably
from ...base.errors import NotWritten
from ..engines.engine_event import EngineEvent, Severity

ENDING = ".event"
KEPT = timedelta(days=7)
"""How long an event is kept that the engine refuses."""


class EventOutbox:
    """Keeps events until the engine takes them; an id stands for one event.

    :param folder: made when the first event is kept
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, event: EngineEvent) -> None:
        """Keep an event.

        :raises NotWritten: that is not possible
        """
        path = self._file(event)
        document = asdict(event) | {"severity": event.severity.value}
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_durably(path, json.dumps(document).encode())
        except OSError as error:
            raise NotWritten.because(error, path) from error

    def all(self) -> Sequence[EngineEvent]:
        """The events that wait, the oldest first; a file that is none of ours, or cannot be read, is left out."""
        if not self._folder.is_dir():
            return []
        found: list[tuple[int, EngineEvent]] = []
        for path in self._folder.iterdir():
            if path.suffix == ENDING:
                with suppress(OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
                    found.append((path.stat().st_mtime_ns, self._read(path)))
        return [event for _, event in sorted(found, key=lambda each: each[0])]

    def _read(self, path: Path) -> EngineEvent:
        document = json.loads(path.read_text(encoding="utf-8"))
        event = EngineEvent(severity=Severity(document.pop("severity")), **document)
        texts = (event.text, event.cluster, event.domain)
        is_ours = type(event.custom_id) is int and all(isinstance(each, str) for each in texts)
        if not is_ours or self._file(event) != path:  # it would be sent again and again
            raise ValueError(path)
        return event

    def remove(self, event: EngineEvent) -> None:
        """Forget an event that the engine has taken."""
        with suppress(OSError):
            self._file(event).unlink()

    def is_old(self, event: EngineEvent, now: datetime) -> bool:
        """Whether an event was kept so long ago that a refusal is final.

        :param now: the moment, aware
        """
        try:
            kept = self._file(event).stat().st_mtime
        except OSError:
            return False
        return kept < (now - KEPT).timestamp()

    def _file(self, event: EngineEvent) -> Path:
        return self._folder / f"{event.custom_id}{ENDING}"
