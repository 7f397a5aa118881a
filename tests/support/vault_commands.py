"""The command on an embedded federation, with a vault that has backups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fiwareglancesync.images.model import Image
from fiwareglancesync.images.vault.vault_folder import Vault, init_vault
from fiwareglancesync.images.vault.vault_model import ImageState, KeptImage, Record
from fiwareglancesync.images.vault.vault_writer import VaultWriter

from .faults import Command, embedded
from .vaults import LISTED, SOURCE, document_of, run_of, store, uuid_of

CONFIGURATION = """\
[main]
master_region = Spain
[master]
tenant_id = p1
[other]
tenant_id = p2
"""


class VaultCommand:
    """The command, a vault, and an embedded federation with the regions Spain, Burgos and other:Madrid.

    :param folder: an empty folder
    :param regions: images of regions, by full name
    """

    def __init__(self, folder: Path, regions: Mapping[str, Sequence[Image]] | None = None) -> None:
        self.vault: Vault = init_vault(folder / "vault")
        every = {"Spain": (), "Burgos": (), "other:Madrid": (), **(regions or {})}
        file = f"{CONFIGURATION}[vault:north]\npath = {self.vault.folder}\n"
        self.command: Command = embedded(folder, every, file)

    def back_up(self, images: Mapping[int, Mapping[str, Any]], number: int = 0, shelf: str = "Burgos") -> None:
        """Keep images as one complete run.

        :param images: number of each image → fields of Glance's document; ``content`` is its bytes
        :param number: of the run; a higher one is newer
        """
        kept = []
        found = self.vault.shelf(shelf)
        with VaultWriter(self.vault) as writer:
            writer.bind(found, SOURCE)
            for each, given in images.items():
                fields = dict(given)
                content = fields.pop("content", f"content {each}".encode())
                key = store(writer, content)
                document = document_of(each, content, owner=SOURCE.project, **fields)
                record = writer.add_record(found, Record(ImageState(uuid_of(each), document), LISTED, key))
                kept.append(KeptImage(uuid_of(each), document["name"] or "", record, key))
            writer.add_run(found, run_of(tuple(kept), number))
