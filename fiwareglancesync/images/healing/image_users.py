"""Which servers and volumes of all projects use images (vault 5.3). What cannot be determined counts as used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from ...base.errors import CloudError, ConfigError
from ...openstack.catalog import Catalog
from ...openstack.cloud_inventory import CloudInventory
from ...openstack.cloud_model import Listing, Server, Volume
from ...openstack.project_tokens import ProjectTokens
from ...openstack.refusals import Waits
from ...openstack.region_services import RegionServices
from ...openstack.service import ServiceKind
from ...openstack.service_kinds import CATALOG_TYPES, CINDER, NOVA
from ...openstack.tuning import Tuning
from ..model import normal_uuid
from ..settings import InUse, Target
from .removal_plan import ImageUses

T = TypeVar("T")


class ServersAndVolumes(Protocol):
    """Lists the servers and volumes of all projects, such as :class:`CloudInventory`."""

    def servers(self) -> Listing[Server]:
        """All servers."""

    def volumes(self) -> Listing[Volume]:
        """All volumes."""


ADVICE = "in_use = unchecked of the vault says that the cloud has none"


def image_uses(target: Target, region: str, in_use: InUse, tuning: Tuning) -> ImageUses:
    """Ask Nova and Cinder for all servers and volumes.

    :param target: its credential is used, which needs the rights of an administrator
    :param region: name of the region in it
    :param in_use: what it means that the catalog has no such service
    """
    try:
        tokens = ProjectTokens(target.credential, tuning, Waits())
        services = RegionServices(tokens, target.credential.auth_url, region, target.name, tuning, Waits())
        catalog = tokens.own.access().catalog
        return uses_in(CloudInventory(services), catalog, region, in_use)
    except (CloudError, ConfigError) as error:
        return ImageUses(unknown=str(error))


def uses_in(inventory: ServersAndVolumes, catalog: Catalog, region: str, in_use: InUse) -> ImageUses:
    """What uses images, as far as it is known.

    :raises CloudError: a service refuses or does not answer
    """
    missing = [kind for kind in (NOVA, CINDER) if not _is_offered(catalog, kind, region)]
    if missing and in_use is InUse.CHECKED:
        names = " and no ".join(kind.name for kind in missing)
        return ImageUses(unknown=f"the catalog has no {names} in {region}; {ADVICE}")
    users: dict[str, str] = {}
    servers: set[str] = set()
    if NOVA not in missing:
        for server in _whole(inventory.servers(), "servers"):
            servers.add(normal_uuid(server.id))
            if server.image_id:
                users[normal_uuid(server.image_id)] = f"server {server.name or server.id} ({server.id})"
    if CINDER not in missing:
        for volume in _whole(inventory.volumes(), "volumes"):
            if volume.image_id:
                users.setdefault(normal_uuid(volume.image_id), f"volume {volume.name or volume.id} ({volume.id})")
    return ImageUses(users, frozenset(servers))


def _whole(listing: Listing[T], what: str) -> Sequence[T]:
    """The items of a listing from which nothing is missing.

    :raises CloudError: something may be missing
    """
    if not listing.is_whole:
        raise CloudError(f"the {what} cannot be listed whole: {listing.reason}")
    return listing.items


def _is_offered(catalog: Catalog, kind: ServiceKind, region: str) -> bool:
    """Whether the catalog has a service in a region; one that it has without a region may be for this one."""
    found = [catalog.of(name) for name in CATALOG_TYPES[kind.type]]
    return any(region in endpoints.offered or endpoints.without_region for endpoints in found)
