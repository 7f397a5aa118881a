"""What an operator, or a bad day, does to the cluster of the development cloud; afterwards it is as it was."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from devcloud_lib.ceph import ceph_lifecycle, ceph_programs
from devcloud_lib.ceph.ceph_cluster import POOLS, SNAPSHOTS, CephCluster
from devcloud_lib.waiting import wait_for

RATIOS = {"nearfull": 0.85, "backfillfull": 0.9, "full": 0.95}
"""Those of a new cluster."""

LONGEST = 60.0


def ceph(cluster: CephCluster, *words: object) -> str:
    """Call ``ceph`` as its administrator; what it prints."""
    return ceph_programs.run(cluster, "ceph", *words)


def wait_for_check(cluster: CephCluster, check: str, *, is_there: bool = True) -> None:
    """Wait until a health check is raised, or is not any more."""
    assert wait_for(lambda: (check in ceph(cluster, "health", "detail")) is is_there, LONGEST)


@contextmanager
def filled(cluster: CephCluster, check: str) -> Iterator[None]:
    """A cluster that counts as full, or nearly full, with the little that it has.

    :param check: ``OSD_NEARFULL`` or ``OSD_FULL``
    """
    low = {"nearfull": 0.001, "backfillfull": 0.002, "full": 0.003} if check == "OSD_FULL" else {"nearfull": 0.001}
    _set_ratios(cluster, low)
    try:
        wait_for_check(cluster, check)
        yield
    finally:
        _set_ratios(cluster, dict(reversed(RATIOS.items())))
        wait_for_check(cluster, "FULL", is_there=False)


@contextmanager
def without_manager(cluster: CephCluster) -> Iterator[None]:
    """A cluster without a manager."""
    ceph_lifecycle.stop(cluster, ["ceph-mgr"])
    try:
        ceph(cluster, "mgr", "fail", "x")
        wait_for_check(cluster, "MGR_DOWN")
        yield
    finally:
        ceph_lifecycle.start(cluster, ["ceph-mgr"], lambda text: None)


@contextmanager
def trimming_slowly(cluster: CephCluster) -> Iterator[None]:
    """A cluster that does not free what removed snapshots had, and says so as soon as one is removed."""
    key = "mon_osd_snap_trim_queue_warn_on"
    ceph(cluster, "config", "set", "global", key, 1)
    ceph(cluster, "osd", "set", "nosnaptrim")
    try:
        yield
    finally:
        ceph(cluster, "osd", "unset", "nosnaptrim")
        ceph(cluster, "config", "rm", "global", key)
        wait_for_check(cluster, "PG_SLOW_SNAP_TRIMMING", is_there=False)


def set_rights(cluster: CephCluster, osd: str = "", mon: str = "allow r") -> None:
    """Give the user of the program other rights.

    :param osd: "" for those that it has in a new cluster
    """
    osd = osd or ", ".join(f"profile rbd pool={pool}" for pool in POOLS)
    ceph(cluster, "auth", "caps", f"client.{SNAPSHOTS}", "mon", mon, "osd", osd)


def end_sessions(cluster: CephCluster) -> None:
    """Have the OSD look at the rights of its clients again, as it does when they connect."""
    ceph_lifecycle.stop(cluster, ["ceph-osd"])
    ceph_lifecycle.start(cluster, ["ceph-osd"], lambda text: None)


@contextmanager
def silent_osd(cluster: CephCluster) -> Iterator[None]:
    """An OSD that does not answer."""
    pid = cluster.processes["ceph-osd"].pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _set_ratios(cluster: CephCluster, ratios: dict[str, float]) -> None:
    for name, ratio in ratios.items():
        ceph(cluster, "osd", f"set-{name}-ratio", ratio)
