"""The columns of a matrix of images and regions: how wide they are, and how the names of regions are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

NAMES_AT_LEAST = 24
"""Columns of the terminal that the names of images keep when they have to be shortened."""

GROUP = 5
"""Upright names of regions between two gaps, where the regions are many."""


class Column(NamedTuple):
    """The column of a region, in columns of the terminal.

    :param gap: empty columns before it
    :param width: columns of its content
    """

    gap: int
    width: int

    def write(self, text: str) -> str:
        """A text in the column."""
        return " " * self.gap + set_cell_size(text, self.width)


@dataclass(frozen=True)
class Layout:
    """How some of the regions are written.

    :param name_width: columns of the terminal for the names of images
    :param columns: a column for each region
    :param is_upright: whether the names of regions are written from top to bottom
    :param first: number of the first region
    """

    name_width: int
    columns: tuple[Column, ...]
    is_upright: bool
    first: int = 0

    @property
    def end(self) -> int:
        """Number of the region after the last one."""
        return self.first + len(self.columns)

    @property
    def width(self) -> int:
        """Columns of the terminal for all."""
        return self.name_width + sum(map(sum, self.columns))

    def name(self, name: str) -> str:
        """The name of an image in its column."""
        return set_cell_size(shortened(name, self.name_width), self.name_width)

    def heads(self, regions: Sequence[str]) -> Iterator[str]:
        """The lines with the names of the regions.

        :param regions: the names of all regions
        """
        shown = regions[self.first : self.end]
        lines: Sequence[Sequence[str]] = [shown]
        if self.is_upright:
            upward = [reversed(_characters(region)) for region in shown]
            lines = list(zip_longest(*upward, fillvalue=" "))[::-1]
        for line in lines:
            yield " " * self.name_width + "".join(map(Column.write, self.columns, line))


def layouts(images: Sequence[str], regions: Sequence[str], width: int, *, fits: bool) -> list[Layout]:
    """Lay a matrix out: side by side if that fits, else upright, else upright with few gaps, else in several parts.

    :param images: names of the images, printable
    :param regions: names of the regions, printable
    :param width: columns of the terminal
    :param fits: whether names of images are shortened, and regions divided, so that no line is wider than the terminal
    :return: the parts, one below the other
    """
    names = max(map(cell_len, images))
    side_by_side = Layout(names, tuple(Column(2, cell_len(region)) for region in regions), is_upright=False)
    upright = Layout(names, tuple(Column(1, width) for width in map(_widest, regions)), is_upright=True)
    grouped = Layout(names, _grouped(regions), is_upright=True)
    for layout in (side_by_side, upright, grouped):
        if layout.width <= width:
            return [layout]
    if not fits:
        return [grouped]
    for layout in (upright, grouped):
        room = width - layout.width + names
        if room >= min(names, NAMES_AT_LEAST):
            return [Layout(min(names, room), layout.columns, is_upright=True)]
    return _parts(regions, min(names, NAMES_AT_LEAST), width)


def shortened(text: str, width: int) -> str:
    """A text that is cut in the middle where it is too long: names often differ at their ends.

    :param text: printable
    :param width: columns of the terminal
    """
    if cell_len(text) <= width:
        return text
    end = (width - 1) // 2
    tail = text[-end:] if end else ""
    while cell_len(tail) > end:
        tail = tail[1:]
    return set_cell_size(text, width - 1 - cell_len(tail)) + "…" + tail


def _parts(regions: Sequence[str], names: int, width: int) -> list[Layout]:
    parts: list[Layout] = []
    first = 0
    while first < len(regions):
        count = 1
        while first + count < len(regions):
            wider = Layout(names, _grouped(regions[first : first + count + 1]), is_upright=True)
            if wider.width > width:
                break
            count += 1
        parts.append(Layout(names, _grouped(regions[first : first + count]), is_upright=True, first=first))
        first += count
    return parts


def _grouped(regions: Sequence[str]) -> tuple[Column, ...]:
    return tuple(Column(0 if number % GROUP else 1, _widest(region)) for number, region in enumerate(regions))


def _widest(region: str) -> int:
    """The widest character of a region's name, in columns of the terminal."""
    return max(map(cell_len, region), default=1)


def _characters(text: str) -> list[str]:
    """The characters of a text, combining ones together with the one that they belong to."""
    found: list[str] = []
    for character in text:
        if cell_len(character) == 0 and found:
            found[-1] += character
        else:
            found.append(character)
    return found
