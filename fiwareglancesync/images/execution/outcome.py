"""The outcome of a region and of each of its images: values for reports, exit codes and the table of tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...events import Action
from ..model import SyncStatus


@dataclass(frozen=True, slots=True)
class ImageOutcome:
    """What was done with one image.

    :param status: the status before; None for images without status (obsolete images, leftovers)
    :param way: how its bytes were moved, None when none were
    :param size: bytes moved
    :param seconds: how long the action took
    :param error: the cause of the failure, None when it succeeded
    """

    image: str
    action: Action | None
    status: SyncStatus | None = None
    way: str | None = None
    size: int = 0
    seconds: float = 0.0
    error: str | None = None
    notes: tuple[str, ...] = ()


@dataclass
class RegionOutcome:
    """What was done in one region.

    :param region: its full name
    :param images: what was done with the images
    :param error: why the region as a whole failed, None when it did not
    :param statuses: the status of each image to be synchronised, before anything was done
    :param differences: name of each image whose metadata is (was) to be updated → what differs
    :param left_out: name of each image that cannot be synchronised, and why
    :param in_step: whether there was (in a dry run and a status: is) nothing to upload, replace, rename or update
    :param leftovers: number of images that an interrupted run left
    :param obsolete_changes: number of images that followed (follow) an obsolete or hidden one of the master
    :param pending_bytes: bytes that were (are) to be moved
    :param undecided: number of images that await a decision
    :param kept_private: number of restored images whose visibility the region refused
    """

    region: str
    images: list[ImageOutcome] = field(default_factory=list)
    error: str | None = None
    statuses: tuple[tuple[str, SyncStatus], ...] = ()
    differences: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: tuple[tuple[str, str], ...] = ()
    in_step: bool = False
    leftovers: int = 0
    obsolete_changes: int = 0
    pending_bytes: int = 0
    undecided: int = 0
    kept_private: int = 0

    @property
    def failures(self) -> int:
        """Number of images that failed."""
        return len({outcome.image for outcome in self.images if outcome.error is not None})

    @property
    def failed(self) -> bool:
        """Whether the region or one of its images failed (sync 1.2)."""
        return self.error is not None or self.failures > 0 or self.kept_private > 0

    @property
    def bytes_moved(self) -> int:
        """Bytes of the images that succeeded."""
        return sum(outcome.size for outcome in self.images if outcome.error is None)
