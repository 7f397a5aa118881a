"""The ways of a run, put together from its settings (design 6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum

from ...base.throttle import Throttle
from ..places import Place
from ..settings import Settings
from .mover import Mover
from .server_import import ServerWay
from .sources import FileSource, Source, StreamSource
from .spool import SpoolSource, default_folder


class Purpose(Enum):
    """What a run wants of the ways."""

    READ = "read"
    MOVE = "move"


@contextmanager
def open_ways(settings: Settings, master: Place, purpose: Purpose, *, several: bool) -> Iterator[Mover]:
    """The ways to move bytes, in the order of preference, for as long as a run lasts.

    :param settings: the configuration
    :param master: the master region
    :param purpose: a run that only looks leaves the spool as it is: a later one may go on with what is there
    :param several: whether several regions may need an image, so that reading it once pays
    """
    spool = SpoolSource(master, settings.spool_dir or default_folder(), settings.spool_size)
    sources: list[Source | ServerWay] = [FileSource(settings.images_dir), ServerWay(master), StreamSource(master)]
    if several or settings.transfer == spool.way:
        sources.insert(-1, spool)
    try:
        yield Mover(sources, settings.transfer, _Limits(settings))
    finally:
        # Even without a use for it: a run that was killed may have left something there.
        if purpose is Purpose.MOVE and not settings.spool_keep:
            spool.clear()


class _Limits:
    """What bounds the bytes per second: the whole run's limit, and that of each region."""

    def __init__(self, settings: Settings) -> None:
        self._rates = {target.name: target.region_bandwidth for target in settings.targets.values()}
        self._whole = [Throttle(settings.bandwidth)] if settings.bandwidth else []
        self._regions: dict[str, Throttle] = {}

    def __call__(self, place: Place) -> Sequence[Throttle]:
        rate = self._rates.get(place.target, 0)
        if not rate:
            return self._whole
        throttle = self._regions.get(place.name)
        if throttle is None:
            # Several threads may come here at once: all get the first one's.
            throttle = self._regions.setdefault(place.name, Throttle(rate))
        return [*self._whole, throttle]
