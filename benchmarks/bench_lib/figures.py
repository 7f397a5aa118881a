"""What a benchmark comes to: figures beside their targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .measure import Spread


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    :param what: what is measured, against what
    :param target: as a text, "" when there is none
    :param figure: the median, as a text
    :param met: whether the target is met; None when there is no target
    :param spread: smallest and largest of the single figures, and their number
    """

    what: str
    target: str
    figure: str
    met: bool | None
    spread: str = ""


@dataclass(frozen=True)
class Result:
    """What a row of the table came to.

    :param size: how much was moved or listed
    :param figures: its lines
    :param details: further lines for the reader, Markdown
    :param skipped: why nothing was measured, "" when something was
    """

    size: str
    figures: Sequence[Figure] = ()
    details: Sequence[str] = field(default_factory=tuple)
    skipped: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> Result:
        figures = [Figure(**figure) for figure in data["figures"]]
        return Result(data["size"], figures, data["details"], data["skipped"])


def at_most(
    what: str, limit: float, values: Sequence[float], form: str = ".2f", unit: str = "", sign: str = ""
) -> Figure:
    """A figure that should not exceed a target; the median counts.

    :param values: the single figures
    :param form: how a number is written
    :param unit: written after numbers, with its space
    :param sign: "+" for differences
    """
    spread = Spread.of(values)
    form = f"{sign}{form}"
    return Figure(
        what, f"≤ {limit:{form}}{unit}", f"{spread.median:{form}}{unit}", spread.median <= limit,
        f"{spread.text(form)} ({len(values)})",
    )


def at_least(what: str, limit: float, values: Sequence[float], unit: str = "") -> Figure:
    """A figure that should reach a target; the median counts.

    :param values: the single figures
    :param unit: written after numbers, with its space
    """
    spread = Spread.of(values)
    return Figure(
        what, f"≥ {limit:.2f}{unit}", f"{spread.median:.2f}{unit}", spread.median >= limit,
        f"{spread.text('.2f')} ({len(values)})",
    )


def plain(what: str, values: Sequence[float], form: str = ".2f", unit: str = "") -> Figure:
    """A figure without a target."""
    spread = Spread.of(values)
    return Figure(what, "", f"{spread.median:{form}}{unit}", None, f"{spread.text(form)} ({len(values)})")
