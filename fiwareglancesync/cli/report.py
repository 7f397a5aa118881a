"""What happens and what came of it, for programs: JSON Lines while it goes on, one document at the end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from enum import Enum
from typing import Any

from ..base.units import MIB
from ..base.version import __version__
from ..events import Event, Kind
from ..images.execution.outcome import ImageOutcome, RegionOutcome

ALWAYS = ("kind", "region")


class EventWriter:
    """Writes each event as one JSON object.

    :param write: takes a line
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def __call__(self, event: Event) -> None:
        """Write an event; what it does not tell is left out."""
        self._write(json.dumps({"time": round(time.time(), 3), **event_fields(event)}))


def event_fields(event: Event) -> dict[str, Any]:
    """The fields of an event under their stable names.

    :param event: any event
    """
    fields: dict[str, Any] = {}
    for name in event.__dataclass_fields__:
        value = getattr(event, name)
        if name == "message":
            if value is not None:
                fields["level"] = "error" if value.level >= 40 else "warning"
                fields["message"] = value.text
        elif name in ALWAYS or value not in (None, 0, False, ()):
            fields[name] = value.value if isinstance(value, Enum) else value
    if "seconds" in fields:
        fields["seconds"] = round(fields["seconds"], 3)
    return fields


def report(mode: str, master: str, started: datetime, outcomes: Sequence[RegionOutcome], exit_code: int) -> str:
    """The document of a run: per region and image the status before, action, way, bytes, seconds, MiB a second, error.

    :param mode: what was done
    :param master: the master region
    :param started: when the run began
    :param outcomes: what came of each region
    :param exit_code: of the command
    """
    document = {
        "version": __version__,
        "mode": mode,
        "master": master,
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "exit_code": exit_code,
        "regions": [_region(outcome) for outcome in outcomes],
    }
    return json.dumps(document, indent=2) + "\n"


def _region(outcome: RegionOutcome) -> dict[str, Any]:
    done: dict[str, list[ImageOutcome]] = {}
    for image in outcome.images:
        done.setdefault(image.image, []).append(image)
    images = []
    for name, status in outcome.statuses:
        differences = outcome.differences.get(name, ())
        acts: list[ImageOutcome | None] = [*done.pop(name, [])]
        images += [_image(name, status.value, act, differences) for act in acts or [None]]
    images += [_image(name, act.status and act.status.value, act) for name, acts in done.items() for act in acts]
    return {
        "region": outcome.region,
        "error": outcome.error,
        "failed": outcome.failures,
        "awaiting_decision": outcome.undecided,
        "bytes": outcome.bytes_moved,
        "images": images,
        "left_out": [{"image": name, "reason": reason} for name, reason in outcome.left_out],
    }


def _rate(done: ImageOutcome) -> float | None:
    """MiB a second, from the beginning of the action to its end; None when no bytes were moved."""
    return round(done.size / MIB / done.seconds, 1) if done.size and done.seconds else None


def _image(name: str, status: str | None, done: ImageOutcome | None, differences: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "image": name,
        "status": status,
        "action": done.action.value if done and done.action else None,
        "way": done.way if done else None,
        "bytes": done.size if done else 0,
        "seconds": round(done.seconds, 3) if done else 0.0,
        "mib_per_second": _rate(done) if done else None,
        "error": done.error if done else None,
        "notes": list(done.notes) if done else [],
        "differences": list(differences),
    }

CAUSE = "the run ended before the region was done"


class Unfinished:
    """Listens to what is told of regions until they are done; no job tells its outcome when the run is interrupted."""

    def __init__(self) -> None:
        self._outcomes: dict[str, RegionOutcome] = {}

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if event.kind is Kind.REGION_STARTED:
            self._outcomes[event.region] = RegionOutcome(event.region, error=CAUSE)
        outcome = self._outcomes.get(event.region)
        if outcome is not None and event.image is not None and event.kind in (Kind.DONE, Kind.FAILED):
            cause = event.message.text if event.message else None
            outcome.images.append(
                ImageOutcome(
                    event.image, event.action, event.status, event.way, event.done, event.seconds, cause, event.notes
                )
            )

    def done(self, region: str) -> None:
        """Forget a region: its job has come to its end.

        :param region: its full name
        """
        self._outcomes.pop(region, None)

    def get(self, region: str) -> RegionOutcome | None:
        """What is known of a region that has been begun and not ended.

        :param region: its full name
        """
        return self._outcomes.get(region)
