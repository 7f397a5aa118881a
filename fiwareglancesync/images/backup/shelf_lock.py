"""One writer a shelf (vault 3)."""

from __future__ import annotations

import json
import os
from contextlib import AbstractContextManager

from ...locks.region_lock import region_lock
from ..vault.vault_folder import Shelf


def shelf_lock(shelf: Shelf, database: str, *, wait: bool = False) -> AbstractContextManager[str]:
    """Lock a shelf on this machine and, with a database, on all machines that share it.

    :param database: URL of the database, "" for none
    :param wait: wait for another writer instead of failing
    :raises RegionLocked: another writer holds it
    """
    key = json.dumps(["vault", shelf.vault.id, shelf.name])
    return region_lock((key,), f"{os.getpid()} {shelf.name}", database, wait=wait)
