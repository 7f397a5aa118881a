"""With ``--parallel`` each region's story goes to a file of its own (contract 1.4)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType

from ..errors import GlanceSyncError
from ..events import Event
from ..execution.regions import RegionRef
from ..facade.names import file_name
from .narrative import Chronicle


class Chronicles:
    """A folder ``sync_<date>_<time>`` in the current folder, with ``<R>.txt`` for each region.

    :param refs: the regions
    """

    def __init__(self, refs: Sequence[RegionRef]) -> None:
        self._refs = refs
        self._files: dict[str, Chronicle] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Chronicles:
        folder = _new_folder()
        for ref in self._refs:
            path = folder / f"{file_name(ref.full)}.txt"
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            file = self._stack.enter_context(os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace"))
            self._files[ref.full] = Chronicle(file)
        return self

    def __call__(self, event: Event) -> None:
        """Write an event into the file of its region."""
        chronicle = self._files.get(event.region)
        if chronicle is not None:
            chronicle(event)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def _new_folder() -> Path:
    name = datetime.now().strftime("sync_%Y%m%d_%H%M")
    for number in range(1, 1000):
        folder = Path(name if number == 1 else f"{name}_{number}")
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            continue
        except OSError as error:
            raise GlanceSyncError(f"the folder {folder} cannot be made here: {error.strerror}") from error
        return folder
    raise GlanceSyncError(f"there are too many folders {name}_… here; remove some")
