"""Keystone, Nova and Cinder for the inventory: names in catalogs, microversions, and what their refusals mean."""

from __future__ import annotations

import re

from ..base.errors import Forbidden, QuotaExceeded, Rejected, Scope, Throttled
from .answers import USUAL, Operation, Row
from .service import ServiceKind


class NoParentBackup(Rejected):
    """An incremental backup was requested, and the volume has no available backup in the project (400)."""


_READING = frozenset((Operation.LIST, Operation.GET))
_NO_PARENT = re.compile(r"no backups available", re.IGNORECASE)
_OF_QUOTA = re.compile(r"quota|maximum number of .* (allowed|exceed)|limit ?exceeded|exceeds? ", re.IGNORECASE)

_NO_ADMINISTRATOR = "the account needs the role admin, by an inherited assignment on every domain"
_NOT_THIS_VERSION = "this service is older than the program needs"

_USUAL_OF_ACCOUNT: tuple[Row, ...] = (
    Row((403,), Forbidden, Scope.REGION, operations=_READING, advice=_NO_ADMINISTRATOR),
    Row((406,), Rejected, Scope.REGION, advice=_NOT_THIS_VERSION),
    # A rate limit of the service or of a proxy; quotas are in the rows before.
    Row((413,), Throttled, Scope.REGION, retryable=True),
    *USUAL,
)

KEYSTONE = ServiceKind("identity", "Keystone", _USUAL_OF_ACCOUNT)

NOVA = ServiceKind(
    "compute",
    "Nova",
    (
        Row((403, 413), QuotaExceeded, Scope.IMAGE, operations=(Operation.UPDATE,), says=_OF_QUOTA),
        *_USUAL_OF_ACCOUNT,
    ),
    # From 2.69 on /os-services shows the cells that do not answer; from 2.75 on unknown parameters are refused.
    {"OpenStack-API-Version": "compute 2.75"},
)

CINDER = ServiceKind(
    "block-storage",
    "Cinder",
    (
        Row((400,), NoParentBackup, operations=(Operation.CREATE,), says=_NO_PARENT),
        # Cinder writes a quota like a rate limit: overLimit with "Retry-After: 0".
        Row((413,), QuotaExceeded, Scope.IMAGE, operations=(Operation.CREATE,), says=_OF_QUOTA),
        *_USUAL_OF_ACCOUNT,
    ),
    # 3.43: metadata of backups; 3.45: count; 3.56: user_id.
    {"OpenStack-API-Version": "volume 3.56"},
)

CATALOG_TYPES = {
    NOVA.type: (NOVA.type,),
    CINDER.type: (CINDER.type, "volumev3", "block-store"),
}
"""The names that catalogs use for the type of a service, the present one first."""

PATH_OF_VERSION = {NOVA.type: "/v2.1", CINDER.type: "/v3"}
"""The path of the version, for catalogs that leave it out."""
