"""Listings of a region that one conductor makes and all use (volumes 4 and 8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from ...base.errors import LeaseLost
from ...locks.lease_group import HeldLease
from ...openstack.cloud_model import CloudBackup, Listing, Project, Server, Volume
from ...openstack.listing_content import OtherFormat, pack, unpack
from ..backup_cloud import BackupCloud
from ..state.project_leases import ProjectLeases
from ..state.volume_listings import ListingStore

POLL_SECONDS = 1.0
"""Seconds between two looks for a listing that another conductor makes."""


@dataclass(frozen=True, slots=True)
class RegionListings:
    """All listings of a region."""

    projects: Listing[Project]
    servers: Listing[Server]
    volumes: Listing[Volume]


class Listings(Protocol):
    """Lists a region."""

    def read(self, since: datetime) -> RegionListings:
        """The projects, servers and volumes of the region, listed after a moment."""
        ...

    def backups(self, since: datetime) -> Listing[CloudBackup]:
        """The backups of the region, listed after a moment."""
        ...


class OwnListings:
    """Makes listings for itself, and stores nothing: for what only shows a plan."""

    def __init__(self, cloud: BackupCloud) -> None:
        self._cloud = cloud

    def read(self, since: datetime) -> RegionListings:
        """The projects, servers and volumes of the region."""
        cloud = self._cloud
        return RegionListings(cloud.projects(), cloud.servers(), cloud.volumes())

    def backups(self, since: datetime) -> Listing[CloudBackup]:
        """The backups of the region."""
        return self._cloud.backups()


class SharedListings:
    """Makes listings, unless another conductor has made them lately.

    :param wait: waits for so many seconds; it raises whatever ends the conductor
    """

    def __init__(
        self, cloud: BackupCloud, store: ListingStore, leases: ProjectLeases, wait: Callable[[float], None]
    ) -> None:
        self._cloud = cloud
        self._store = store
        self._leases = leases
        self._wait = wait

    def read(self, since: datetime) -> RegionListings:
        """The projects, servers and volumes of the region.

        :param since: by the database's clock; listings that began earlier are made again
        :raises CloudError: they cannot be read
        """
        projects, servers, volumes = self._shared(
            since,
            {
                "projects": (Project, self._cloud.projects),
                "servers": (Server, self._cloud.servers),
                "volumes": (Volume, self._cloud.volumes),
            },
        )
        return RegionListings(projects, servers, volumes)

    def backups(self, since: datetime) -> Listing[CloudBackup]:
        """The backups of the region.

        :param since: by the database's clock; a listing that began earlier is made again
        :raises CloudError: they cannot be read
        """
        (listing,) = self._shared(since, {"backups": (CloudBackup, self._cloud.backups)})
        return listing

    def _shared(
        self, since: datetime, kinds: Mapping[str, tuple[type[Any], Callable[[], Listing[Any]]]]
    ) -> list[Listing[Any]]:
        while True:
            found = [self._stored(kind, item, since) for kind, (item, _) in kinds.items()]
            if None not in found:
                return [listing for listing in found if listing is not None]
            lease = self._leases.take_listing()
            if lease is None:
                self._wait(POLL_SECONDS)
                continue
            try:
                return [self._list(kind, item, make, lease) for kind, (item, make) in kinds.items()]
            except LeaseLost:  # it took so long that another conductor lists by now
                continue
            finally:
                lease.give_back()

    def _stored(self, kind: str, item: type[Any], since: datetime) -> Listing[Any] | None:
        """A listing that a conductor has stored; None when there is none, or a conductor of another version made it."""
        stored = self._store.newest(kind, since)
        if stored is None:
            return None
        try:
            return unpack(stored.content, item)
        except OtherFormat:
            return None

    def _list(self, kind: str, item: type[Any], make: Callable[[], Listing[Any]], lease: HeldLease) -> Listing[Any]:
        began = self._store.now()
        listing = make()
        self._store.save(lease, kind, began, pack(listing, item), whole=listing.is_whole)
        return listing
