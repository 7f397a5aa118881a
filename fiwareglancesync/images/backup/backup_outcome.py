"""What came of a backup of one region."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from ...base.errors import GlanceSyncError
from ...events import Action, BackupFinished
from ..region_names import RegionRef


@dataclass(frozen=True, slots=True)
class BackedUpImage:
    """What was done with one image.

    :param name: its name, "" when it has none
    :param action: None when its record stayed, or nothing was tried
    :param way: how its bytes were read, None when none were
    :param size: bytes read
    :param record: number of its record, None when it has none
    :param missing: why it has no content, None when it has
    :param error: why it could not be kept as it is, None when it could
    """

    id: str
    name: str
    action: Action | None = None
    way: str | None = None
    size: int = 0
    seconds: float = 0.0
    record: int | None = None
    missing: str | None = None
    error: str | None = None


@dataclass
class BackupOutcome:
    """What was done for one region.

    :param shelf: name of the shelf
    :param run: time of the run, None when none was written
    :param images: what was done with the images
    :param error: why there is no run, None when there is, or when nothing was to be written
    :param cause: the error itself
    :param others: number of images of other projects
    :param to_record: in a dry run, number of images that would get a record without being read
    :param to_fetch: in a dry run, number of images whose bytes would be read
    :param fetched_bytes: in a dry run, these bytes
    :param refused: number of images whose bytes the region refuses
    :param unmatched: patterns of ``--image`` that match no image
    """

    region: str
    shelf: str
    run: datetime | None = None
    complete: bool = False
    images: list[BackedUpImage] = field(default_factory=list)
    skipped: int = 0
    others: int = 0
    refused: int = 0
    to_record: int = 0
    to_fetch: int = 0
    fetched_bytes: int = 0
    unmatched: tuple[str, ...] = ()
    error: str | None = None
    cause: GlanceSyncError | OSError | None = None

    @property
    def failures(self) -> int:
        """Number of images that could not be kept as they are."""
        return sum(image.error is not None for image in self.images)

    @property
    def failed(self) -> bool:
        """Whether the exit code is to say that something is not as it should be (vault 3)."""
        return bool(self.error is not None or self.failures or self.refused)

    @property
    def bytes_read(self) -> int:
        """Bytes of the images that were fetched."""
        return sum(image.size for image in self.images if image.error is None)

    def event(self, *, dry: bool) -> BackupFinished:
        """The event that the work for the region has ended.

        :param dry: whether nothing was to be written
        """
        return BackupFinished(
            self.region,
            size=self.fetched_bytes if dry else self.bytes_read,
            failures=self.failures,
            in_step=not (self.to_fetch or self.to_record or self.failed or any(image.action for image in self.images)),
            error=self.error is not None,
            dry=dry,
            kept=sum(1 for _ in self._kept()),
            fetched=self.to_fetch if dry else sum(image.way is not None for image in self._kept()),
            without_content=sum(image.missing is not None for image in self._kept()),
            skipped=self.skipped,
            complete=self.complete,
        )

    def _kept(self) -> Iterator[BackedUpImage]:
        return (image for image in self.images if image.record is not None)


@dataclass
class BackupResult:
    """A region with what came of its backup."""

    ref: RegionRef
    outcome: BackupOutcome
