"""Keeps what a run has to put back on the slave: metadata of top layers, and the engine's OVF_STORE (vms 2.2)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from ...base.durable_files import sync_folder, write_durably
from ...base.errors import NotWritten, system_error
from ..backup_journal import KeptFile
from ..engines.machines_port import StoreLayer
from ..planning.overlay_names import is_id
from ..vm_errors import DomainFileRefused, StripRefused
from .layer_chain import IMAGES
from .volume_files import open_file, read_at

META = ".meta"
LARGEST_META = 65536
LARGEST_STORE = 256 * 2**20
"""Bytes of a file of OVF_STORE; the engine makes it with 128 MiB."""


def read_meta(mount: Path, domain: str, disk: str, layer: str) -> str:
    """The metadata of a layer, for ``JournalDisk.meta``; "" when it has none, as with libvirt.

    :param mount: where the master volume is mounted
    :param domain: id of the storage domain
    :param disk: id
    :param layer: id of the top layer, before the snapshot
    :raises DomainFileRefused: it is no ordinary file, or no such text
    """
    path = _path(domain, disk, layer, META)
    try:
        return _read(mount, path, LARGEST_META).decode("utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise DomainFileRefused(f"{path} is no text") from error


def keep_files(mount: Path, folder: Path, domain: str, layers: Sequence[StoreLayer]) -> tuple[KeptFile, ...]:
    """Copy layers with their metadata into a folder of the state, fsynced, for ``Journal.kept``.

    :param mount: where the master volume is mounted
    :param folder: of the run; made when it is missing
    :param domain: id of the storage domain
    :param layers: of OVF_STORE
    :raises DomainFileRefused: one is no ordinary file, or is too large
    :raises NotWritten: the folder cannot be written
    """
    kept = []
    for layer in layers:
        for ending, limit in (("", LARGEST_STORE), (META, LARGEST_META)):
            path = _path(domain, layer.disk, layer.layer, ending)
            try:
                content = _read(mount, path, limit)
            except FileNotFoundError as error:
                raise DomainFileRefused(f"{path} is not there") from error
            kept.append(_keep(folder, domain, layer.disk, path.name, content))
    return tuple(kept)


def kept_content(folder: Path, kept: KeptFile) -> bytes:
    """The content of a file that was kept, without the zeros at its end.

    :param folder: as for ``keep_files``
    :raises StripRefused: it is missing or damaged, or the journal names no file of a disk
    """
    if not all(map(is_id, (kept.domain, kept.image, kept.name[:36]))) or kept.name[36:] not in ("", META):
        raise StripRefused(f"the journal has kept {kept.name!r}, which is no file of a disk; nothing is written")
    try:
        content = (folder / kept.sha256).read_bytes() if kept.sha256.isalnum() else b""
    except OSError as error:
        raise StripRefused(f"the kept content of {kept.name} cannot be read: {system_error(error)}") from error
    if len(content) > kept.size or hashlib.sha256(content).hexdigest() != kept.sha256:
        raise StripRefused(f"the kept content of {kept.name} in {folder} is damaged; nothing is written")
    return content


def _keep(folder: Path, domain: str, image: str, name: str, content: bytes) -> KeptFile:
    # The engine makes OVF_STORE with 128 MiB, which are zeros for the most part.
    filled = content.rstrip(b"\0")
    digest = hashlib.sha256(filled).hexdigest()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_durably(folder / digest, filled)
        sync_folder(folder.parent)
    except OSError as error:
        raise NotWritten.because(error, folder) from error
    return KeptFile(domain, image, name, len(content), digest)


def _path(domain: str, disk: str, layer: str, ending: str) -> PurePosixPath:
    """A file of a layer, relative to the volume."""
    if not all(map(is_id, (domain, disk, layer))):
        raise DomainFileRefused(f"{domain!r}, {disk!r} or {layer!r} is no id of the engine's")
    return PurePosixPath(domain, IMAGES, disk, layer + ending)


def _read(mount: Path, path: PurePosixPath, limit: int) -> bytes:
    try:
        file = open_file(str(mount), path.parts)
        try:
            size = os.fstat(file).st_size
            if size > limit:
                raise DomainFileRefused(f"{path} has {size} bytes, more than {limit}")
            return read_at(file, 0, size)
        finally:
            os.close(file)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DomainFileRefused(f"{path} cannot be kept: {error.strerror}") from error
