"""What Ceph refuses or fails, as errors of the program (snapshots 5)."""

from __future__ import annotations

import errno
from collections.abc import Collection

from ...base.errors import GlanceSyncError


class CephError(GlanceSyncError):
    """Ceph refused or failed a request."""

    is_definite = False
    """Whether it is certain that nothing comes of the request later."""


class ImageNotFound(CephError):
    """The image is not there."""

    is_definite = True


class SnapshotNotFound(CephError):
    """The snapshot is not there."""

    is_definite = True


class NameTaken(CephError):
    """The image has a snapshot of this name."""

    is_definite = True


class QuotaReached(CephError):
    """A quota of the pool, or the limit of snapshots of the image, is reached."""

    is_definite = True


class SnapshotInUse(CephError):
    """The snapshot is protected, or has clones."""

    is_definite = True


class UnreadableName(CephError):
    """A snapshot of the image has a name that is not UTF-8: what the image has cannot be listed."""


class LockHolderSilent(CephError):
    """The client that has the image open does not answer, and our rights cannot put it out."""


class LockLeft(LockHolderSilent):
    """An earlier process of this program was killed while it had the lock of the image.

    :param lockers: client, cookie and address of each holder
    """

    def __init__(self, lockers: Collection[tuple[str, str, str]]) -> None:
        super().__init__(f"an earlier process left its lock: {', '.join(client for client, _, _ in lockers)}")
        self.lockers = lockers


class NoAnswer(CephError):
    """Ceph did not answer in time: the request may still be carried out."""


class RequestsHang(GlanceSyncError):
    """Requests do not return although their time limits have passed.

    Seen of a client that was stopped for so long that another process broke its lock of an image: librbd then waits for
    ever when it closes the image.
    """

    leaves_threads = True

    def __init__(self) -> None:
        text = "requests to Ceph do not return, and the lock of the cluster has ended: the process ends without them"
        super().__init__(f"{text}; what was requested is settled by the next one")


class Blocklisted(CephError):
    """The cluster has excluded this client: only a new connection helps."""


class LockHeld(CephError):
    """Another process has the lock of the cluster."""

    is_definite = True


def lock_held(name: str, pool: str, holder: str) -> LockHeld:
    """The error for a lock that another process has.

    :param name: of the lock
    :param pool: where it is
    :param holder: as that process described itself, "" when it is not known
    """
    who = f" ({holder})" if holder else ""
    return LockHeld(f"another process{who} has the lock {name} in pool {pool}; a minute after its end the lock is free")


def remedy(number: int, user: str) -> str:
    """What to do about an error of Ceph, as the end of its message; "" when that is not known.

    :param number: of the error
    :param user: that of the connection, without ``client.``
    """
    if number == errno.ETIMEDOUT:
        return "; the cluster does not answer: see ceph -s, and ceph_timeout in [snapshots]"
    if number == errno.ENOSPC:
        return "; the cluster is full: see ceph df"
    if number == errno.EPERM:
        return f"; client.{user} lacks rights: compare ceph auth get client.{user} with those in docs/snapshots.rst"
    return ""
