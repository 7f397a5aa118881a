"""The errors of a vault."""

from __future__ import annotations

from ...base.errors import GlanceSyncError


class VaultError(GlanceSyncError):
    """Something in a vault cannot be read or written; one image fails."""


class NoVault(VaultError):
    """A folder is no vault: its mark is missing (vault 1)."""

    exit_code = 2


class UnreadableDocument(VaultError):
    """A document of a vault is cut off, or its fields are missing or of a wrong type (vault 1.1)."""

    exit_code = 2


class NewerFormat(UnreadableDocument):
    """A document was written by a newer program (vault 1.1)."""


class ShelfNameRefused(VaultError):
    """No shelf can have this name: no folder can (vault 1)."""

    exit_code = 2


class OtherSource(VaultError):
    """A shelf is bound to another source (vault 3)."""

    exit_code = 2


class WrongContent(VaultError):
    """The bytes that were read do not have the hash or the size that was stated for them."""


class VaultFailed(VaultError):
    """Nothing more can be written into the vault: the disk is full, read-only or gone (vault 1.4)."""


class RunInFuture(VaultError):
    """A shelf has a run whose time is in the future: which run is the newest is not known (vault 2.2)."""

    exit_code = 2


class PruneRefused(VaultError):
    """Nothing is removed from a vault, as not all is known, or too much would go (vault 2.4)."""

    exit_code = 2
