"""How far the moves of each region are: what progress bars show, kept from events."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from ..events import Done, Event, Failed, Pending, Progress, RegionFinished, RegionPlanned, Started
from .narrative import TITLES

RATE_SECONDS = 20.0
"""Seconds over which the rate of a region is averaged."""

SERVER = "server"
"""The way in which a region fetches an image itself; it reports no bytes meanwhile (sync 3.10)."""


@dataclass
class ImageMove:
    """The move of one image.

    :param started: when it began
    :param way: how the bytes move, None until it is known
    :param done: bytes moved
    """

    started: float
    way: str | None = None
    done: int = 0


@dataclass
class RegionProgress:
    """How far the moves of one region are.

    :param region: its full name
    :param size: bytes to be moved, without those of images that failed
    :param images: number of images to be moved
    :param started: when its plan was made
    """

    region: str
    size: int
    images: int
    started: float
    finished_images: int = 0
    finished_bytes: int = 0
    moving: dict[str, ImageMove] = field(default_factory=dict)
    _samples: deque[tuple[float, int]] = field(default_factory=deque, repr=False)

    @property
    def done(self) -> int:
        """Bytes that have been moved."""
        return min(self.size, self.finished_bytes + sum(move.done for move in self.moving.values()))

    @property
    def fetched_since(self) -> float | None:
        """Since when the region fetches images itself; None when bytes are moved in another way, or none are."""
        moves = self.moving.values()
        return min(move.started for move in moves) if moves and all(move.way == SERVER for move in moves) else None

    def note(self, now: float) -> None:
        """Keep how many bytes are done at this time, for the rate."""
        samples = self._samples
        samples.append((now, self.done))
        while len(samples) > 2 and samples[1][0] < now - RATE_SECONDS:
            samples.popleft()

    def rate(self, now: float) -> float:
        """Bytes a second of late; 0 when that is not known."""
        if not self._samples:
            return 0.0
        since, before = self._samples[0]
        return max(0.0, (self.done - before) / (now - since)) if now > since else 0.0

    def seconds_left(self, now: float) -> float | None:
        """Seconds until all is moved, at the present rate; None when that is not known."""
        rate = self.rate(now)
        return (self.size - self.done) / rate if rate else None


class RunProgress:
    """How far the moves of all regions of a run are.

    :param regions: number of regions of the run
    """

    def __init__(self, regions: int) -> None:
        self.regions = regions
        self.finished_regions = 0
        self._finished_bytes = 0
        self._planned: set[str] = set()
        self._moving: dict[str, RegionProgress] = {}
        self._started: float | None = None

    @property
    def moving(self) -> list[RegionProgress]:
        """The regions to which bytes are being moved, in the order in which they began."""
        return list(self._moving.values())

    @property
    def size(self) -> int:
        """Bytes to be moved to the regions whose plans are known."""
        return self._finished_bytes + sum(each.size for each in self._moving.values())

    @property
    def done(self) -> int:
        """Bytes that have been moved."""
        return self._finished_bytes + sum(each.done for each in self._moving.values())

    @property
    def is_all_planned(self) -> bool:
        """Whether the bytes of all regions are known."""
        return len(self._planned) >= self.regions

    def rate(self, now: float) -> float:
        """Bytes a second since the first plan; 0 when that is not known."""
        return self.done / (now - self._started) if self._started is not None and now > self._started else 0.0

    def seconds_left(self, now: float) -> float | None:
        """Seconds until all is moved, which is not before the slowest region; None when that is not known."""
        rate = self.rate(now)
        if not rate:
            return None
        return max((self.size - self.done) / rate, *(each.seconds_left(now) or 0.0 for each in self.moving), 0.0)

    def take(self, event: Event, now: float) -> None:
        """Take an event of a region.

        :param event: any event
        :param now: the time of a monotonic clock
        """
        region = self._moving.get(event.region)
        if isinstance(event, RegionPlanned):
            self._planned.add(event.region)
            if event.size:
                self._start(event, now)
        elif isinstance(event, RegionFinished):
            self.finished_regions += 1
            self._planned.add(event.region)
            if region is not None:
                self._finished_bytes += region.done
                del self._moving[event.region]
        elif region is not None and isinstance(event, Pending | Started | Progress | Done | Failed):
            _take_move(region, event, now)

    def _start(self, event: RegionPlanned, now: float) -> None:
        if self._started is None:
            self._started = now
        self._moving[event.region] = RegionProgress(event.region, event.size, event.images, now)
        self._moving[event.region].note(now)


def _take_move(region: RegionProgress, event: Pending | Started | Progress | Done | Failed, now: float) -> None:
    """Add up what has been moved and what is being moved; several images may be at the same time."""
    if event.action not in TITLES:
        return
    if isinstance(event, Done | Failed):
        region.moving.pop(event.image, None)
        region.finished_images += 1
        if isinstance(event, Done):
            region.finished_bytes += event.size
        else:
            region.size = max(0, region.size - event.size)
    elif not isinstance(event, Pending):
        move = region.moving.setdefault(event.image, ImageMove(now))
        if isinstance(event, Progress):
            move.way, move.done = event.way, event.done
    region.note(now)


