"""The files that commands of snapshots read, and the cluster in memory that they work on."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import pytest

from .snapshot_runs import image_of
from .stand_ins.ceph_stand_in import CephStandIn, StoredCluster, StoredImage


def cluster_with(*volume_ids: str) -> StoredCluster:
    """A cluster with the images of some volumes."""
    made = StoredCluster(str(uuid.uuid4()))
    for volume_id in volume_ids:
        made.images[image_of(volume_id)] = StoredImage(f"volume-{volume_id}")
    return made


def ready_for_commands(
    cluster: StoredCluster,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    modules: Iterable[ModuleType],
    *,
    schedule: str,
    servers: str,
) -> Path:
    """Write the files, have commands connect to a cluster in memory, and keep the user's cloud out.

    :param folder: for the files; the database is in a folder below that is not there yet
    :param modules: of the commands
    :param schedule: content of the schedule file
    :param servers: content of the list of servers
    :return: the configuration
    """
    for name in list(os.environ):
        if name.startswith(("OS_", "GLANCESYNC")):
            monkeypatch.delenv(name)
    for module in modules:
        monkeypatch.setattr(module, "CephCluster", lambda *_: CephStandIn(cluster))
    (folder / "sched.yml").write_text(schedule)
    (folder / "servers.txt").write_text(servers)
    conf = folder / "glancesync.conf"
    conf.write_text(
        f"[main]\ndatabase = sqlite:///{folder}/new/state.db\n"
        f"[snapshots]\nlog_file = {folder}/log\n"
        f"schedule_file = {folder}/sched.yml\nserver_list = {folder}/servers.txt\n"
    )
    return conf
