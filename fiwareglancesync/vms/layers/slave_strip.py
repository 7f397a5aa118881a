"""Removes overlays of a run from the slave, and puts back what the engine wrote meanwhile (vms 2.6).

Folders are opened once, without following links, and every file is named relative to its folder.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ...base.errors import NotWritten
from ..backup_journal import JournalDisk, JournalMachine, KeptFile
from ..planning.overlay_names import Entry, Removal, is_id, leaf_meta, present, removal
from ..vm_errors import StripRefused
from .domain_files import kept_content
from .layer_chain import IMAGES
from .volume_files import FILE, open_folder

META = ".meta"
NEW = ".meta.glancesync"
"""Ending of new metadata until they take the place of the old ones."""

LARGEST_META = 65536
WRITE = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class _DiskWork:
    """What is done for a disk.

    :param folder: opened
    :param names: the files of the overlay that are there
    :param frozen: the layer below
    :param meta: its new metadata, None when they are right or there are none
    """

    removal: Removal
    folder: int
    names: tuple[str, ...]
    frozen: str
    meta: bytes | None


def strip_machine(
    mount: Path, machine: JournalMachine, chains: Mapping[str, Collection[str]]
) -> tuple[PurePosixPath, ...]:
    """Remove the overlays of a virtual machine, and make the layers below them the top ones again.

    May be called again after it was interrupted. All of the machine is looked at before anything is changed.

    :param mount: where the slave volume is mounted
    :param chains: ids of the layers below the overlay, by the id of the disk, as ``MachineCheck.layer_ids``
    :returns: what was removed, relative to the volume
    :raises StripRefused: something is not what this run has made; nothing of the machine has been changed
    :raises NotWritten: the file system refused
    """
    with ExitStack() as folders:
        work = [_disk_work(mount, disk, chains.get(disk.id, ()), folders) for disk in machine.disks]
        return tuple(path for each in work for path in _strip(each))


def put_back(mount: Path, folder: Path, kept: Sequence[KeptFile]) -> None:
    """Write files of the storage domain as they were before the snapshots (OVF_STORE).

    They are written in place: geo-replication knows a file by its id, and a new file would have another one.

    :param mount: where the slave volume is mounted
    :param folder: with the contents, as for ``keep_files``
    :raises StripRefused: a file is no ordinary one, or its kept content is missing or damaged
    :raises NotWritten: the file system refused
    """
    for each in kept:
        kept_content(folder, each)
    for each in kept:
        filled = kept_content(folder, each)
        with ExitStack() as folders:
            opened = _folder(mount, PurePosixPath(each.domain, IMAGES, each.image), folders)
            path = PurePosixPath(each.domain, IMAGES, each.image, each.name)
            _demand_file(opened, path)
            present_one = _content(opened, path, each.size + 1)
            if len(present_one) != each.size or present_one.rstrip(b"\0") != filled:
                _overwrite(opened, path, filled, each.size)


def _disk_work(mount: Path, disk: JournalDisk, chain: Collection[str], folders: ExitStack) -> _DiskWork:
    """Look at the files of a disk; nothing is changed."""
    if not chain or disk.frozen not in chain:
        raise StripRefused(f"the layers of the disk {disk.id} have not been compared; nothing is removed")
    wanted = removal(disk, chain)
    path, opened = wanted.folder, _folder(mount, wanted.folder, folders)
    found = present(wanted, {name: entry for name in wanted.names if (entry := _entry(opened, path / name))})
    _demand_file(opened, path / disk.frozen)
    meta = _new_meta(opened, path / (disk.frozen + META), disk.meta)
    return _DiskWork(wanted, opened, found, disk.frozen, meta)


def _new_meta(folder: int, path: PurePosixPath, kept: str) -> bytes | None:
    """The metadata that the layer below the overlay gets.

    :param kept: those before the snapshot, "" where there were none
    """
    if _entry(folder, path.with_name(path.name[: -len(META)] + NEW)) not in (None, Entry.FILE):
        raise StripRefused(f"{path} cannot be written: the name of the new file is taken; nothing is removed")
    if _entry(folder, path) is None:
        if kept:
            raise StripRefused(f"{path} is not there; nothing is removed")
        return None
    _demand_file(folder, path)
    present_text = _content(folder, path, LARGEST_META)
    wanted = leaf_meta(kept or present_text.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    return None if wanted == present_text else wanted


def _strip(work: _DiskWork) -> Iterator[PurePosixPath]:
    path, opened = work.removal.folder, work.folder
    if work.meta is not None:
        _replace(opened, path / (work.frozen + META), path / (work.frozen + NEW), work.meta)
    for name in work.names:
        with _refusals(path / name):
            # Its folder is open, so no link leads elsewhere, and a name that is a link by now is itself removed.
            os.unlink(name, dir_fd=opened)
        yield path / name
    with _refusals(path):
        os.fsync(opened)


def _replace(folder: int, path: PurePosixPath, new: PurePosixPath, content: bytes) -> None:
    """Write a new file, and let it take the place of the old one, with its owner and mode."""
    with _refusals(path):
        old = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
        if _entry(folder, new) is Entry.FILE:
            os.unlink(new.name, dir_fd=folder)
        file = os.open(new.name, WRITE | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
        try:
            os.fchown(file, old.st_uid, old.st_gid)
            os.fchmod(file, stat.S_IMODE(old.st_mode))
            _write(file, content)
        finally:
            os.close(file)
        os.rename(new.name, path.name, src_dir_fd=folder, dst_dir_fd=folder)


def _overwrite(folder: int, path: PurePosixPath, filled: bytes, size: int) -> None:
    with _refusals(path):
        file = os.open(path.name, WRITE, dir_fd=folder)
        try:
            os.ftruncate(file, 0)
            os.ftruncate(file, size)
            _write(file, filled)
        finally:
            os.close(file)


def _write(file: int, content: bytes) -> None:
    written = 0
    while written < len(content):
        written += os.pwrite(file, content[written:], written)
    os.fsync(file)


def _content(folder: int, path: PurePosixPath, limit: int) -> bytes:
    with _refusals(path):
        file = os.open(path.name, FILE, dir_fd=folder)
        with os.fdopen(file, "rb") as opened:
            return opened.read(limit)


def _demand_file(folder: int, path: PurePosixPath) -> None:
    entry = _entry(folder, path)
    if entry is not Entry.FILE:
        what = "not there" if entry is None else entry.value
        raise StripRefused(f"{path} is {what}; nothing is removed")


def _entry(folder: int, path: PurePosixPath) -> Entry | None:
    """What a name is, without following it; None when it is not there."""
    with _refusals(path):
        try:
            mode = os.stat(path.name, dir_fd=folder, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return None
    if stat.S_ISREG(mode):
        return Entry.FILE
    if stat.S_ISDIR(mode):
        return Entry.FOLDER
    return Entry.LINK if stat.S_ISLNK(mode) else Entry.OTHER


def _folder(mount: Path, path: PurePosixPath, folders: ExitStack) -> int:
    """Open the folder of a disk.

    :param folders: closes it
    """
    if len(path.parts) != 3 or not is_id(path.parts[0]) or not is_id(path.parts[2]):
        raise StripRefused(f"{path} is no folder of a disk; nothing is removed")
    try:
        opened = open_folder(str(mount), path.parts)
    except OSError as error:
        raise StripRefused(f"{path} cannot be opened: {error.strerror}; nothing is removed") from error
    folders.callback(os.close, opened)
    return opened


@contextmanager
def _refusals(path: PurePosixPath) -> Iterator[None]:
    """Turn a refusal of the file system into an error of the program."""
    try:
        yield
    except OSError as error:
        raise NotWritten.because(error, path) from error
