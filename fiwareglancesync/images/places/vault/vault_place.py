"""One finished backup of a shelf, as a place whose images are read (vault 4)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from ....base.content import PIECE_BYTES, Download
from ....base.errors import NotFound
from ....base.hashing import hashed_meanwhile
from ....openstack.place_identity import PlaceIdentity
from ...model import Image, Listing, normal_uuid
from ...removal_mark import as_before_hiding
from ...vault.incoming_content import SHA512
from ...vault.vault_errors import NewerFormat, VaultError, VaultFailed, WrongContent
from ...vault.vault_folder import Shelf
from ...vault.vault_model import BackupRun, ContentKey, KeptImage, Record
from ..glance.image_documents import image_of

PREFIX = "vault:"
"""How the name of such a place begins."""

LOST = "the vault has lost its content; a new backup fetches it again"


class VaultPlace:
    """The images of one run of a shelf; implements ``ReadablePlace`` and ``ListsMembers``.

    :param shelf: the shelf
    :param run: the run
    :raises VaultError: the shelf has no binding, or it cannot be read
    """

    def __init__(self, shelf: Shelf, run: BackupRun) -> None:
        binding = shelf.binding()
        if binding is None:
            raise VaultError(f"{shelf.paths.binding} is missing")
        self._shelf = shelf
        self.run = run
        self.source = binding.source
        self.name = f"{PREFIX}{shelf.name}"
        self.project = binding.source.project
        self.identity = PlaceIdentity(f"{PREFIX}{shelf.vault.id}", shelf.name, self.project)

    def __repr__(self) -> str:
        return f"VaultPlace({self.name!r}, {str(self._shelf.vault.folder)!r})"

    def listing(self) -> Listing:
        """The images of the run; what cannot be read of one concerns that image alone.

        :raises NewerFormat: a newer program wrote a record
        :raises VaultFailed: the disk is gone
        """
        images, missing = [], {}
        for kept in self.run.images:
            try:
                record = self._shelf.record(kept.id, kept.record)
            except (NewerFormat, VaultFailed):
                raise
            except VaultError as error:
                missing[kept.id] = str(error)
                images.append(self._unreadable(kept))
                continue
            images.append(self._image(record))
            if record.content is None:
                missing[kept.id] = f"the vault has no content of it: {record.missing}"
            elif self._shelf.vault.find(record.content) is None:
                missing[kept.id] = LOST
        return Listing(self.name, self.project, tuple(sorted(images, key=lambda image: image.order)), missing=missing)

    def get(self, image_id: str) -> Image:
        """Read one image.

        :raises NotFound: the run has no such image
        """
        return self._image(self._record(image_id))

    def members(self, image_id: str) -> frozenset[str]:
        """Ids of the projects that the image was shared with."""
        return frozenset(self._record(image_id).state.members or ())

    @contextmanager
    def download(self, image_id: str, start: int = 0) -> Iterator[Download]:
        """Read the content of an image, from its beginning; see :func:`checked_pieces`.

        :raises VaultError: the vault does not have it
        """
        content = self._record(image_id).content
        opened = None if content is None else self._opened(content)
        if content is None or opened is None:
            raise VaultError(f"{self.name}: image {image_id}: {LOST}")
        descriptor, path = opened
        try:
            yield Download(content.size, lambda: checked_pieces(descriptor, content, path))
        finally:
            os.close(descriptor)

    def _opened(self, content: ContentKey) -> tuple[int, Path] | None:
        """A content's file, which a prune or a backup may move just before it is opened; None when it is lost."""
        for _ in range(2):
            path = self._shelf.vault.find(content)
            if path is None:
                break
            try:
                return os.open(path, os.O_RDONLY | os.O_CLOEXEC), path
            except FileNotFoundError:
                continue
            except OSError as error:
                raise VaultError(f"{path}: {error.strerror}") from error
        return None

    @cached_property
    def _kept(self) -> dict[str, KeptImage]:
        return {kept.id: kept for kept in self.run.images}

    def _record(self, image_id: str) -> Record:
        kept = self._kept.get(normal_uuid(image_id))
        if kept is None:
            raise NotFound(f"{self.name} has no image {image_id}", status=404)
        return self._shelf.record(kept.id, kept.record)

    def _image(self, record: Record) -> Image:
        """The image as the source described it, with the hash that the vault has computed.

        A shelf has own images only; it may have been bound to another project when the record was written. An image
        that was hidden before its deletion is what it was before (vault 5.3).
        """
        document = {**record.state.document, "id": record.state.id, "owner": self.project}
        image = as_before_hiding(image_of(document, self.name))
        return image if record.content is None else _with_content(image, record.content)

    def _unreadable(self, kept: KeptImage) -> Image:
        image = Image(kept.id, kept.name, self.name, self.project)
        return image if kept.content is None else _with_content(image, kept.content)


def _with_content(image: Image, content: ContentKey) -> Image:
    return replace(image, size=content.size, hash_algo=SHA512, hash_value=content.sha512)


def checked_pieces(descriptor: int, content: ContentKey, path: Path) -> Iterator[bytes]:
    """The bytes of a content; their hash is compared after the last piece, which an upload holds back until then.

    :param descriptor: of its file
    :param path: the file, for messages
    :raises WrongContent: the file has other bytes
    :raises VaultError: it cannot be read
    """
    digest = hashlib.sha512(usedforsecurity=False)
    position = 0
    for piece in hashed_meanwhile(_pieces(descriptor, path), digest.update):
        position += len(piece)
        yield piece
    if position != content.size or digest.hexdigest() != content.sha512:
        what = f"the vault's content is damaged: {path} has other bytes than its name says"
        raise WrongContent(f"{what}; glancesync vault verify names all images that need it")


def _pieces(descriptor: int, path: Path) -> Iterator[bytes]:
    position = 0
    try:
        while piece := os.pread(descriptor, PIECE_BYTES, position):
            position += len(piece)
            yield piece
    except OSError as error:
        raise VaultError(f"{path}: {error.strerror}") from error
