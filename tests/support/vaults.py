"""Vaults for tests: images to keep, and what has to hold at every moment."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from fiwareglancesync.images.vault.vault_folder import Shelf, Vault
from fiwareglancesync.images.vault.vault_model import (
    BackupRun,
    ContentKey,
    ImageState,
    KeptImage,
    Record,
    ShelfSource,
)
from fiwareglancesync.images.vault.vault_writer import VaultWriter

SOURCE = ShelfSource("Burgos", "http://burgos.example.org:9292", "p1")
LISTED = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)


def uuid_of(number: int) -> str:
    """The UUID of a numbered image."""
    return f"00000000-0000-4000-8000-{number:012x}"


def sha512(content: bytes) -> str:
    """The SHA-512 of a content."""
    return hashlib.sha512(content).hexdigest()


def document_of(number: int, content: bytes, **more: Any) -> dict[str, Any]:
    """What a Glance says of an image that has a content."""
    return {
        "id": uuid_of(number),
        "name": f"image{number}",
        "status": "active",
        "visibility": "private",
        "size": len(content),
        "checksum": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "os_hash_algo": "sha512",
        "os_hash_value": sha512(content),
        **more,
    }


def state_of(number: int, content: bytes, **more: Any) -> ImageState:
    """What is to be kept of an image that has a content."""
    return ImageState(uuid_of(number), document_of(number, content, **more))


def store(writer: VaultWriter, content: bytes, stated: Mapping[str, str] | None = None) -> ContentKey:
    """Let a content appear in a vault."""
    with writer.incoming(len(content), stated or {}) as incoming:
        incoming.write([content])
        return writer.keep(incoming)


def run_of(images: tuple[KeptImage, ...], number: int = 0, *, complete: bool = True) -> BackupRun:
    """A run with images; a higher number is newer."""
    listed = LISTED + timedelta(hours=number)
    return BackupRun("r", listed, listed, "host", "1.0", SOURCE.region, complete, images)


def back_up(vault: Vault, shelf: Shelf, contents: Mapping[int, bytes], number: int = 0) -> BackupRun:
    """Keep images in the order of vault 1.2.

    :param contents: by number of the image
    :param number: of the run
    """
    images = []
    with VaultWriter(vault) as writer:
        writer.bind(shelf, SOURCE)
        for image, content in contents.items():
            key = ContentKey(sha512(content), len(content))
            writer.pin((key.sha512,))
            if not writer.hold(key):
                store(writer, content, {"sha512": key.sha512})
            state = state_of(image, content)
            record = writer.add_record(shelf, Record(state, LISTED, key))
            images.append(KeptImage(state.id, f"image{image}", record, key))
        return writer.add_run(shelf, run_of(tuple(images), number))


def faults(vault: Vault) -> list[str]:
    """What is wrong with a vault: a record without its bytes, a run without its records, an unreadable document."""
    found: list[str] = []
    for name in vault.shelf_names():
        shelf = vault.shelf(name)
        for folder in sorted(shelf.paths.records.glob("*")):
            for number in shelf.record_numbers(folder.name):
                content = shelf.record(folder.name, number).content
                if content is not None and not is_whole(vault.find(content), content):
                    found.append(f"{name}: record {number} of {folder.name} has no content")
        for listed in shelf.run_times():
            for image in shelf.run(listed).images:
                if shelf.record_path(image.id, image.record) is None:
                    found.append(f"{name}: the run of {listed} has no record {image.record} of {image.id}")
                if image.content is not None and not is_whole(vault.find(image.content), image.content):
                    found.append(f"{name}: the run of {listed} has no content of {image.id}")
    return found


def is_whole(path: Path | None, content: ContentKey) -> bool:
    """Whether a file has a content."""
    if path is None:
        return False
    found = path.read_bytes()
    return len(found) == content.size and sha512(found) == content.sha512
