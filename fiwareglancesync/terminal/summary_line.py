"""The summary of a run, and of one region, in a line (sync 1.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..base.units import MIB, readable_duration, readable_size
from ..images.execution.outcome_counts import MOVED, End, Group, RegionCounts, total
from ..images.region_job import Mode

_ALWAYS = {
    Group.OK: "ok",
    Group.UNDECIDED: "to decide",
    Group.FAILED: "failed",
    Group.NOT_DONE: "not done",
    Group.LEFT_OUT: "left out",
}

_DONE = {
    Group.UPLOAD: "uploaded",
    Group.REPLACE: "replaced",
    Group.RENAME: "renamed and replaced",
    Group.UPDATE: "updated",
    Group.TIDY: "tidied",
}

_WORDS: Mapping[Mode, Mapping[Group, str]] = {
    Mode.SYNC: {**_ALWAYS, **_DONE},
    Mode.DRY_RUN: {**_ALWAYS, **{group: f"would be {words}" for group, words in _DONE.items()}},
    Mode.STATUS: {**_ALWAYS, **dict.fromkeys(_DONE, "pending")},
    Mode.BACKUP: _ALWAYS,
}

_ORDER = (Group.OK, *_DONE, Group.UNDECIDED, Group.FAILED, Group.NOT_DONE, Group.LEFT_OUT)


@dataclass(frozen=True)
class RunSummary:
    """What a run comes to.

    :param mode: what was done
    :param regions: number of regions that were to be done, or are not known by name
    :param counts: of the regions that were begun, or could not be
    :param lost: the targets that cannot be asked for their regions, and the master when it cannot be asked
    :param seconds: how long the run took
    :param logs: the folder of the logs, None when there is none
    """

    mode: Mode
    regions: int
    counts: Sequence[RegionCounts]
    lost: Sequence[str]
    seconds: float
    logs: Path | None = None


def summary_line(summary: RunSummary) -> str:
    """The last line of a run.

    :param summary: what it came to
    """
    ended = [each for each in summary.counts if each.end is not End.INTERRUPTED]
    size = sum(each.size for each in summary.counts)
    images = _phrases(summary.mode, total(summary.counts), readable_size(size))
    if not images:
        all_done = len(ended) == summary.regions and not any(each.end is not End.DONE for each in ended)
        images = ["no images" if all_done and not summary.lost else "nothing done"]
    parts = [f"{_regions(len(ended), summary.regions)}: {', '.join(images)}"]
    failed = [*_names(summary.counts, End.FAILED), *summary.lost]
    if failed:
        parts.append(f"failed: {', '.join(failed)}")
    for end, words in ((End.HELD, "held by another run"), (End.INTERRUPTED, "interrupted")):
        if names := _names(summary.counts, end):
            parts.append(f"{words}: {', '.join(names)}")
    not_begun = summary.regions - len(summary.counts)
    if not_begun > 0:
        parts.append(f"not begun: {not_begun}")
    parts.append(readable_duration(summary.seconds))
    if summary.logs is not None:
        parts.append(f"logs in {summary.logs}")
    return "; ".join(parts)


def region_line(mode: Mode, counts: RegionCounts, seconds: float, cause: str | None) -> str:
    """What was done in one region; the images that were in order before are counted when nothing else is there.

    :param mode: what was done
    :param counts: of the region
    :param seconds: how long it took
    :param cause: why the region as a whole failed, None when it did not
    """
    others: Mapping[Group, int] = {group: count for group, count in counts.images.items() if group is not Group.OK}
    phrases = _phrases(mode, others or counts.images, f"{counts.size // MIB} MB")
    phrases = phrases or ["no images" if cause is None else "nothing done"]
    line = f"{counts.region}: {', '.join([*phrases, readable_duration(seconds)])}"
    return line if cause is None else f"{line}; {cause}"


def _phrases(mode: Mode, images: Mapping[Group, int], size: str) -> list[str]:
    """A phrase for each group, or for several with the same words; the size stands after those that are moved."""
    words = _WORDS[mode]
    counts: dict[str, int] = {}
    for group in _ORDER:
        if images.get(group):
            counts[words[group]] = counts.get(words[group], 0) + images[group]
    moved = [words[group] for group in _ORDER if group in MOVED and images.get(group)]
    sizes = dict.fromkeys(moved[-1:], f" ({size})")
    return [f"{count} {what}{sizes.get(what, '')}" for what, count in counts.items()]


def _names(counts: Iterable[RegionCounts], end: End) -> list[str]:
    return [each.region for each in counts if each.end is end]


def _regions(ended: int, wanted: int) -> str:
    noun = "region" if wanted == 1 else "regions"
    return f"{wanted} {noun}" if ended == wanted else f"{ended} of {wanted} {noun}"
