"""The stores of a multi-store Glance: what to say when the configured one is not there (sync 2, ``store``)."""

from __future__ import annotations

import re

from ....base.errors import CloudError, Scope
from ....base.text import one_line
from ....openstack.answers import Operation
from ....openstack.service import Call, Service

_REFUSALS = frozenset((400, 409))
"""How Glance refuses an unknown store: at an upload, and at an import."""


def with_advice(error: CloudError, store: str, service: Service) -> CloudError:
    """Complete a refusal that is about the store: no image gets into this region, and the configuration is to blame.

    :param error: what Glance answered to an upload or an import
    :param store: as configured, "" for the region's default
    :return: the same error
    """
    about = rf"\bstore\b.*(?<!\w){re.escape(store)}(?!\w).*not found"
    if store and error.status in _REFUSALS and re.search(about, error.cause, re.IGNORECASE):
        names = _names(service)
        there = f"the region has {', '.join(names)}" if names else "the region does not tell what stores it has"
        error.explain(f"the key store of its target names it; {there}")
        error.scope = Scope.REGION
    return error


def _names(service: Service) -> list[str]:
    """The stores of a region; none when it does not tell, for this explains another error only."""
    try:
        document = service.ask_once(Call(Operation.GET, "GET", "/v2/info/stores"))
    except CloudError:
        return []
    listed = document.get("stores") if isinstance(document, dict) else None
    stores = listed if isinstance(listed, list) else []
    names = [store.get("id") for store in stores if isinstance(store, dict)]
    return sorted(one_line(name) for name in names if isinstance(name, str))
