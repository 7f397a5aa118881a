"""The source of the way ``file`` from a vault: its content is read where it is (vault 4)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...base.errors import TransferError
from ..model import Image
from ..places import Body, ReadablePlace
from ..vault.vault_errors import VaultError


class VaultSource:
    """The contents of a shelf.

    :param shelf: the shelf, as a place
    """

    way = "file"

    def __init__(self, shelf: ReadablePlace) -> None:
        self._shelf = shelf

    def why_unusable(self, image: Image) -> str | None:
        """None: images without content are left out."""
        return None

    def needs_master(self, image: Image) -> bool:
        """Only the file is needed."""
        return False

    @contextmanager
    def open(self, image: Image) -> Iterator[Body]:
        """Open the file of the content.

        :raises TransferError: it is not there, cannot be read, or is damaged
        """
        try:
            with self._shelf.download(image.id) as body:
                yield body
        except VaultError as error:
            raise TransferError(str(error)) from error

    def reject_content(self, image: Image) -> bool:
        """The content is read again: it may have been damaged on its way."""
        return True
