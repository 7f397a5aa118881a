"""Remembers when contents were verified: ``verified/<ab>.json`` (vault 1.1, 2.3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import vault_files
from .strict_json import Fields, document, read_document
from .vault_errors import NewerFormat, UnreadableDocument
from .vault_folder import Vault
from .vault_times import time_text
from .vault_writer import VaultWriter


@dataclass(frozen=True, slots=True)
class Verified:
    """When a content was verified.

    :param verified_at: when all its bytes were read and right
    :param structure_at: when its structure was looked at as well, None for never
    """

    verified_at: datetime
    structure_at: datetime | None = None

    def or_later(self, other: Verified | None) -> Verified:
        """The later times of both."""
        if other is None:
            return self
        structure = max(filter(None, (self.structure_at, other.structure_at)), default=None)
        return Verified(max(self.verified_at, other.verified_at), structure)


def read_verified(vault: Vault, beginning: str) -> dict[str, Verified]:
    """When the contents with a certain beginning were verified, by SHA-512.

    A document that cannot be read says nothing: the contents are verified again.

    :param beginning: the first two characters of their hashes
    :raises NewerFormat: a newer program wrote it
    """
    path = vault.paths.verified_file(beginning)
    content = vault_files.read_if_there(path)
    if content is None:
        return {}
    try:
        return dict(read_document(content, "verified", str(path)).objects("contents", _read))
    except NewerFormat:
        raise
    except UnreadableDocument:
        return {}


def remember(writer: VaultWriter, beginning: str, verified: Mapping[str, Verified], gone: Collection[str]) -> None:
    """Remember when contents were verified, beside what others have written meanwhile.

    :param writer: writes into the vault
    :param beginning: the first two characters of their hashes
    :param verified: by SHA-512
    :param gone: the contents that are not there any more, or are wrong
    """
    vault = writer.vault
    merged = read_verified(vault, beginning)
    merged.update({sha512: each.or_later(merged.get(sha512)) for sha512, each in verified.items()})
    kept = {sha512: each for sha512, each in sorted(merged.items()) if sha512 not in gone}
    content = document("verified", {"contents": [_as_json(sha512, each) for sha512, each in kept.items()]})
    vault_files.make_folder(vault.paths.verified)
    writer.replace_document(vault.paths.verified_file(beginning), content)


def _read(fields: Fields) -> tuple[str, Verified]:
    return fields.sha512("sha512"), Verified(fields.time("verified_at"), fields.optional_time("structure_at"))


def _as_json(sha512: str, verified: Verified) -> dict[str, Any]:
    structure = None if verified.structure_at is None else time_text(verified.structure_at)
    return {"sha512": sha512, "verified_at": time_text(verified.verified_at), "structure_at": structure}
