"""The contents that the regions of a dry run would fetch, so that each of them counts once (vault 3)."""

from __future__ import annotations

import fcntl
import os
import weakref
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace

from ..vault.vault_model import ContentKey
from .backup_plan import BackupPlan, PlannedImage, Step

Claim = Callable[[Collection[ContentKey]], frozenset[ContentKey]]


class PlannedContents:
    """Contents that were claimed by a region, in a file in memory: the processes of ``--parallel`` share it."""

    def __init__(self) -> None:
        self._descriptor = os.memfd_create("planned contents")
        weakref.finalize(self, os.close, self._descriptor)

    def claim(self, contents: Collection[ContentKey]) -> frozenset[ContentKey]:
        """Claim contents for a region.

        :return: those that no region had claimed before
        """
        with self._alone():
            end = os.fstat(self._descriptor).st_size
            claimed = set(os.pread(self._descriptor, end, 0).decode("ascii").split())
            new = frozenset(content for content in contents if content.sha512 not in claimed)
            os.pwrite(self._descriptor, "".join(f"{content.sha512}\n" for content in new).encode("ascii"), end)
            return new

    @contextmanager
    def _alone(self) -> Iterator[None]:
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX)  # flock would not do: forked processes share its lock
        try:
            yield
        finally:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN)


def fetched_once(plan: BackupPlan, claim: Claim) -> BackupPlan:
    """The same plan, where each content is fetched for one image; the others only get a record.

    :param plan: of one region
    :param claim: returns which of some contents no region before this one fetches
    """
    known = [planned.content for planned in plan.of(Step.FETCH) if planned.content is not None]
    unfetched = set(claim(known))

    def once(planned: PlannedImage) -> PlannedImage:
        content = planned.content
        if planned.step is not Step.FETCH or content is None:
            return planned
        if content in unfetched:
            unfetched.remove(content)
            return planned
        return replace(planned, step=Step.RECORD, reason="its content is fetched for another image")

    return replace(plan, images=tuple(map(once, plan.images)))
