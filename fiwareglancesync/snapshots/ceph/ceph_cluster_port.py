"""A real cluster, through the bindings of Debian (snapshots 5)."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime, timezone
from types import MappingProxyType
from typing import Any

from ...base.errors import ConfigError
from ...base.text import show
from .ceph_answers import NAMESPACES, changed_bytes, pool_usage, seen_snapshot
from .ceph_bindings import Bindings, load_bindings
from .ceph_errors import (
    Blocklisted,
    CephError,
    ImageNotFound,
    LockHolderSilent,
    LockLeft,
    NameTaken,
    NoAnswer,
    QuotaReached,
    SnapshotInUse,
    SnapshotNotFound,
    UnreadableName,
    lock_held,
    remedy,
)
from .ceph_model import ClusterHealth, ImageRef, Namespace, SeenSnapshot, Usage
from .ceph_open_images import OpenImages
from .ceph_port import SeenImage
from .earlier_clients import Locker, are_earlier, break_question, noted_client, read_clients, write_clients
from .image_directory import LIVE, TRASH, Directory, read_directory
from .lock_holder import lock_question, read_holder

HEADER = "rbd_header."
"""Of an object's name; the image's id follows."""

LOCK = "snapmanager"
COOKIE = "snapmanager"
MAY_RENEW, MUST_RENEW = 1, 2
"""LIBRADOS_LOCK_FLAG_MAY_RENEW and LIBRADOS_LOCK_FLAG_MUST_RENEW."""

TIMEOUTS = ("rados_osd_op_timeout", "rados_mon_op_timeout", "client_mount_timeout")

ERRORS: dict[int, type[CephError]] = {
    errno.ETIMEDOUT: NoAnswer,
    errno.ESHUTDOWN: Blocklisted,
    errno.EEXIST: NameTaken,
    errno.EDQUOT: QuotaReached,
    errno.EBUSY: SnapshotInUse,
}
"""What the number of an error means."""

WHEN_WRITING = {errno.EROFS: LockHolderSilent, errno.EPERM: LockHolderSilent}
"""What it means besides when an image is changed: librbd may not put out the client that has its lock."""

WHEN_CREATING = {**WHEN_WRITING, errno.EBUSY: CephError}
"""No snapshot is in use then: what comes of the request is not known."""


class CephCluster:
    """A connection to a cluster.

    :param conf: path of ``ceph.conf``
    :param user: without ``client.``
    :param timeout: whole seconds of each request at most
    :raises CephError: the cluster cannot be reached
    :raises ConfigError: ``ceph.conf`` cannot be read
    :raises NotInstalled: the bindings are missing
    """

    def __init__(self, conf: str, user: str, timeout: int) -> None:
        self._bindings: Bindings = load_bindings()
        self._cluster: Any = None
        self._user = user
        check_ceph_conf(conf)
        with self._errors(f"the configuration of Ceph, {conf}, cannot be used; see ceph_conf in [snapshots]"):
            self._cluster = self._bindings.rados.Rados(conffile=conf, rados_id=user)
        keys = "ceph_conf and ceph_user in [snapshots], and the keyring"
        with self._errors(f"no connection to Ceph by {conf} as client.{user}; see {keys}"):
            for option in TIMEOUTS:
                self._cluster.conf_set(option, str(timeout))
            self._cluster.connect(timeout=timeout)
        self._pools: dict[str, Any] = {}
        self._client = noted_client(self._cluster.get_instance_id(), self._cluster.get_addrs())
        self._earlier: set[str] = set()
        self._held: dict[tuple[str, str], tuple[str, int]] = {}
        self._open_images = OpenImages(self._open, self._close_image)

    @property
    def fsid(self) -> str:
        """The id of the cluster."""
        return str(self._cluster.get_fsid())

    def images(self, pool: str) -> Sequence[SeenImage]:
        """All images of a pool, those in its trash too."""
        rbd = self._bindings.rbd.RBD()
        with self._errors(f"pool {pool}"):
            context = self._pool(pool)
            live = self._listed(context, rbd.list2, LIVE)
            trash = self._listed(context, rbd.trash_list, TRASH)
        return [
            SeenImage(ImageRef(pool, id), name, found is trash) for found in (live, trash) for id, name in found
        ]

    def _listed(
        self, context: Any, listing: Callable[[Any], Iterable[Mapping[str, Any]]], directory: Directory
    ) -> list[tuple[str, str]]:
        """The id and the name of each image."""
        try:
            return [(each["id"], each["name"]) for each in listing(context)]
        except UnicodeDecodeError:
            return list(read_directory(self._bindings.rados, context, directory))

    def keep_open(self, images: Collection[ImageRef]) -> AbstractContextManager[None]:
        """Keep some images open for the requests about them."""
        return self._open_images.keep(images)

    def snapshots(self, image: ImageRef) -> Sequence[SeenSnapshot]:
        """All snapshots of an image."""
        with self._image(image, read_only=True) as opened:
            found = [seen_snapshot(each) for each in opened.list_snaps()]
        return sorted(found, key=lambda each: each.id)

    def made_at(self, image: ImageRef, snapshot_id: int) -> datetime:
        """When a snapshot was made, in UTC."""
        self._snapshot(image, snapshot_id)
        with self._image(image, read_only=True) as opened:
            moment: datetime = opened.get_snap_timestamp(snapshot_id)
        return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)

    def sizes(self, image: ImageRef) -> Mapping[int, int]:
        """How many bytes each snapshot has that the one before did not have."""
        found: dict[int, int] = {}
        before: str | None = None
        with self._image(image, read_only=True) as opened:
            snapshots = sorted(opened.list_snaps(), key=lambda each: int(each["id"]))
            for each in snapshots:
                if NAMESPACES.get(each["namespace"]) is not Namespace.USER:
                    continue
                opened.set_snap(each["name"])
                if not self._has_fast_diff(opened):
                    return {}
                found[each["id"]] = changed_bytes(opened, each["size"], before)
                before = each["name"]
        return found

    def create(self, image: ImageRef, name: str) -> None:
        """Make a snapshot."""
        def create() -> None:
            with self._image(image, further=WHEN_CREATING) as opened:
                opened.create_snap(name)

        self._change(image, create)

    def remove(self, image: ImageRef, snapshot_id: int) -> None:
        """Remove a snapshot."""
        found = self._snapshot(image, snapshot_id)
        if found.namespace is not Namespace.TRASH and self.is_protected(image, snapshot_id):
            raise SnapshotInUse(f"snapshot {found.name} of image {image.id} is protected")

        def remove() -> None:
            with self._image(image) as opened:
                opened.remove_snap_by_id(snapshot_id)

        self._change(image, remove)

    def _change(self, image: ImageRef, change: Callable[[], None]) -> None:
        """Change an image, and once more if its lock was that of an earlier process, which was killed."""
        try:
            change()
        except LockLeft as error:
            self._break(image, error.lockers)
            change()

    def _break(self, image: ImageRef, lockers: Collection[Locker]) -> None:
        """Break the lock that clients have on an image which do nothing any more, as far as this one has its own."""
        rados = self._bindings.rados
        with self._errors(f"lock of image {image.id} in pool {image.pool}"):
            for (pool, name), (holder, seconds) in list(self._held.items()):  # time has passed since the last renewal
                self._pool(pool).lock_exclusive(name, LOCK, COOKIE, holder, seconds, MUST_RENEW)
            for client, cookie, _ in lockers:
                question = break_question(client, cookie)
                with suppress(rados.ObjectNotFound):  # it is broken already
                    self._pool(image.pool).execute(HEADER + image.id, "lock", "break_lock", question)

    def is_protected(self, image: ImageRef, snapshot_id: int) -> bool:
        """Whether a snapshot is protected."""
        return self._is_protected(image, self._snapshot(image, snapshot_id).name)

    def _is_protected(self, image: ImageRef, name: str) -> bool:
        with self._image(image, read_only=True) as opened:
            return bool(opened.is_protected_snap(name))

    def children(self, image: ImageRef, snapshot_id: int) -> int | None:
        """How many clones a snapshot has."""
        found = self._snapshot(image, snapshot_id)
        if found.namespace is Namespace.USER and self._has_no_clones(image, found.name):
            return 0
        rbd = self._bindings.rbd
        # An image of its own: whoever lists clones sees the image as of the snapshot.
        with self._errors(f"image {image.id} in pool {image.pool}"), self._open(image, read_only=True) as opened:
            try:
                opened.set_snap_by_id(snapshot_id)
                return sum(1 for _ in opened.list_children2())
            except (rbd.PermissionError, rbd.ImageNotFound):
                return None  # a clone in a pool that this user may not read

    def _has_no_clones(self, image: ImageRef, name: str) -> bool:
        """Whether the image says that a snapshot has none, which needs no look into other pools.

        Clones of version 1 need a protected snapshot, and those of version 2 are marked at their parent. Whoever makes
        one notifies nobody, so that an open image does not have the mark.
        """
        if self._is_protected(image, name):
            return False
        with self._errors(f"image {image.id} in pool {image.pool}"):
            _, answer = self._pool(image.pool).execute(HEADER + image.id, "rbd", "op_features_get", b"")
        marks = int.from_bytes(answer, "little")
        return not marks & self._bindings.rbd.RBD_OPERATION_FEATURE_CLONE_PARENT

    def health(self) -> ClusterHealth:
        """Health checks, and how full the cluster and its pools are."""
        checks = self._command("health").get("checks", {})
        usage = self._command("df")
        total = usage["stats"]
        pools = {each["name"]: pool_usage(each["stats"]) for each in usage["pools"]}
        used = int(total["total_bytes"]) - int(total["total_avail_bytes"])
        return ClusterHealth(frozenset(checks), Usage(used, int(total["total_bytes"])), pools)

    def lock(self, pool: str, name: str, holder: str, seconds: int) -> None:
        """Take a lock, or renew one's own."""
        rados = self._bindings.rados
        with self._errors(f"lock {name} in pool {pool}"):
            context = self._pool(pool)
            try:
                context.lock_exclusive(name, LOCK, COOKIE, holder, seconds, MAY_RENEW)
            except (rados.ObjectBusy, rados.ObjectExists) as error:
                raise lock_held(name, pool, self._holder(context, name)) from error
            if (pool, name) not in self._held:
                self._note_client(context, name)
                self._held[pool, name] = (holder, seconds)

    def unlock(self, pool: str, name: str) -> None:
        """Give one's own lock back."""
        with self._errors(f"lock {name} in pool {pool}"):
            context = self._pool(pool)
            if (pool, name) in self._held:
                del self._held[pool, name]
                write_clients(context, name, (each for each in self._noted(context, name) if each != self._client))
            with suppress(self._bindings.rados.ObjectNotFound):
                context.unlock(name, LOCK, COOKIE)

    def close(self) -> None:
        """End the connection."""
        for context in self._pools.values():
            context.close()
        self._cluster.shutdown()

    def _note_client(self, context: Any, name: str) -> None:
        """Note who has a lock now, and learn who has had it, and did not give it back."""
        noted = [each for each in self._noted(context, name) if each != self._client]
        self._earlier.update(noted)
        write_clients(context, name, [*noted, self._client])

    def _noted(self, context: Any, name: str) -> list[str]:
        rados = self._bindings.rados
        return read_clients(context, name, (rados.NoData, rados.ObjectNotFound))

    def _holder(self, context: Any, name: str) -> str:
        """Who holds a lock, "" when that cannot be found out."""
        try:
            _, answer = context.execute(name, "lock", "get_info", lock_question(LOCK))
        except self._bindings.rados.Error:  # it ended meanwhile, perhaps
            return ""
        return read_holder(answer)

    def _pool(self, name: str) -> Any:
        if name not in self._pools:
            try:
                context = self._cluster.open_ioctx(name)
            except self._bindings.rados.ObjectNotFound as error:
                keys = "ceph_pool, backend_pools and vms_pool in [snapshots]"
                raise CephError(f"the cluster has no pool {show(name)}; see {keys}") from error
            # A full cluster makes clients wait, also with what frees space. It refuses what takes space anyway.
            context.set_osdmap_full_try()
            self._pools[name] = context
        return self._pools[name]

    def _snapshot(self, image: ImageRef, snapshot_id: int) -> SeenSnapshot:
        for each in self.snapshots(image):
            if each.id == snapshot_id:
                return each
        raise SnapshotNotFound(f"image {image.id} has no snapshot {snapshot_id}")

    @contextmanager
    def _image(
        self, image: ImageRef, *, read_only: bool = False, further: Mapping[int, type[CephError]] = WHEN_WRITING
    ) -> Iterator[Any]:
        """An image that is open for one request, or for more."""
        rbd = self._bindings.rbd
        errors = self._errors(f"image {image.id} in pool {image.pool}", {} if read_only else further)
        with errors, self._opened(image, read_only=read_only) as opened:
            try:
                yield opened
            except rbd.Error as error:
                self._open_images.renew(image)
                if not read_only and abs(error.errno) in WHEN_WRITING:
                    raise self._not_writable(image, error) from error
                raise

    @contextmanager
    def _opened(self, image: ImageRef, *, read_only: bool) -> Iterator[Any]:
        """An image that is kept open, or else one of its own."""
        with self._open_images.using(image) as kept:
            if kept is not None:
                yield kept
                return
            with self._open(image, read_only=read_only) as opened:
                yield opened

    def _open(self, image: ImageRef, *, read_only: bool = False) -> Any:
        rbd = self._bindings.rbd
        try:
            return rbd.Image(self._pool(image.pool), image_id=image.id, read_only=read_only)
        except rbd.ImageNotFound as error:
            raise ImageNotFound(f"image {image.id} is not in pool {image.pool}") from error

    def _close_image(self, opened: Any) -> None:
        with suppress(self._bindings.rbd.Error):  # what was requested is done, or has failed for itself
            opened.close()

    def _not_writable(self, image: ImageRef, error: Any) -> CephError:
        """The error of an image that is not writable: for want of rights, or because another client has its lock."""
        rbd = self._bindings.rbd
        try:
            with rbd.Image(self._pool(image.pool), image_id=image.id, read_only=True) as opened:
                lockers = opened.list_lockers()["lockers"]
        except (rbd.Error, TypeError, KeyError):  # without lockers the bindings return another type
            lockers = []
        if are_earlier(lockers, self._earlier, self._client):
            return LockLeft(lockers)
        own = f"client.{self._cluster.get_instance_id()}"
        holder = ", ".join(f"{client} at {address}" for client, _, address in lockers if client != own)
        what = f"image {image.id} in pool {image.pool}"
        if holder:
            return LockHolderSilent(f"{what}: the holder of its lock, {holder}, does not answer: {error}")
        text = f"{what}: it cannot be changed: {error}{remedy(abs(error.errno), self._user)}"
        return LockHolderSilent(text) if abs(error.errno) == errno.EROFS else CephError(text)

    def _has_fast_diff(self, opened: Any) -> bool:
        """Whether an image says at once what has changed in it."""
        rbd = self._bindings.rbd
        invalid = rbd.RBD_FLAG_OBJECT_MAP_INVALID | rbd.RBD_FLAG_FAST_DIFF_INVALID
        return bool(opened.features() & rbd.RBD_FEATURE_FAST_DIFF) and not opened.flags() & invalid

    def _command(self, prefix: str) -> Any:
        with self._errors(prefix):
            code, output, text = self._cluster.mon_command(json.dumps({"prefix": prefix, "format": "json"}), b"")
            if code:
                raise ERRORS.get(-code, CephError)(f"ceph {prefix} failed: {text}")
            return json.loads(output)

    @contextmanager
    def _errors(self, what: str, further: Mapping[int, type[CephError]] = MappingProxyType({})) -> Iterator[None]:
        """Turn the errors of the bindings into those of the program.

        :param what: what they are about
        :param further: what other numbers mean here
        """
        rados, rbd = self._bindings
        try:
            yield
        except (rados.Error, rbd.Error) as error:
            number = abs(getattr(error, "errno", 0) or 0)
            kind = further.get(number)
            if kind is not None:
                raise kind(f"{what}: {error}") from error
            raise ERRORS.get(number, CephError)(f"{what}: {error}{remedy(number, self._user)}") from error
        except UnicodeDecodeError as error:  # the bindings read all names as UTF-8, and somebody else chose this one
            name = error.object.decode("utf-8", "backslashreplace")
            raise UnreadableName(f"{what}: a name there is not UTF-8, {show(name)}; rename it") from error


def check_ceph_conf(path: str) -> None:
    """Refuse a file that cannot be read; the bindings report it as an object of RADOS that is not found.

    :raises ConfigError: it cannot be read
    """
    try:
        with open(path, "rb"):
            return
    except OSError as error:
        text = f"[snapshots] ceph_conf: {path} cannot be read: {error.strerror}"
        raise ConfigError(f"{text}; copy it from the cluster, or name it there") from error
