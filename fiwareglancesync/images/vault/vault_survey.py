"""Looks at a vault for monitoring, without reading contents (vault 2.5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from . import vault_files
from .strict_json import is_sha512
from .vault_errors import VaultError
from .vault_folder import Shelf, Vault, names_in, size_of
from .vault_health import ShelfState, VaultState
from .verified_contents import read_verified


def survey(vault: Vault, shelves: Sequence[Shelf]) -> VaultState:
    """Look at a vault.

    :param shelves: those that are looked at
    :raises VaultError: the vault cannot be read
    """
    free, every = vault_files.space_of(vault.folder)
    return VaultState(
        tuple(_shelf_state(shelf) for shelf in shelves),
        tuple(_verified(vault)),
        sum(1 for _ in _damaged(vault)),
        sum(_stored_bytes(vault)),
        free,
        every,
    )


def _shelf_state(shelf: Shelf) -> ShelfState:
    try:
        run, binding = shelf.newest_complete(), shelf.binding()
    except VaultError as error:
        return ShelfState(shelf.name, None, error=str(error))
    if run is None:
        return ShelfState(shelf.name, None)
    contents = {image.content for image in run.images if image.content is not None}
    missing = sum(shelf.vault.find(content) is None for content in contents)
    return ShelfState(shelf.name, run.listed, missing, grows_old=binding is None or not binding.source.is_files)


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
