"""Why a call with ``--exit-code`` ends with 3 (sync 1.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..images.execution.outcome import RegionOutcome
from ..images.execution.sync_run import Run


def reasons(run: Run, outcomes: Iterable[RegionOutcome], *, writes: bool) -> list[str]:
    """What is not as it should be, one phrase each; nothing when all is.

    :param run: what has been selected
    :param outcomes: what came of the regions
    :param writes: whether what was pending has been done
    """
    return [*_of_regions(list(outcomes), writes=writes), *_of_selections(run)]


def _of_regions(outcomes: list[RegionOutcome], *, writes: bool) -> Iterator[str]:
    found = {
        "something is pending in": [o.region for o in outcomes if not writes and not o.in_step],
        "an interrupted run has left images in": [o.region for o in outcomes if not writes and o.leftovers],
        "images await a decision in": [o.region for o in outcomes if o.undecided],
    }
    for what, regions in found.items():
        if regions:
            yield f"{what} {', '.join(regions)}"


def _of_selections(run: Run) -> Iterator[str]:
    for target in run.unselected:
        yield f"no image is selected for target {target}"
    if run.left_out:
        yield f"images that are selected and cannot be synchronised: {run.left_out}"
