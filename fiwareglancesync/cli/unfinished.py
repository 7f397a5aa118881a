"""What is known of regions that are still being worked on, for the report of a run that ends early."""

from __future__ import annotations

from ..events import Event, Kind
from ..images.execution.outcome import ImageOutcome, RegionOutcome

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
