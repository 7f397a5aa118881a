"""Reads layers of the slave volume: through a mount on this machine, or by ssh on the slave (vms 2.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from ...base.text import one_line
from . import volume_files


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to look at.

    :param path: relative to the volume
    :param offsets: of the blocks to read; None for all of the file
    :param is_read: whether it is read; else only size and identity are wanted
    """

    path: PurePosixPath
    offsets: tuple[int, ...] | None = None
    is_read: bool = True


@dataclass(frozen=True, slots=True)
class Content:
    """What is in a file.

    :param size: bytes
    :param digest: of what was read, "" for nothing
    :param identity: changes when the file does
    :param problem: why it could not be read, "" when it could
    """

    size: int = 0
    digest: str = ""
    identity: str = ""
    problem: str = ""


class VolumeFiles(Protocol):
    """The files of a volume."""

    def contents(self, wanted: Sequence[Wanted]) -> Sequence[Content]:
        """What is in some files, in the same order; one that cannot be read has a problem."""

    def stop(self) -> None:
        """End what another thread reads at this moment; everything that it has still to read gets a problem."""


class MountedFiles:
    """The files of a volume that is mounted on this machine.

    :param mount: where
    """

    def __init__(self, mount: Path) -> None:
        self._mount = mount
        self._progress = _Stoppable()

    def contents(self, wanted: Sequence[Wanted]) -> Sequence[Content]:
        """What is in some files."""
        return [read_answer(self._content(each)) for each in wanted]

    def stop(self) -> None:
        """End what another thread reads."""
        self._progress.is_stopped = True

    def _content(self, wanted: Wanted) -> dict[str, object]:
        offsets = None if wanted.offsets is None else list(wanted.offsets)
        return volume_files.content(str(self._mount), wanted.path.parts, offsets, wanted.is_read, self._progress)


class _Stoppable(volume_files.Progress):
    """Ends the reading of a file, and of all others."""

    is_stopped = False

    def step(self) -> None:
        """A block has been read."""
        if self.is_stopped:
            raise OSError(0, "the comparison was ended")


def read_answer(document: Any) -> Content:
    """What is in a file, from the answer about it; one that makes no sense is a problem."""
    try:
        if "problem" in document:
            return Content(problem=one_line(str(document["problem"])) or "it cannot be read")
        size, digest, identity = document["size"], document["digest"], document["identity"]
        return Content(int(size), str(digest), str(identity))
    except (KeyError, TypeError, ValueError, OverflowError):
        return Content(problem="the answer about it makes no sense")
