"""Why a call with ``--exit-code`` ends with 3 (sync 1.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..images.execution.outcome import RegionOutcome
from ..images.region_job import Mode
from ..images.session import Session


def reasons(session: Session, outcomes: Iterable[RegionOutcome]) -> list[str]:
    """Why not all is as it should be, a phrase each; empty when all is.

    :param session: what was wanted, and what has been selected
    :param outcomes: what came of the regions
    """
    return [*_of_regions(list(outcomes), writes=session.mode is Mode.SYNC), *_of_selections(session)]


def _of_regions(outcomes: list[RegionOutcome], *, writes: bool) -> Iterator[str]:
    found = {
        "something is pending in": [o.region for o in outcomes if not writes and not o.in_step],
        "images are to be marked obsolete or hidden (see --dry-run) in": [
            o.region for o in outcomes if not writes and o.obsolete_changes
        ],
        "an interrupted run has left images in": [o.region for o in outcomes if not writes and o.leftovers],
        "images await a decision in": [o.region for o in outcomes if o.undecided],
    }
    for what, regions in found.items():
        if regions:
            yield f"{what} {', '.join(regions)}"


def _of_selections(session: Session) -> Iterator[str]:
    for target in session.unselected:
        yield f"no image is selected for target {target}"
    if session.left_out:
        yield f"images that are selected and cannot be synchronised: {session.left_out}"
