"""What ``--from`` and its options ask for, and the place that they name (vault 4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ...base.errors import UsageError
from ..model import normal_uuid
from ..places import Federation, ReadablePlace
from ..places.vault.vault_place import PREFIX, VaultPlace
from ..planning import restored_target
from ..region_names import RegionRef, unknown_target
from ..settings import Settings
from ..vault.vault_errors import NewerFormat, UnreadableDocument
from ..vault.vault_folder import Shelf, Vault
from ..vault.vault_listing import chosen_shelves
from ..vault.vault_model import BackupRun
from ..vault.vault_times import time_text

NAME_EACH = "name each destination: glancesync --from PLACE REGION ..., each NAME or TARGET:NAME"


@dataclass(frozen=True)
class RestoreRequest:
    """What the command line asks for.

    :param source: ``vault:SHELF`` or a region
    :param uuids: of images of the source; none means all images
    :param at: the time of which the backup is wanted; None means the newest one
    :param members: whether members of shared images are restored
    """

    source: str
    uuids: tuple[str, ...] = ()
    at: datetime | None = None
    members: bool = False

    @property
    def shelf(self) -> str | None:
        """The name of the shelf; None when the source is a region."""
        return self.source.removeprefix(PREFIX) if self.source.startswith(PREFIX) else None

    @property
    def chosen(self) -> frozenset[str]:
        """The UUIDs in the form in which places have them."""
        return frozenset(map(normal_uuid, self.uuids))

    def check(self, destinations: Sequence[str], transfer: str) -> None:
        """Check what can be checked before anything is contacted.

        :param destinations: as on the command line
        :param transfer: of ``--transfer``
        :raises UsageError: it cannot be done
        """
        if not destinations:
            raise UsageError(f"--from {self.source} needs a destination; {NAME_EACH}")
        for word in destinations:
            if not RegionRef.parse(word).region:
                raise UsageError(f"{word} stands for several regions, and --from takes none of these; {NAME_EACH}")
            if word.startswith(PREFIX):
                raise UsageError(f"{word} is no destination: glancesync vault backup writes into a vault")
        if self.shelf == "":
            raise UsageError(f"--from {PREFIX} names no shelf; write {PREFIX}SHELF, such as {PREFIX}Burgos")
        if self.shelf is None and not RegionRef.parse(self.source).region:
            raise UsageError(f"--from {self.source} stands for several regions; name one of them")
        if self.at is not None and self.shelf is None:
            raise UsageError(f"--at goes with --from {PREFIX}SHELF: a region has its images only as they are now")
        if self.shelf is not None and transfer not in ("auto", "file"):
            raise UsageError(f"--transfer {transfer}: a vault is read in the way file alone")


def restore_settings(settings: Settings, request: RestoreRequest) -> Settings:
    """The configuration for a restore: no rule selects, no region is the master, and nothing is measured: the metrics
    are those of synchronisations, which run regularly.

    :param settings: the configuration
    :param request: what is asked for
    """
    targets = {name: restored_target(target, members=request.members) for name, target in settings.targets.items()}
    return replace(settings, targets=targets, master_region="", metrics_file=None)


def open_source(
    request: RestoreRequest, settings: Settings, federation: Federation, vault: Callable[[], Vault]
) -> ReadablePlace:
    """The place that a request names.

    :param request: what is asked for
    :param settings: the configuration
    :param federation: the regions that it reaches
    :param vault: opens the vault; called only if it is needed
    :raises UsageError: there is no such target, shelf or backup
    :raises UnknownRegion: there is no such region
    :raises GlanceSyncError: the vault cannot be read
    """
    if request.shelf is not None:
        (shelf,) = chosen_shelves(vault(), [request.shelf])
        return VaultPlace(shelf, backup_at(shelf, request.at))
    ref = RegionRef.parse(request.source)
    target = settings.targets.get(ref.target)
    if target is None:
        raise UsageError(unknown_target(ref, settings))
    return federation.place(target, ref.region)


def backup_at(shelf: Shelf, at: datetime | None) -> BackupRun:
    """The newest complete backup of a shelf, now or at a time; the backup of exactly that time may be incomplete.

    :raises UsageError: there is none
    :raises UnreadableDocument: it cannot be read
    """
    if at is not None and at in shelf.run_times():
        return shelf.run(at)
    try:
        run = shelf.newest_complete(at)
    except NewerFormat:
        raise
    except UnreadableDocument as error:
        advice = "--at TIME takes an older backup; glancesync vault runs lists them"
        raise UnreadableDocument(f"{error}; {advice}") from error
    if run is not None:
        return run
    when = "" if at is None else f" at {time_text(at)}"
    advice = "glancesync vault runs lists the backups; --at with the exact time of one takes it, complete or not"
    raise UsageError(f"shelf {shelf.name} has no complete backup{when}; {advice}")
