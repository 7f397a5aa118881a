"""The ways of a run, made from its settings (design 6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum

from ...base.throttle import Throttle
from ..places import Place, ReadablePlace
from ..settings import Settings
from .mover import AUTO, Mover
from .server_way import ServerWay
from .sources import FileSource, Source, StreamSource
from .spool import SpoolSource, default_folder, objection
from .upload_way import upload_ways
from .way import Way


class Purpose(Enum):
    """What a run does with the ways."""

    READ = "read"
    MOVE = "move"


@contextmanager
def open_ways(
    settings: Settings, master: ReadablePlace, purpose: Purpose, *, several: bool, has_files: bool = True
) -> Iterator[Mover]:
    """The ways to move content, in the order of preference, while a run lasts.

    :param settings: the configuration
    :param master: the master region
    :param purpose: a run that only reads leaves the spool as it is: a later one may continue with its content
    :param several: whether several regions may need an image, so that it is worth reading it once for all
    :param has_files: whether ``images_dir`` has the files of this master
    """
    spool = SpoolSource(master, settings.spool_dir or default_folder(), settings.spool_size)
    sources: list[Source] = [FileSource(settings.images_dir)] if has_files else []
    if several or settings.transfer == spool.way:
        sources.append(spool)
    ways: list[Way] = [*upload_ways(*sources, StreamSource(master), throttles=BandwidthLimits(settings))]
    ways.insert(1 if has_files else 0, ServerWay(master))
    try:
        yield Mover(ways, settings.transfer)
    finally:
        # Also when this run does not use it: a run that was killed may have left content there.
        if purpose is Purpose.MOVE and not settings.spool_keep:
            spool.clear()


def spool_warning(settings: Settings, *, several: bool) -> str | None:
    """The warning that the configured folder of the spool cannot be used; None when it can, or is not needed.

    :param several: whether several regions may need an image
    """
    if settings.spool_dir is None or settings.transfer not in (AUTO, SpoolSource.way):
        return None
    if not several and settings.transfer == AUTO:
        return None
    problem = objection(settings.spool_dir)
    effect = "nothing can be uploaded" if settings.transfer == SpoolSource.way else "each region reads the master anew"
    return f"[main] spool_dir: {problem}; {effect}" if problem else None


class BandwidthLimits:
    """What limits the bytes per second: the limit of the whole run, and that of each region."""

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
            # Several threads may come here at the same time; all get the throttle of the first.
            throttle = self._regions.setdefault(place.name, Throttle(rate))
        return [*self._whole, throttle]
