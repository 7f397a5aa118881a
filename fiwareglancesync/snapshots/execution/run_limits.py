"""What limits a run that makes and removes snapshots (snapshots 4.6)."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..planning.excess_plan import RemovalLimits


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What limits a run.

    :param max_parallel: requests at once
    :param stop_ratio: how full the cluster and a pool may be, from 0 to 1
    """

    max_parallel: int = 4
    stop_ratio: float = 0.85
    removal: RemovalLimits = field(default_factory=RemovalLimits)
