"""Which layers have been compared with a slave volume, in the folder of the state (vms 2.5)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Any

from ...base.durable_files import write_durably
from ...base.errors import NotWritten
from ...base.file_names import file_name

VERSION = 1
KEPT = timedelta(days=90)
"""How long a record is kept that is not used: that of a layer that is gone, or of one that is long switched off."""


@dataclass(frozen=True, slots=True)
class CheckRecord:
    """A layer that was the same on both volumes.

    :param master: the identity of the master's file at that time
    :param slave: likewise of the slave's
    :param used: when it was last compared or found unchanged, ISO 8601
    :param whole: whether it was compared whole, and not by samples
    :param run: id of the run that did it last
    """

    master: str
    slave: str
    used: str
    whole: bool
    run: str


class CheckRecords:
    """The records of one slave volume; a file that is missing or cannot be read holds none.

    May be used from several threads at the same time.

    :param folder: of the state
    :param slave: as ``HOST::VOLUME``
    :param now: when this run compares, ISO 8601
    :param run: its id
    """

    def __init__(self, folder: Path, slave: str, now: str, run: str) -> None:
        self._path = folder / f"checks-{file_name(slave)}.json"
        self._now = now
        self._run = run
        self._lock = Lock()
        self._records = _read(self._path)

    def is_unchanged(self, path: PurePosixPath, master: str, slave: str) -> bool:
        """Whether a layer was compared whole, and has not changed since on either side.

        :param path: relative to the volume
        :param master: the identity of the master's file now, "" when it is not known
        :param slave: likewise of the slave's
        """
        with self._lock:
            record = self._records.get(str(path))
            if record is None or not record.whole or "" in (master, slave):
                return False
            if (record.master, record.slave) != (master, slave):
                return False
            self._records[str(path)] = replace(record, used=self._now, run=self._run)
            return True

    def add(self, path: PurePosixPath, master: str, slave: str, *, whole: bool) -> None:
        """Note that a layer was compared, and is the same; the parameters are those of ``is_unchanged``.

        :param whole: whether it was compared whole
        """
        with self._lock:
            self._records[str(path)] = CheckRecord(master, slave, self._now, whole, self._run)

    def of_run(self, run: str) -> dict[PurePosixPath, str]:
        """The identities that the slave's files had when a run compared them last, by their paths.

        :param run: its id
        """
        with self._lock:
            return {PurePosixPath(path): each.slave for path, each in self._records.items() if each.run == run}

    def remove(self, path: PurePosixPath) -> None:
        """Note that a layer is not the same."""
        with self._lock:
            self._records.pop(str(path), None)

    def save(self) -> None:
        """Write them in one step; those not used for long are left out.

        :raises NotWritten: the file cannot be written
        """
        oldest = (datetime.fromisoformat(self._now) - KEPT).isoformat()
        with self._lock:
            records = {path: asdict(each) for path, each in self._records.items() if each.used >= oldest}
        text = json.dumps({"v": VERSION, "layers": records}, indent=1, sort_keys=True) + "\n"
        try:
            write_durably(self._path, text.encode())
        except OSError as error:
            raise NotWritten.because(error, self._path) from error


def _read(path: Path) -> dict[str, CheckRecord]:
    """The records of a file. Without them everything is compared again, so nothing is said of a damaged file."""
    try:
        document: Any = json.loads(path.read_bytes())
        if document["v"] != VERSION:
            return {}
        found = {key: CheckRecord(**each) for key, each in document["layers"].items()}
        return found if all(map(_is_record, found.values())) else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _is_record(record: CheckRecord) -> bool:
    return all(isinstance(each, str) for each in (record.master, record.slave, record.used, record.run))
