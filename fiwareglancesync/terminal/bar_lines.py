"""The lines of the progress bars: they fit the width and the height of the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..base.text import printable
from ..base.units import clock_duration, readable_part, readable_size
from .region_progress import RegionProgress, RunProgress

FREE_LINES = 4
"""Lines of the terminal that are left to the narrative."""

GAP = "  "

MIN_NAME, MIN_BAR, MAX_BAR, MIN_IMAGE = 8, 6, 40, 12
"""Widths in cells of the terminal."""

DONE, TO_DO = "━", "╌"


@dataclass(frozen=True)
class BarRow:
    """One line before it is fitted to the width.

    :param name: of the region
    :param part: how much is done, from 0 to 1
    :param size: bytes done and to be done
    :param count: images, or regions, done and to be done; ``short_count`` without the noun
    :param activity: rate and time left; ``short_activity`` the same in fewer words
    :param images: what is being moved
    """

    name: str
    part: float
    size: str
    count: str
    short_count: str
    activity: str
    short_activity: str
    images: str = ""


def bar_lines(progress: RunProgress, width: int, height: int, now: float) -> list[str]:
    """The lines for a terminal of a certain size.

    :param progress: how far the regions are
    :param width: columns of the terminal
    :param height: rows of the terminal
    :param now: the time of a monotonic clock
    :return: lines, each shorter than the width
    """
    moving = progress.moving
    if not moving:
        return []
    room = max(1, height - FREE_LINES)
    if progress.regions <= 1:
        return _fitted([_region_row(each, now) for each in moving[:room]], width)
    total = _total_row(progress, now)
    if len(moving) < room:
        return _fitted([*(_region_row(each, now) for each in moving), total], width)
    shown = [_region_row(each, now) for each in moving[: max(0, room - 2)]]
    *first, last = _fitted([*shown, total], width)
    rest = len(moving) - len(shown)
    return [*first, shortened(f"and {rest} more regions", width - 1), last][-room:]


def _region_row(region: RegionProgress, now: float) -> BarRow:
    count = f"{region.finished_images}/{region.images}"
    since = region.fetched_since
    if since is not None:
        time = clock_duration(now - since)
        activity, short_activity = f"region fetches it, {time}", f"fetching {time}"
    else:
        activity, short_activity = _activity(region.rate(now), region.seconds_left(now))
    return BarRow(
        printable(region.region),
        region.done / region.size if region.size else 1.0,
        readable_part(region.done, region.size),
        f"{count} images",
        count,
        activity,
        short_activity,
        ", ".join(map(printable, region.moving)),
    )


def _total_row(progress: RunProgress, now: float) -> BarRow:
    """The sum of all regions; while the plans of some are not known, more than the time shown is left."""
    count = f"{progress.finished_regions}/{progress.regions}"
    size, done = progress.size, progress.done
    more = "" if progress.is_all_planned else ">"
    activity, short_activity = _activity(progress.rate(now), progress.seconds_left(now), more)
    part = done / size if size else 1.0
    return BarRow("Total", part, readable_part(done, size), f"{count} regions", count, activity, short_activity)


def _activity(rate: float, seconds_left: float | None, more: str = "") -> tuple[str, str]:
    if seconds_left is None:
        return "", ""
    speed, time = f"{readable_size(rate)}/s", more + clock_duration(seconds_left)
    return f"{speed} {time} left", f"{speed} {time}"


def _fitted(rows: Sequence[BarRow], width: int) -> list[str]:
    """Rows as lines with columns of equal width: the names are shortened before the figures are left out."""
    room = width - 1  # a terminal may begin a new line after its last column
    for figures in _variants(rows):
        rest = room - sum(len(GAP) + _widest(column) for column in zip(*figures, strict=True))
        if rest >= MIN_NAME + len(GAP) + MIN_BAR:
            return [_line(*each) for each in zip(*_columns(rows, figures, rest), strict=True)]
    return [shortened(f"{row.name}{GAP}{row.size}", room) for row in rows]


def _variants(rows: Sequence[BarRow]) -> list[list[tuple[str, ...]]]:
    """The figures of each row, from the fullest wording to the shortest."""
    return [
        [(row.size, row.count, row.activity) for row in rows],
        [(row.size, row.short_count, row.short_activity) for row in rows],
        [(row.size, row.short_count) for row in rows],
        [(row.size,) for row in rows],
    ]


def _columns(
    rows: Sequence[BarRow], figures: Sequence[tuple[str, ...]], rest: int
) -> tuple[list[str], list[str], list[str], list[str]]:
    """Share what the figures leave of a line among names, bars and images: the columns from left to right."""
    name_width = min(_widest([row.name for row in rows]), rest - len(GAP) - MIN_BAR)
    rest -= name_width + len(GAP)
    widest = _widest([row.images for row in rows])
    image_width = min(widest, rest - MIN_BAR - len(GAP))
    if image_width < min(widest, MIN_IMAGE):
        image_width = 0
    bar_width = min(rest - (image_width + len(GAP) if image_width else 0), MAX_BAR)
    widths = [_widest(column) for column in zip(*figures, strict=True)]
    return (
        [_padded(shortened(row.name, name_width), name_width) for row in rows],
        [_bar(row.part, bar_width) for row in rows],
        [GAP.join(text.rjust(size) for text, size in zip(of_row, widths, strict=True)) for of_row in figures],
        [shortened(row.images, image_width) for row in rows],
    )


def _line(*cells: str) -> str:
    return GAP.join(cells).rstrip()


def _bar(part: float, width: int) -> str:
    done = int(width * min(1.0, max(0.0, part)))
    return DONE * done + TO_DO * (width - done)


def _widest(texts: Sequence[str]) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, texts))


def _padded(text: str, width: int) -> str:
    from rich.cells import set_cell_size

    return set_cell_size(text, width)


def shortened(text: str, width: int) -> str:
    """A text in at most so many cells of the terminal: what is too much is taken out of its middle.

    :param text: printable text
    :param width: cells; wide characters take two
    """
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= width:
        return text
    if width < 1:
        return ""
    start = set_cell_size(text, width // 2)
    end = text[::-1]
    end = set_cell_size(end, width - 1 - width // 2)[::-1]
    return f"{start}…{end}"
