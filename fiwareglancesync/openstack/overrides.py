"""Addresses of image services that the configuration puts in the place of the catalog's."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..base.errors import Rejected, Scope
from ..base.text import nearest
from .credential import Credential

KEY = "image_endpoint_override"


def overridden(endpoints: Mapping[str, str], regions: Collection[str], credential: Credential) -> dict[str, str]:
    """The address of each region's image service.

    :param endpoints: those of the catalog, by region
    :param regions: all regions that the catalog names for any service
    :param credential: holds the addresses that take their place
    :raises Rejected: it is not clear which region is meant, or there is no such region
    """
    found = dict(endpoints)
    for region, address in credential.image_endpoints:
        found[region or _only(endpoints or regions)] = address
        if region and region not in regions:
            near = nearest(region, regions)
            hint = f"; did you mean {near}?" if near else ""
            raise Rejected(f"{KEY} names the region {region}, which the catalog does not have{hint}", scope=Scope.RUN)
    return found


def is_overridden(region: str, credential: Credential) -> bool:
    """Whether a region's address is not the catalog's.

    :param region: its name in its target
    """
    return any(each in ("", region) for each, _ in credential.image_endpoints)


def _only(regions: Collection[str]) -> str:
    names = sorted(regions)
    if len(names) != 1:
        listed = ", ".join(names) or "none"
        raise Rejected(
            f"{KEY} names no region, and the catalog has {len(names)} ({listed}); write REGION=ADDRESS", scope=Scope.RUN
        )
    return names[0]
