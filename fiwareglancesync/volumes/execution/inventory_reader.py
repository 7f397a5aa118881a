"""Reads what a plan needs: all listings, and of backups what may have changed (volumes 4 and 8)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from ...base.errors import CloudError
from ...openstack.cloud_model import CloudBackup, Listing
from ..backup_cloud import BackupCloud
from ..planning.volume_inventory import VolumeInventory
from ..volume_model import VolumeSettings
from .shared_listings import Listings

PAGE_ITEMS = 1000
"""Backups that one request lists."""

FRESH_SECONDS = 60
"""Age up to which what was read of a volume's backups decides what begins and what is removed."""


class InventoryReader:
    """Reads one region, cycle after cycle.

    The backups of the whole region are listed every ``reconcile`` seconds; in between those of single volumes are read
    again, and what is known of the others is older.

    :param now: the present moment by the database's clock
    """

    def __init__(
        self, cloud: BackupCloud, listings: Listings, settings: VolumeSettings, now: Callable[[], datetime]
    ) -> None:
        self._cloud = cloud
        self._listings = listings
        self._settings = settings
        self._now = now
        self._backups: Listing[CloudBackup] | None = None

    def read(self, since: datetime, leased: datetime) -> VolumeInventory:
        """Read the region; of backups what the last listing of all of them showed, when it is not too old.

        :param since: listings of projects, servers and volumes that began earlier are made again
        :param leased: when the newest lease was taken: no older listing is used
        :raises CloudError: the cloud cannot be read
        """
        cloud = self._cloud
        services = cloud.services()
        listings = self._listings.read(max(since, leased))
        self._backups = self._all_backups(max(since, leased), leased)
        return VolumeInventory(
            account=cloud.account(),
            services=services,
            projects=listings.projects,
            servers=listings.servers,
            volumes=listings.volumes,
            backups=self._backups,
            clock_difference=cloud.clock_difference(),
        )

    def _all_backups(self, recent: datetime, leased: datetime) -> Listing[CloudBackup]:
        """The listing of all backups. One that is not whole is made again by the next cycle, whoever has made it.

        :param recent: an older listing is used only if it is whole
        """
        now = self._now()
        oldest = max(now - timedelta(seconds=self._settings.reconcile), leased)
        known = self._backups
        # One that began later than now was made before the clock was set.
        if known is None or not oldest <= known.begun <= now or not known.is_whole:
            known = self._listings.backups(oldest)
        return known if known.is_whole or known.begun >= recent else self._listings.backups(recent)

    def backups_of(self, volume_id: str) -> Listing[CloudBackup]:
        """The backups of a volume at this moment, anybody's.

        :raises CloudError: they cannot be read, or not all of them
        """
        listing = self._cloud.backups(volume_id)
        if not listing.is_whole:
            raise CloudError(f"the listing of backups is not whole: {listing.reason}")
        return listing

    def read_again(
        self, inventory: VolumeInventory, volumes: Mapping[str, str], backup_ids: Collection[str]
    ) -> VolumeInventory:
        """Read the backups of single volumes, and single backups, into an inventory; all where that are fewer requests.

        Nothing is done in a project of which the backups of a volume cannot be read.

        :param volumes: the volumes all of whose backups are read: id → id of their project
        :param backup_ids: backups of other volumes
        """
        if len(volumes) + len(backup_ids) > len(inventory.backups.items) / PAGE_ITEMS + 1:
            self._backups = self._cloud.backups()
            return replace(inventory, backups=self._backups)
        again: dict[str, datetime] = {}
        unreadable: dict[str, str] = {}
        backups = dict(inventory.backup_by_id)
        for volume_id, project_id in sorted(volumes.items()):
            try:
                listing = self.backups_of(volume_id)
            except CloudError as error:
                unreadable[project_id] = str(error)
                continue
            for backup in inventory.backups_of.get(volume_id, ()):
                backups.pop(backup.id, None)
            backups.update((backup.id, backup) for backup in listing.items)
            again[volume_id] = listing.begun
        for backup_id in sorted(backup_ids):
            try:
                found = self._cloud.backup(backup_id)
            except CloudError:  # reported when its outcome is looked for; what is known of it is older
                continue
            if found is None:
                backups.pop(backup_id, None)
            else:
                backups[backup_id] = found
        self._backups = replace(inventory.backups, items=tuple(backups.values()))
        return replace(
            inventory,
            backups=self._backups,
            read_again={**inventory.read_again, **again},
            no_access={**inventory.no_access, **unreadable},
        )
