"""Why no snapshot is made, or none removed, as things are (snapshots 4.6). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..ceph.ceph_model import ClusterHealth, SeenSnapshot, Usage

WARN_AT = 400
"""Snapshots of an image, of whatever kind, from which on a warning is given."""

REFUSE_AT = 450
"""Snapshots of an image from which on none is added: librbd becomes slow, and has a limit."""

SLOW_TRIMMING = "PG_SLOW_SNAP_TRIMMING"
"""The health check that is raised while the cluster does not keep up with removed snapshots."""

NO_MANAGER = "MGR_DOWN"
"""The health check that is raised when no ceph-mgr runs: usage stays as it was reported last."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether something is done.

    :param refusal: why it is not, "" when it is
    :param warning: what somebody has to know, "" for nothing
    """

    refusal: str = ""
    warning: str = ""


def judge_number(listed: Sequence[SeenSnapshot]) -> Verdict:
    """Whether an image may have one more snapshot.

    :param listed: all that it has, of any namespace
    """
    if len(listed) >= REFUSE_AT:
        return Verdict(refusal=f"the image has {len(listed)} snapshots; from {REFUSE_AT} on none is added")
    if len(listed) >= WARN_AT:
        return Verdict(warning=f"the image has {len(listed)} snapshots; from {REFUSE_AT} on none is added")
    return Verdict()


def judge_room(health: ClusterHealth, pool: str, stop_ratio: float) -> Verdict:
    """Whether snapshots may be made in a pool, as far as its room and that of the cluster go.

    :param stop_ratio: how full both may be, from 0 to 1
    """
    full = sorted(check for check in health.checks if "FULL" in check)
    if full:
        return Verdict(refusal=f"the cluster reports {', '.join(full)}")
    usages = {"the cluster": health.cluster, f"the pool {pool}": health.pools.get(pool, Usage(0, 0))}
    for place, usage in usages.items():
        if usage.total > 0 and usage.used >= stop_ratio * usage.total:
            ratio = usage.used / usage.total
            return Verdict(refusal=f"{place} is {ratio:.0%} full; from {stop_ratio:.0%} on nothing is made")
    if NO_MANAGER in health.checks:
        return Verdict(warning=f"how full the cluster is now, is not known: it reports {NO_MANAGER}")
    unknown = [place for place, usage in usages.items() if usage.total <= 0]
    if unknown:
        return Verdict(warning=f"how full {' and '.join(unknown)} is, is not known: no ceph-mgr reports it")
    return Verdict()


def room_warnings(health: ClusterHealth, pools: Iterable[str], stop_ratio: float) -> list[str]:
    """What somebody has to know of the room in some pools, each once.

    :param pools: in which snapshots are to be made
    :param stop_ratio: how full they and the cluster may be, from 0 to 1
    """
    texts: dict[str, None] = {}
    for pool in sorted(pools):
        verdict = judge_room(health, pool, stop_ratio)
        if verdict.refusal:
            texts[f"nothing is made in pool {pool}: {verdict.refusal}"] = None
        elif verdict.warning:
            texts[verdict.warning] = None
    return list(texts)


def why_nothing_is_removed(health: ClusterHealth, *, has_jumped: bool) -> str:
    """Why no snapshot is removed for now, "" when that is possible.

    :param has_jumped: whether the clock was set forward since the servers were listed
    """
    if SLOW_TRIMMING in health.checks:
        return f"the cluster reports {SLOW_TRIMMING}"
    return "the clock was set forward, and the servers have not been listed since" if has_jumped else ""
