"""The servers, volumes, backups and services of all projects of a region, as an administrator sees them (volumes 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, TypeVar
from urllib.parse import quote

from ..base.errors import CloudError, Forbidden, NotFound, Scope
from .answers import Operation
from .catalog import dicts
from .cloud_model import BackupQuota, CloudBackup, Listing, Server, ServiceState, Volume
from .inventory_documents import (
    cell_is_dead,
    read_backup,
    read_cinder_service,
    read_parent,
    read_quota,
    read_server,
    read_volume,
)
from .page_listing import HasId, ListedKind, Unreadable, list_whole
from .region_services import RegionServices
from .service import Call, Service

T = TypeVar("T", bound=HasId)
R = TypeVar("R")

_SERVERS = ListedKind("/servers/detail", "servers", read_server, is_counted=False)
_VOLUMES = ListedKind("/volumes/detail", "volumes", read_volume)
_BACKUPS = ListedKind("/backups/detail", "backups", read_backup)


def utc_now() -> datetime:
    """The present time."""
    return datetime.now(timezone.utc)


class CloudInventory:
    """Reads what is in a region; requests are repeated when that is safe.

    :param clock: the present time, aware
    """

    def __init__(self, region: RegionServices, clock: Callable[[], datetime] = utc_now) -> None:
        self._region = region
        self._clock = clock

    def services(self) -> tuple[ServiceState, ...]:
        """The services of Cinder. Only an administrator gets them: anybody else's lists are of one project.

        :raises Forbidden: the account is no administrator
        """
        document = self._region.cinder().request(Call(Operation.LIST, "GET", "/os-services"))
        return _read(lambda found: tuple(map(read_cinder_service, _list_of(found, "services"))), document)

    def is_administrator(self) -> bool:
        """Whether Cinder and Nova list what is in all projects to the account.

        :raises CloudError: there is no answer
        """
        try:
            self.services()
            _dead_cells(self._region.nova())
        except Forbidden:
            return False
        return True

    def own_servers(self) -> Listing[Server]:
        """The servers of the account's own project, as anybody gets them."""
        return list_whole(self._region.nova(), _SERVERS, {}, self._clock, all_projects=False)

    def own_volumes(self) -> Listing[Volume]:
        """The volumes of the account's own project, as anybody gets them."""
        return list_whole(self._region.cinder(), _VOLUMES, {}, self._clock, all_projects=False)

    def servers(self, project_id: str = "") -> Listing[Server]:
        """The servers of a project, "" for those of all projects.

        Nova leaves out servers in a cell whose database does not answer. Its services show whether there is such one.
        """
        nova = self._region.nova()
        listing = list_whole(nova, _SERVERS, _filters(project_id=project_id), self._clock)
        return self._checked(listing, lambda: _dead_cells(nova))

    def volumes(self, project_id: str = "") -> Listing[Volume]:
        """The volumes of a project, "" for those of all projects."""
        listing = list_whole(self._region.cinder(), _VOLUMES, _filters(project_id=project_id), self._clock)
        return self._as_administrator(listing)

    def backups(self, volume_id: str = "", project_id: str = "") -> Listing[CloudBackup]:
        """The backups of a volume or of a project, users' own ones too; without both all of the region."""
        filters = _filters(volume_id=volume_id, project_id=project_id)
        listing = list_whole(self._region.cinder(), _BACKUPS, filters, self._clock)
        # Each entry of a volume's backups has what only an administrator gets; an empty list proves nothing.
        return listing if volume_id and listing.items else self._as_administrator(listing)

    def backup(self, backup_id: str) -> CloudBackup | None:
        """A backup of any project; None when there is none of this id (404)."""
        return self._one(f"/backups/{quoted(backup_id)}", "backup", read_backup)

    def volume(self, volume_id: str) -> Volume | None:
        """A volume of any project; None when there is none of this id (404)."""
        return self._one(f"/volumes/{quoted(volume_id)}", "volume", read_volume)

    def parent_of(self, backup_id: str) -> str | None:
        """The id of the backup that an available one builds on; None for a full one.

        :raises CloudError: it cannot be determined, for example because the backup is not available
        """
        call = Call(Operation.GET, "GET", f"/backups/{quoted(backup_id)}/export_record")
        return _read(lambda found: read_parent(found, backup_id), self._region.cinder().request(call))

    def quota(self, project_id: str) -> BackupQuota:
        """The quotas of a project that backups count against, and how much of them is used."""
        call = Call(Operation.GET, "GET", f"/os-quota-sets/{quoted(project_id)}?usage=True")
        return _read(read_quota, self._region.cinder().request(call))

    def _one(self, path: str, key: str, read: Callable[[Mapping[str, Any]], R]) -> R | None:
        try:
            document = self._region.cinder().request(Call(Operation.GET, "GET", path))
        except NotFound as error:
            if error.request_id is None:
                # Not Cinder's own answer, but that of a web server before it.
                raise
            # To an account that is no administrator any more, what is in other projects does not exist.
            self.services()
            return None
        return _read(lambda found: read(_object(found, key)), document)

    def _as_administrator(self, listing: Listing[T]) -> Listing[T]:
        """A listing that is whole only if the account was an administrator at its end."""

        def problem() -> str:
            self.services()
            return ""

        return self._checked(listing, problem)

    @staticmethod
    def _checked(listing: Listing[T], problem: Callable[[], str]) -> Listing[T]:
        """A listing that is whole only if a further request does not show a problem."""
        if not listing.is_whole:
            return listing
        try:
            reason = problem()
        except CloudError as error:
            reason = f"it cannot be determined whether the list is complete: {error}"
        return replace(listing, is_whole=not reason, reason=reason)


def quoted(identifier: str) -> str:
    """An id as a part of a path.

    :raises ValueError: it is empty: the path would be that of a list
    """
    if not identifier:
        raise ValueError("an empty id")
    return quote(identifier, safe="")


def _filters(**wanted: str) -> dict[str, str]:
    return {name: value for name, value in wanted.items() if value}


def _dead_cells(nova: Service) -> str:
    document = nova.request(Call(Operation.LIST, "GET", "/os-services?binary=nova-compute"))
    hosts = [str(service.get("host")) for service in _read(_services, document) if cell_is_dead(service)]
    if not hosts:
        return ""
    return f"Nova leaves out servers: the database of a cell does not answer (hosts {', '.join(sorted(hosts)[:3])} …)"


def _services(document: Any) -> list[dict[str, Any]]:
    return _list_of(document, "services")


def _list_of(document: Any, key: str) -> list[dict[str, Any]]:
    found = document.get(key) if isinstance(document, dict) else None
    if not isinstance(found, list):
        raise Unreadable(f"no list of {key}")
    return dicts(found)


def _object(document: Any, key: str) -> Mapping[str, Any]:
    found = document.get(key) if isinstance(document, dict) else None
    if not isinstance(found, dict):
        raise Unreadable(f"no {key}")
    return found


def _read(read: Callable[[Any], R], document: Any) -> R:
    """Read an answer; what it does not have becomes an error of the cloud."""
    try:
        return read(document)
    except Unreadable as error:
        raise CloudError(f"malformed answer: {error}", scope=Scope.REGION) from error
