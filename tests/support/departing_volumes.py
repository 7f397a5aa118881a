"""Volumes of a real cluster that are deleted with the calls of Cinder's RBD driver, and what strangers have there."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from devcloud_lib.ceph import ceph_programs
from devcloud_lib.ceph.ceph_cluster import CINDER, SNAPSHOTS, CephCluster

from fiwareglancesync.jobs.command_database import open_command_database
from fiwareglancesync.main import main
from fiwareglancesync.snapshots.ceph.ceph_bindings import load_bindings
from fiwareglancesync.snapshots.ceph.ceph_cluster_port import LOCK
from fiwareglancesync.snapshots.ceph.ceph_cluster_port import CephCluster as ClusterPort
from fiwareglancesync.snapshots.ceph.ceph_model import ImageRef, Namespace, SeenSnapshot
from fiwareglancesync.snapshots.execution.snapshot_session import SnapshotSession
from fiwareglancesync.snapshots.inventory.server_inventory import InventoryRecord, VolumeLocation
from fiwareglancesync.snapshots.inventory.snapshot_files import load_schedule
from fiwareglancesync.snapshots.planning.excess_plan import Reason
from fiwareglancesync.snapshots.schedule.server_list import ListedServer, write_servers
from fiwareglancesync.snapshots.snapshot_events import CopyRemoved, SnapshotEvent
from fiwareglancesync.snapshots.snapshot_options import SnapshotSettings
from fiwareglancesync.snapshots.state.snapshot_changes import SnapshotChanges
from fiwareglancesync.snapshots.state.snapshot_store import SnapshotStore

POOL, SERVER, TIMEOUT, MEBIBYTE = "volumes", "11111111-0000-4000-8000-000000000000", 15, 2**20
STRANGERS = ("snapshot-of-cinder", "daily_20200101T000000Z")
"""Snapshots that others have on each image; one has a name as ours."""


@dataclass
class Departing:
    """A server with volumes in a cluster, and runs of the program.

    :param volumes: ids of the volumes of the server
    :param timeout: whole seconds of each request at most
    """

    cluster: CephCluster
    folder: Path
    volumes: list[str] = field(default_factory=list)
    events: list[SnapshotEvent] = field(default_factory=list)
    settings: SnapshotSettings = field(default_factory=lambda: SnapshotSettings(deleted_keep=0, orphan_keep=0))
    timeout: int = TIMEOUT

    def __post_init__(self) -> None:
        bindings = load_bindings()
        self.rbd = bindings.rbd
        self._rados = bindings.rados.Rados(conffile=str(self.cluster.config_file), rados_id=CINDER)
        self._rados.connect()
        self.pool = self._rados.open_ioctx(POOL)
        self.ceph = ClusterPort(str(self.cluster.config_file), SNAPSHOTS, self.timeout)
        self.engine = open_command_database(f"sqlite:///{self.folder}/state.db")
        self._foreign: list[str] = []
        self._contexts = {POOL: self.pool}
        self.images: dict[str, ImageRef] = {}
        self.before: dict[ImageRef, list[SeenSnapshot]] = {}
        (self.folder / "sched.yml").write_text("web: 3@2\n")

    def add_volume(self, *strangers: str) -> str:
        """Make a volume with some content.

        :param strangers: names of snapshots that somebody else has there
        """
        volume = str(uuid.uuid4())
        self.rbd.RBD().create(self.pool, f"volume-{volume}", 16 * MEBIBYTE)
        with self.rbd.Image(self.pool, f"volume-{volume}") as image:
            image.write(b"x" * (8 * MEBIBYTE), 0)
            ref = ImageRef(POOL, image.id())
            for name in strangers:
                image.create_snap(name)
        self.volumes.append(volume)
        self.images[volume] = ref
        self.before[ref] = list(self.ceph.snapshots(ref))
        return volume

    def add_foreign(self, volume: str) -> None:
        """Give a volume what others can have there: a group, mirroring, protection, a clone."""
        name, rbd = f"volume-{volume}", self.rbd
        rbd.RBD().group_create(self.pool, f"group-{volume}")
        group = rbd.Group(self.pool, f"group-{volume}")
        group.add_image(self.pool, name)
        group.create_snap("daily_20200101T000001Z")
        rbd.RBD().mirror_mode_set(self.pool, rbd.RBD_MIRROR_MODE_IMAGE)
        with rbd.Image(self.pool, name) as image:
            image.mirror_image_enable(rbd.RBD_MIRROR_IMAGE_MODE_SNAPSHOT)
            for snapshot in ("daily_20200101T000002Z", "daily_20200101T000003Z"):
                image.create_snap(snapshot)
                image.protect_snap(snapshot)
        rbd.RBD().clone(self.pool, name, "daily_20200101T000003Z", self.pool, clone_of(volume), features=1)
        self.before[self.images[volume]] = list(self.ceph.snapshots(self.images[volume]))
        self._foreign.append(volume)

    def _take_foreign(self, volume: str) -> None:
        """Take the group and the mirroring away again."""
        name, rbd = f"volume-{volume}", self.rbd
        with rbd.Image(self.pool, name) as image:
            image.mirror_image_disable(True)
        group = rbd.Group(self.pool, f"group-{volume}")
        group.remove_snap("daily_20200101T000001Z")
        group.remove_image(self.pool, name)
        rbd.RBD().group_remove(self.pool, f"group-{volume}")

    def take_over(self, volume: str) -> None:
        """Have a volume that Cinder made."""
        with self.rbd.Image(self.pool, f"volume-{volume}") as image:
            self.images[volume] = ImageRef(POOL, image.id())
        self.volumes.append(volume)

    def move(self, volume: str, pool: str) -> None:
        """Move a volume into another pool as Cinder does: by a new image of the same name.

        :param pool: that of the new image
        """
        name = f"volume-{volume}"
        target = self._context(pool)
        with self.rbd.Image(self.pool, name) as image:
            image.copy(target, name)
        with self.rbd.Image(target, name) as made:
            self.images[volume] = ImageRef(pool, made.id())
        self.rbd.RBD().trash_move(self.pool, name)

    def delete(self, volume: str, *, delay: int = 0) -> None:
        """Delete a volume as Cinder does.

        :param delay: seconds of a deferred deletion
        """
        name = f"volume-{volume}"
        with self.rbd.Image(self.pool, name) as image:
            has_clones = any(each["name"].endswith(".clone_snap") for each in image.list_snaps())
        self.volumes.remove(volume)
        if has_clones:
            self.rbd.RBD().rename(self.pool, name, f"{name}.deleted")
            return
        try:
            self.rbd.RBD().remove(self.pool, name)
        except self.rbd.ImageHasSnapshots:
            self.rbd.RBD().trash_move(self.pool, name, delay)

    def run(self, *, inventory: Iterable[str] | None = None, covers_all: bool = True, orphans: bool = False) -> None:
        """One run after an inventory.

        :param inventory: the volumes that Cinder lists, None for those that were not deleted
        """
        listed = self.volumes if inventory is None else list(inventory)
        locations = dict.fromkeys(listed, VolumeLocation())
        record = InventoryRecord(datetime.now(timezone.utc), covers_all, locations, frozenset({SERVER}))
        self.run_after(record, orphans=orphans)

    def run_after(self, record: InventoryRecord, *, orphans: bool = False) -> None:
        """One run."""
        SnapshotChanges(self.engine, self.ceph.fsid).keep_inventory(record)
        schedule = load_schedule(str(self.folder / "sched.yml"), str(self._write_servers()))
        session = SnapshotSession(self.ceph, self.engine, self.settings, schedule, self.events.append)
        session.run([], "", prune=False, orphans=orphans)

    def command(self, *words: str) -> int:
        """Call a verb of ``glancesync snapshots`` with the schedule; its exit code."""
        return main(["snapshots", *words, "--conf", str(self.write_configuration())])

    def write_configuration(self) -> Path:
        """Write the configuration of commands, and the list of servers."""
        conf = self.folder / "glancesync.conf"
        conf.write_text(
            f"[main]\ndatabase = sqlite:///{self.folder}/state.db\n[snapshots]\n"
            f"schedule_file = {self.folder}/sched.yml\nserver_list = {self._write_servers()}\n"
            f"log_file = {self.folder}/log\nceph_conf = {self.cluster.config_file}\nceph_timeout = {self.timeout}\n"
        )
        return conf

    def recorded(self) -> list[tuple[str, str]]:
        """The volumes and the names of all copies that are recorded."""
        copies = SnapshotStore(self.engine, self.ceph.fsid).read().copies
        return sorted((copy.volume_id, copy.name) for copy in copies)

    def listed(self) -> list[tuple[str, str]]:
        """The same of the snapshots that are ours, as the images list them."""
        found = ((volume, each) for volume, ref in self.images.items() for each in self.ceph.snapshots(ref))
        return sorted(
            (volume, each.name) for volume, each in found
            if each.namespace is Namespace.USER and each not in self.before[self.images[volume]]
        )  # fmt: skip

    def free_lock(self) -> None:
        """Have the lock of the cluster, and what a process that was killed watches, end at once instead of later."""
        for locker in self.end_lock():
            ceph_programs.run(self.cluster, "ceph", "osd", "blocklist", "add", locker["addr"], 600)

    def end_lock(self) -> list[dict[str, str]]:
        """Have the lock of the cluster end at once; who had it."""
        lockers = self.lock_holders()
        for locker in lockers:
            ceph_programs.run(
                self.cluster, "rados", "-p", POOL, "lock", "break", self.lock_name, LOCK, locker["name"],
                "--lock-cookie", locker["cookie"],
            )  # fmt: skip
        return lockers

    def lock_holders(self) -> list[dict[str, str]]:
        """Who has the lock of the cluster."""
        answer = ceph_programs.run(self.cluster, "rados", "-p", POOL, "lock", "info", self.lock_name, LOCK)
        holders: list[dict[str, str]] = json.loads(answer)["lockers"]
        return holders

    @property
    def lock_name(self) -> str:
        """The name of the lock of the cluster, and of its object."""
        return f"snapmanager.{self.ceph.fsid}"

    def _write_servers(self) -> Path:
        path = self.folder / "servers.txt"
        path.write_text(write_servers([ListedServer(SERVER, "acme", "web", tuple(self.volumes))]))
        return path

    def names(self, volume: str) -> list[str]:
        """The names of all snapshots of a volume's image."""
        return [each.name for each in self.ceph.snapshots(self.images[volume])]

    def removed(self) -> list[str]:
        """The volumes of which copies were removed because they were deleted, each once for a copy."""
        found = [each for each in self.events if isinstance(each, CopyRemoved)]
        return [each.copy.volume_id for each in found if each.why == Reason.DEPARTED.value]

    def purge(self, volume: str) -> bool:
        """Remove the image of a deleted volume from the trash, as Cinder does in the end; whether that is possible."""
        try:
            self.rbd.RBD().trash_remove(self.pool, self.images[volume].id, True)
        except (self.rbd.ImageHasSnapshots, self.rbd.ImageBusy):
            return False
        return True

    def check_strangers(self) -> None:
        """Check that what strangers have is as it was, where the image is there."""
        there = {image.ref for image in self.ceph.images(POOL)}
        for ref, before in self.before.items():
            if ref in there:
                now = {each.id: each for each in self.ceph.snapshots(ref)}
                assert [now.get(each.id) for each in before] == before

    def open_image(self, volume: str) -> Any:
        """The image of a volume, for what an operator does."""
        ref = self.images[volume]
        return self.rbd.Image(self._context(ref.pool), image_id=ref.id)

    def _context(self, pool: str) -> Any:
        if pool not in self._contexts:
            self._contexts[pool] = self._rados.open_ioctx(pool)
        return self._contexts[pool]

    def close(self) -> None:
        """Remove the images, and end all connections."""
        for volume in self._foreign:
            self._take_foreign(volume)
        self._remove_clones()
        for volume, ref in self.images.items():
            with suppress(self.rbd.ImageNotFound):
                self._remove_snapshots(volume)
                context = self._context(ref.pool)
                if any(image.ref == ref and image.is_trashed for image in self.ceph.images(ref.pool)):
                    self.rbd.RBD().trash_restore(context, ref.id, f"left-{volume}")
                name = next(image.name for image in self.ceph.images(ref.pool) if image.ref == ref)
                self.rbd.RBD().remove(context, name)
        self.ceph.close()
        self.engine.dispose()
        for context in self._contexts.values():
            context.close()
        self._rados.shutdown()

    def _remove_clones(self) -> None:
        for volume in self.images:
            with suppress(self.rbd.ImageNotFound):
                self.rbd.RBD().remove(self.pool, clone_of(volume))

    def _remove_snapshots(self, volume: str) -> None:
        with self.open_image(volume) as image:
            for each in list(image.list_snaps()):
                if image.is_protected_snap(each["name"]):
                    image.unprotect_snap(each["name"])
                image.remove_snap(each["name"])


def clone_of(volume: str) -> str:
    """The name of the clone of a volume."""
    return f"clone-{volume}"
