"""Removes copies, each after a look at it (snapshots 4.4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..ceph.ceph_errors import Blocklisted, CephError, ImageNotFound, LockHolderSilent, NoAnswer, SnapshotNotFound
from ..ceph.ceph_model import ImageRef, Namespace, SeenSnapshot
from ..ceph.ceph_port import Ceph
from ..ceph.cluster_lock import ClusterLock
from ..planning.copy_removal import Fate, Judgement, RemovalLook, judge_removal
from ..snapshot_events import CopyClosed, CopyKept, CopyRemoved, Listener, SnapshotWarning
from ..snapshot_model import Copy
from .snapshot_ledger import SnapshotLedger


class SnapshotRemoval:
    """Removes copies of one cluster; threads may share it.

    :param lock: of the cluster
    """

    def __init__(self, ceph: Ceph, lock: ClusterLock, ledger: SnapshotLedger, listener: Listener) -> None:
        self._ceph = ceph
        self._lock = lock
        self._ledger = ledger
        self._listener = listener
        self._silent: set[ImageRef] = set()

    def remove(self, candidates: Iterable[tuple[Copy, str]], most: int) -> int:
        """Remove copies until enough are gone; one that stays blocks no other.

        :param candidates: each with the reason
        :param most: how many are removed
        :returns: how many were removed
        :raises Blocklisted: only a new connection helps
        :raises LockTooOld: nothing may be begun
        """
        removed = 0
        for copy, reason in candidates:
            if removed == most:
                break
            removed += self._remove(copy, reason)
        return removed

    def compare(self, volume_id: str) -> bool:
        """Forget the copies of a volume that its images do not list any more; whether all of these could be listed.

        :raises Blocklisted: only a new connection helps
        :raises LockTooOld: nothing may be begun
        """
        self._lock.guard()
        known = self._ledger.copies([volume_id])
        try:
            for image in {copy.image for copy in known}:
                of_image = [copy for copy in known if copy.image == image]
                self._ledger.compare(of_image, self._listed(image))
        except Blocklisted:
            raise
        except CephError as error:
            self._listener(SnapshotWarning(f"volume {volume_id}: nothing is removed: {error}"))
            return False
        return True

    def finish(self, lingering: Iterable[Copy]) -> None:
        """Finish removals that were interrupted, and forget copies that their last clone does not keep any more.

        :param lingering: copies that were removed
        :raises Blocklisted: only a new connection helps
        :raises LockTooOld: nothing may be begun
        """
        for copy in lingering:
            try:
                is_interrupted = self._is_interrupted(copy)
            except (ImageNotFound, SnapshotNotFound):
                self._ledger.close(copy)
                continue
            except Blocklisted:
                raise
            except CephError as error:
                self._listener(CopyKept(copy, f"whether its removal was interrupted is not known: {error}", True))
                continue
            if is_interrupted:
                self._finish(copy)

    def _is_interrupted(self, copy: Copy) -> bool:
        """Whether a snapshot is in the namespace *trash* under its recorded name, and no clone keeps it there."""
        found = next((each for each in self._ceph.snapshots(copy.image) if each.id == copy.snapshot_id), None)
        if found is None:
            raise SnapshotNotFound("it is gone")
        is_removed = found.namespace is Namespace.TRASH and found.original_name == copy.name
        return is_removed and self._ceph.children(copy.image, copy.snapshot_id) == 0

    def _finish(self, copy: Copy) -> None:
        judgement = self._request(copy)
        if judgement.fate is Fate.KEEP:
            self._listener(CopyKept(copy, judgement.why, judgement.is_error))
        else:
            self._ledger.close(copy)
            self._listener(CopyRemoved(copy, "its removal had been interrupted"))

    def judge(self, copy: Copy) -> Judgement:
        """Look a copy up, and decide what becomes of it.

        :raises Blocklisted: only a new connection helps
        """
        if copy.image in self._silent:  # each request would last until its time limit again
            return Judgement(Fate.KEEP, "its image did not answer before", is_error=True)
        try:
            return judge_removal(copy, self._look(copy))
        except Blocklisted:
            raise
        except CephError as error:
            return self._keep(copy, error)

    def _keep(self, copy: Copy, error: CephError) -> Judgement:
        if isinstance(error, NoAnswer | LockHolderSilent):
            self._silent.add(copy.image)
        return Judgement(Fate.KEEP, str(error), is_error=True)

    def _listed(self, image: ImageRef) -> Sequence[SeenSnapshot]:
        try:
            return self._ceph.snapshots(image)
        except ImageNotFound:
            return ()

    def _look(self, copy: Copy) -> RemovalLook:
        try:
            listed = self._ceph.snapshots(copy.image)
            found = next((each for each in listed if each.id == copy.snapshot_id), None)
            if found is None or found.namespace is not Namespace.USER or found.name != copy.name:
                return RemovalLook(copy.image, found, None, None)
            is_protected = self._ceph.is_protected(copy.image, copy.snapshot_id)
            return RemovalLook(copy.image, found, is_protected, self._ceph.children(copy.image, copy.snapshot_id))
        except (ImageNotFound, SnapshotNotFound):
            return RemovalLook(copy.image, None, None, None)

    def _remove(self, copy: Copy, reason: str) -> bool:
        judgement = self.judge(copy)
        if judgement.fate is Fate.REMOVE:
            judgement = self._request(copy)
        if judgement.fate is Fate.KEEP:
            self._listener(CopyKept(copy, judgement.why, judgement.is_error))
        elif judgement.fate is Fate.LINGER:
            self._ledger.linger(copy)
            self._listener(CopyClosed(copy, judgement.why))
        else:
            self._ledger.close(copy)
            is_removed = judgement.fate is Fate.REMOVE
            self._listener(CopyRemoved(copy, reason) if is_removed else CopyClosed(copy, judgement.why))
        return judgement.fate is Fate.REMOVE

    def _request(self, copy: Copy) -> Judgement:
        self._lock.guard()
        try:
            self._ceph.remove(copy.image, copy.snapshot_id)
        except (ImageNotFound, SnapshotNotFound):
            return Judgement(Fate.CLOSE, "it is gone")
        except Blocklisted:
            raise
        except CephError as error:  # whether it was removed, the next look at it shows
            return self._keep(copy, error)
        return Judgement(Fate.REMOVE)
