"""What happens and what came of it, for programs: JSON Lines while it goes on, one document at the end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

from ..base.units import MIB
from ..base.version import __version__
from ..events import Done, Event, Failed, RegionPlanned, RegionStarted
from ..images.execution.outcome import ImageOutcome, RegionOutcome
from ..images.model import SyncStatus
from ..terminal.private_files import ReportIncomplete, private_file

UNFINISHED = "the run ended before the region was done"
"""The error of a region at which a run that was interrupted was at work, in its report."""

NOT_BEGUN = "the run ended before the region was begun"
"""The error of a region that such a run had not reached."""


class EventWriter:
    """Writes each event as one JSON object.

    :param write: takes a line
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def __call__(self, event: Event) -> None:
        """Write an event."""
        self._write(json.dumps({"time": round(time.time(), 3), **event.as_json()}))


def report(mode: str, master: str, started: datetime, outcomes: Sequence[RegionOutcome], exit_code: int) -> str:
    """The document of a run: per region and image the status before, action, way, bytes, seconds, MiB a second, error.

    :param mode: what was done
    :param master: the master region
    :param started: when the run began
    :param outcomes: what came of each region
    :param exit_code: of the command
    """
    head = {"mode": mode, "master": master}
    return document(head, started, exit_code, [_region(outcome) for outcome in outcomes])


def document(head: Mapping[str, str], started: datetime, exit_code: int, regions: list[dict[str, Any]]) -> str:
    """The document of a run, whatever it does with regions.

    :param head: what the run was
    :param started: when the run began
    :param exit_code: of the command
    :param regions: what came of each
    """
    fields = {
        "version": __version__,
        **head,
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "exit_code": exit_code,
        "regions": regions,
    }
    return json.dumps(fields, indent=2) + "\n"


@contextmanager
def reported(
    path: str,
    report_incomplete: ReportIncomplete,
    exit_code: Callable[[], int],
    write: Callable[[datetime, int], str],
) -> Iterator[None]:
    """Write a report at the end of the block, however it ends.

    :param path: the file
    :param report_incomplete: called when it cannot be written to its end
    :param exit_code: of the command, when the block has ended without an error
    :param write: makes the document, with the time when the block began, and the exit code
    :raises UsageError: the file cannot be opened
    """
    started = datetime.now(timezone.utc)
    with (
        private_file(path, report_incomplete) as file,
        exit_code_taken(exit_code, lambda code: file.write(write(started, code))),
    ):
        yield


@contextmanager
def exit_code_taken(exit_code: Callable[[], int], take: Callable[[int], None]) -> Iterator[None]:
    """Pass the exit code on at the end of the block, however it ends.

    :param exit_code: of the command, when the block has ended without an error
    :param take: takes it, or that of the error
    """
    code = 1
    try:
        yield
        code = exit_code()
    except BaseException as error:
        code = getattr(error, "exit_code", code)
        raise
    finally:
        take(code)


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


class UnfinishedRegions:
    """Listens to the events of regions and keeps what came of those that have not ended: no job returns that of an
    interrupted run."""

    def __init__(self) -> None:
        self._outcomes: dict[str, RegionOutcome] = {}

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, RegionStarted):
            self._outcomes[event.region] = RegionOutcome(event.region, error=UNFINISHED)
        elif event.region not in self._outcomes:
            return
        elif isinstance(event, RegionPlanned):
            statuses = tuple((name, SyncStatus(status)) for name, status in event.statuses)
            self._outcomes[event.region].statuses = statuses
            self._outcomes[event.region].pending_bytes = event.size
        elif isinstance(event, Done | Failed):
            self._outcomes[event.region].images.append(_outcome(event))

    def finish(self, outcome: RegionOutcome) -> None:
        """Forget a region: its job has come to its end. Of one that crashed, what is known is added to its outcome.

        :param outcome: of the region
        """
        known = self._outcomes.pop(outcome.region, None)
        if known is not None and outcome.error is not None and not (outcome.images or outcome.statuses):
            outcome.images = known.images
            outcome.statuses = known.statuses
            outcome.pending_bytes = known.pending_bytes

    def outcomes(self) -> list[RegionOutcome]:
        """What is known of all regions that have been begun and have not ended."""
        return list(self._outcomes.values())

    def get(self, region: str) -> RegionOutcome:
        """What is known of a region that has not ended.

        :param region: its full name
        """
        return self._outcomes.get(region) or RegionOutcome(region, error=NOT_BEGUN)


def _outcome(event: Done | Failed) -> ImageOutcome:
    return ImageOutcome(
        event.image,
        event.action,
        None if event.status is None else SyncStatus(event.status),
        event.way,
        event.done,
        event.seconds,
        event.message.text if isinstance(event, Failed) else None,
        event.notes if isinstance(event, Done) else (),
    )
