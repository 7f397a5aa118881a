"""What the refusals of Nova, Cinder and Keystone mean, in the words that the real ones have."""

from __future__ import annotations

import json

import pytest
from requests.structures import CaseInsensitiveDict

from fiwareglancesync.base.errors import (
    CloudError,
    Conflict,
    Forbidden,
    NotFound,
    QuotaExceeded,
    Rejected,
    ServiceFailure,
    Throttled,
    Unauthorized,
)
from fiwareglancesync.openstack.answers import Operation, from_answer
from fiwareglancesync.openstack.service import ServiceKind
from fiwareglancesync.openstack.service_kinds import CINDER, KEYSTONE, NOVA, NoParentBackup

LIST, GET, CREATE, UPDATE, DELETE = (
    Operation.LIST,
    Operation.GET,
    Operation.CREATE,
    Operation.UPDATE,
    Operation.DELETE,
)


def error(kind: ServiceKind, operation: Operation, status: int, key: str, message: str) -> CloudError:
    """The error of an answer."""
    body = json.dumps({key: {"code": status, "message": message}}).encode()
    return from_answer(kind.answers, operation, status, CaseInsensitiveDict(), body)


@pytest.mark.parametrize(
    ("kind", "operation", "status", "key", "message", "expected"),
    [
        (
            CINDER,
            CREATE,
            400,
            "badRequest",
            "Invalid backup: No backups available to do an incremental backup.",
            NoParentBackup,
        ),
        (
            CINDER,
            CREATE,
            400,
            "badRequest",
            "Invalid volume: Volume to be backed up must be available or in-use, but "
            'the current status is "backing-up".',
            Rejected,
        ),
        (CINDER, CREATE, 413, "overLimit", "Maximum number of backups allowed (3) exceeded", QuotaExceeded),
        (
            CINDER,
            CREATE,
            413,
            "overLimit",
            "Requested backup exceeds allowed Backup gigabytes quota. Requested 1G, "
            "quota is 3G and 3G has been consumed.",
            QuotaExceeded,
        ),
        (
            CINDER,
            CREATE,
            413,
            "overLimit",
            "VolumeLimitExceeded: Maximum number of volumes allowed (10) exceeded for quota 'volumes'.",
            QuotaExceeded,
        ),
        (CINDER, CREATE, 413, "overLimit", "This request was rate-limited.", Throttled),
        (CINDER, LIST, 413, "overLimit", "This request was rate-limited.", Throttled),
        (CINDER, CREATE, 404, "itemNotFound", "Volume x could not be found.", NotFound),
        (CINDER, DELETE, 400, "badRequest", "Invalid backup: Incremental backups exist for this backup.", Rejected),
        (
            CINDER,
            LIST,
            403,
            "forbidden",
            "Policy doesn't allow volume_extension:services:index to be performed.",
            Forbidden,
        ),
        (
            CINDER,
            LIST,
            406,
            "computeFault",
            "Version 3.56 is not supported by the API. Minimum is 3.0 and maximum is 3.50.",
            Rejected,
        ),
        (
            CINDER,
            CREATE,
            500,
            "computeFault",
            "The server has either erred or is incapable of performing the requested operation.",
            ServiceFailure,
        ),
        (CINDER, CREATE, 401, "error", "The request you have made requires authentication.", Unauthorized),
        (NOVA, UPDATE, 403, "forbidden", "Maximum number of metadata items exceeds 128", QuotaExceeded),
        (
            NOVA,
            UPDATE,
            403,
            "forbidden",
            "Policy doesn't allow os_compute_api:server-metadata:create to be performed.",
            Forbidden,
        ),
        (
            NOVA,
            UPDATE,
            409,
            "conflictingRequest",
            "Cannot 'update metadata' instance x while it is in vm_state building",
            Conflict,
        ),
        (NOVA, LIST, 400, "badRequest", "marker [x] not found", Rejected),
        (
            NOVA,
            LIST,
            403,
            "forbidden",
            "Policy doesn't allow os_compute_api:servers:detail:get_all_tenants to be performed.",
            Forbidden,
        ),
        (
            KEYSTONE,
            LIST,
            403,
            "error",
            "You are not authorized to perform the requested action: identity:list_projects.",
            Forbidden,
        ),
    ],
)
def test_an_answer_has_its_meaning(
    kind: ServiceKind, operation: Operation, status: int, key: str, message: str, expected: type[CloudError]
) -> None:
    found = error(kind, operation, status, key, message)
    assert type(found) is expected
    assert found.cause.startswith(message)


@pytest.mark.parametrize("kind", [CINDER, NOVA, KEYSTONE])
def test_whoever_may_not_list_needs_the_role_admin(kind: ServiceKind) -> None:
    for operation in (LIST, GET):
        found = error(kind, operation, 403, "forbidden", "Policy doesn't allow it.")
        assert found.cause.endswith("; the account needs the role admin, by an inherited assignment on every domain")
    assert "needs the role" not in error(kind, UPDATE, 403, "forbidden", "Policy doesn't allow it.").cause
