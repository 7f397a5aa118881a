"""Statuses as a matrix: a row for each image, a column for each region, one sign in each cell (sync 1.4)."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, TextIO

from ..base.text import printable
from ..images.model import SyncStatus
from .matrix_layout import layouts, shortened
from .text_tables import LEFT_OUT, colour_of

if TYPE_CHECKING:
    from ..images.region_job import RegionResult

FAILED = "region failed"
NOT_SELECTED = "not selected for this region"

SIGNS: Mapping[str, str] = {
    SyncStatus.OK: ".",
    SyncStatus.OK_STALLED_CHECKSUM: "=",
    SyncStatus.PENDING_UPLOAD: "u",
    SyncStatus.PENDING_REPLACE: "r",
    SyncStatus.PENDING_RENAME: "n",
    SyncStatus.PENDING_METADATA: "m",
    SyncStatus.PENDING_AMI: "a",
    SyncStatus.ERROR_CHECKSUM: "C",
    SyncStatus.ERROR_AMI: "A",
    LEFT_OUT: "x",
    FAILED: "!",
    NOT_SELECTED: "-",
}
"""The sign of each state that a cell can have: small letters are pending, capitals await a decision."""

SETTLED = (SyncStatus.OK, SyncStatus.OK_STALLED_CHECKSUM)
"""States of a cell in which nothing is to be done."""

LONGEST_HEAD = 32
"""Columns of the terminal that the name of a region may take; a longer one is shortened."""

Segment = tuple[str, str]
"""A text and its colour."""

Line = list[Segment]


class StatusMatrix:
    """Collects the statuses of regions and writes them as a matrix.

    :param stream: where to; on a terminal the matrix fits its width
    :param only_pending: whether to leave out images and regions in which nothing is to be done
    """

    def __init__(self, stream: TextIO, *, only_pending: bool) -> None:
        self._stream = stream
        self._only_pending = only_pending
        self._regions: list[str] = []
        self._failed: set[str] = set()
        self._sizes: dict[str, float] = {}
        self._cells: dict[str, dict[str, str]] = {}

    def add(self, result: RegionResult) -> None:
        """Take what came of a region."""
        region = result.ref.full
        self._regions.append(region)
        if result.outcome.error is not None:
            self._failed.add(region)
        for left in result.left_out:
            if not (self._only_pending and left.deliberate):
                self._sizes.setdefault(left.image, float("inf") if left.size is None else left.size)
                self._cells.setdefault(left.image, {})[region] = LEFT_OUT
        for row in result.rows:
            self._sizes.setdefault(row.image, row.size)
            self._cells.setdefault(row.image, {})[region] = row.status

    def write(self) -> None:
        """Write the matrix and the meaning of its signs; nothing when there is nothing to show."""
        images = sorted(self._cells, key=lambda image: (self._sizes[image], image))
        regions = self._regions
        if self._only_pending:
            images = [image for image in images if _is_unsettled(self._cells[image].values())]
            regions = [region for region in regions if self._is_shown(region)]
        if images:
            self._write_lines(self._lines(images, regions, shutil.get_terminal_size().columns))

    def _lines(self, images: Sequence[str], regions: Sequence[str], width: int) -> Iterator[Line]:
        names = [printable(image) for image in images]
        heads = [shortened(printable(region), LONGEST_HEAD) for region in regions]
        for layout in layouts(names, heads, width, fits=self._stream.isatty()):
            for head in layout.heads(heads):
                yield [(head, "")]
            for image, name in zip(images, names, strict=True):
                states = [self._state(image, region) for region in regions[layout.first : layout.end]]
                cells = [
                    (column.write(SIGNS[state]), colour_of(state))
                    for column, state in zip(layout.columns, states, strict=True)
                ]
                yield [(layout.name(name), ""), *cells]
            yield []
        yield from _legend({self._state(image, region) for image in images for region in regions}, width)
        hidden = {"image": len(self._cells) - len(images), "region": len(self._regions) - len(regions)}
        if any(hidden.values()):
            found = (f"{count} {noun}" if count == 1 else f"{count} {noun}s" for noun, count in hidden.items() if count)
            counts = " and ".join(found)
            yield from ([(line, "")] for line in wrap(f"Not shown, because nothing is pending: {counts}", width))

    def _is_shown(self, region: str) -> bool:
        return region in self._failed or _is_unsettled(
            cells[region] for cells in self._cells.values() if region in cells
        )

    def _state(self, image: str, region: str) -> str:
        return self._cells[image].get(region, FAILED if region in self._failed else NOT_SELECTED)

    def _write_lines(self, lines: Iterable[Line]) -> None:
        if not self._stream.isatty():
            for line in lines:
                self._stream.write("".join(text for text, _ in line).rstrip() + "\n")
            return
        from rich.console import Console
        from rich.text import Text

        console = Console(file=self._stream, highlight=False)
        for line in lines:
            console.print(Text.assemble(*line), no_wrap=True, overflow="ignore", crop=False)


def _is_unsettled(states: Iterable[str]) -> bool:
    return any(state not in SETTLED for state in states)


def _legend(states: Collection[str], width: int) -> Iterator[Line]:
    """The meaning of the signs that occur, in lines that are not wider than the terminal."""
    line: Line = []
    used = 0
    for state, sign in SIGNS.items():
        if state not in states:
            continue
        text = f"{sign} {state}"
        if line and used + 3 + len(text) > width:
            yield line
            line, used = [], 0
        if line:
            line.append(("   ", ""))
            used += 3
        line.append((text, colour_of(state)))
        used += len(text)
    yield line
