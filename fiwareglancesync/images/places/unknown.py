"""The one sentence about a region that is not there, the same of every federation."""

from __future__ import annotations

from collections.abc import Sequence

from ...base.errors import UnknownRegion
from ...base.text import nearest
from ..settings import Target, full_name


def unknown_region(target: Target, region: str, known: Sequence[str]) -> UnknownRegion:
    """Say that a region is unknown, and which are known.

    :param target: the target that was asked
    :param region: its name there
    :param known: the names of the target's regions, sorted
    :return: the error, for the caller to raise
    """
    text = f"{full_name(target.name, region)}: unknown region; the regions of target {target.name} are:"
    text += " " + (", ".join(known) if known else "none")
    near = nearest(region, known)
    meant = full_name(target.name, near) if near else None
    error = UnknownRegion(f"{text}; did you mean {meant}?" if meant else text)
    error.near = meant
    return error
