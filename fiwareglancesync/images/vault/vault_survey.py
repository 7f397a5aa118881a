"""Looks at a vault for monitoring, without reading contents (vault 2.5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from . import vault_files
from .strict_json import is_sha512
from .vault_errors import VaultError
from .vault_folder import Shelf, Vault, names_in, size_of
from .vault_health import ShelfState, VaultState
from .vault_times import CLOCK_TOLERANCE, is_in_future
from .verified_contents import read_verified


def survey(vault: Vault, shelves: Sequence[Shelf], now: datetime) -> VaultState:
    """Look at a vault.

    :param shelves: those that are looked at
    :param now: the present time
    :raises VaultError: the vault cannot be read
    """
    free, every = vault_files.space_of(vault.folder)
    return VaultState(
        tuple(_shelf_state(shelf, now) for shelf in shelves),
        tuple(_verified(vault)),
        sum(1 for _ in _damaged(vault)),
        sum(_stored_bytes(vault)),
        free,
        every,
    )


def _shelf_state(shelf: Shelf, now: datetime) -> ShelfState:
    try:
        future = next((time for time in shelf.run_times() if is_in_future(time, now)), None)
        run, binding = shelf.newest_complete(now + CLOCK_TOLERANCE), shelf.binding()
    except VaultError as error:
        return ShelfState(shelf.name, None, error=str(error))
    if run is None:
        return ShelfState(shelf.name, None, future=future)
    contents = {image.content for image in run.images if image.content is not None}
    missing = sum(shelf.vault.find(content) is None for content in contents)
    return ShelfState(shelf.name, run.listed, missing, None, binding is None or not binding.source.is_files, future)


def _verified(vault: Vault) -> Iterator[float]:
    """When each content was last known to be right: it was verified, or hashed while it was written."""
    for beginning in vault.content_beginnings():
        known = read_verified(vault, beginning)
        for path in vault.content_files(beginning):
            verified, written = known.get(path.name), vault_files.changed(path)
            if written is not None:
                yield written if verified is None else max(written, verified.verified_at.timestamp())


def _damaged(vault: Vault) -> Iterator[str]:
    """The damaged contents of which there is no other file."""
    for sha512 in {name.partition(".")[0] for name in names_in(vault.paths.damaged)}:
        if is_sha512(sha512) and all(size_of(path) is None for path in vault.places_of(sha512)):
            yield sha512


def _stored_bytes(vault: Vault) -> Iterator[int]:
    for beginning in vault.content_beginnings():
        yield from (vault_files.stored_bytes(path) for path in vault.content_files(beginning))
