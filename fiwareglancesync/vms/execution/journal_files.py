"""The journals of the runs of a master volume, as files (vms 2.9)."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ...base.durable_files import sync_folder, write_durably
from ...base.errors import NotWritten
from ..backup_journal import Journal, journal_text, read_journal, slave_volume
from ..vm_errors import JournalUnreadable

KEPT = 30
"""Journals of finished runs that are kept."""

FOLDER, KEPT_FILES, ENDING = "journals", "kept", ".json"
_RUN = re.compile(r"[0-9A-Za-z-]{1,64}")


class JournalFiles:
    """The journals of one master volume.

    :param folder: of all that the program keeps
    :param master: the volume
    """

    def __init__(self, folder: Path, master: str) -> None:
        self._state = folder
        self._folder = folder / master / FOLDER

    @property
    def volume_folder(self) -> Path:
        """Where everything of the volume is kept."""
        return self._folder.parent

    def write(self, journal: Journal) -> None:
        """Write a journal; it is on the disk when this ends.

        :raises NotWritten: that is not possible
        """
        path = self._folder / f"{journal.run}{ENDING}"
        try:
            if not self._folder.is_dir():
                self._folder.mkdir(mode=0o700, parents=True)
                sync_folder(self.volume_folder)
                sync_folder(self._state)
            write_durably(path, journal_text(journal).encode())
        except OSError as error:
            raise NotWritten.because(error, path) from error

    def all(self) -> Sequence[Journal]:
        """All journals, the oldest first.

        :raises JournalUnreadable: one cannot be read
        """
        return [found for path in sorted(self._paths()) if (found := self._read(path)) is not None]

    def unfinished(self) -> Sequence[Journal]:
        """The journals of runs that have left something to do, the oldest first.

        :raises JournalUnreadable: a journal cannot be read
        """
        return [each for each in self.all() if not each.is_finished]

    def remove_old(self) -> None:
        """Remove what ended runs have kept for the slave, and journals of old runs but each slave's last good one."""
        found = self.all()
        for each in found:
            if each.ended:
                self._remove_kept(each)
        newest = {slave_volume(each.slave): each.run for each in found if each.is_consistent}
        for each in found[:-KEPT]:
            if each.is_finished and newest.get(slave_volume(each.slave)) != each.run:
                with suppress(OSError):
                    (self._folder / f"{each.run}{ENDING}").unlink()

    def _remove_kept(self, journal: Journal) -> None:
        """Remove what is put back on the slave before the end of a run, and never after it."""
        folder = self.volume_folder / KEPT_FILES / journal.run
        with suppress(OSError):
            for each in {each.sha256 for each in journal.kept if each.sha256.isalnum()}:
                (folder / each).unlink(missing_ok=True)
            folder.rmdir()

    def _paths(self) -> list[Path]:
        paths = [self._folder / name for name in _names(self._folder)]
        return [each for each in paths if each.suffix == ENDING and _RUN.fullmatch(each.stem)]

    def _read(self, path: Path) -> Journal | None:
        """A journal; None when the process that works on the volume has removed it since it was listed."""
        try:
            found = read_journal(path.read_text(encoding="utf-8"))
            if (found.run, found.master) != (path.stem, self.volume_folder.name):
                raise JournalUnreadable(f"it is that of the run {found.run} of the volume {found.master}")
            return found
        except FileNotFoundError:
            if not path.is_symlink():
                return None
            raise JournalUnreadable(f"{path}: the journal is a link that leads nowhere") from None
        except (JournalUnreadable, OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            text = f"{path}: the journal cannot be read: {reason}; what its run has left is not known"
            raise JournalUnreadable(text) from error


def volumes_of(folder: Path) -> Sequence[str]:
    """The master volumes that have journals.

    :param folder: of all that the program keeps
    :raises JournalUnreadable: it cannot be read
    """
    return sorted(name for name in _names(folder) if (folder / name / FOLDER).is_dir())


def _names(folder: Path) -> Sequence[str]:
    """The names in a folder; none when there is no folder.

    :raises JournalUnreadable: it cannot be read, so it is not known what runs have left
    """
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        hint = "; call the command as the user that does the backups" if isinstance(error, PermissionError) else ""
        raise JournalUnreadable(f"the folder {folder} cannot be read: {error.strerror}{hint}") from error
