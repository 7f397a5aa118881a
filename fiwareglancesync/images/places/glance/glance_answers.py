"""What the refusals of a Glance mean (sync 3.11): the rows that it has of its own."""

from __future__ import annotations

import re

from ....base.errors import Forbidden, QuotaExceeded, Rejected, Scope, Throttled, TooManyUploads
from ....openstack.answers import USUAL, Operation, Row
from ....openstack.service import ServiceKind

_MAKING = frozenset((Operation.CREATE, Operation.UPLOAD, Operation.IMPORT))
_OF_PROPERTIES = re.compile(r"propert|attribute|number of allowed image tags|\btags?\b", re.IGNORECASE)
_OF_ONE_IMAGE = re.compile(r"provided image is too large|size cap|maximum image size", re.IGNORECASE)
_OF_UPLOADS = re.compile(r"\bimage_count_uploading\b")
_OF_QUOTA = re.compile(r"quota|limit|remaining|disk space|storage|no space|exceed", re.IGNORECASE)

_ANSWERS: tuple[Row, ...] = (
    Row((403,), Forbidden, operations=(Operation.CREATE,), says=_OF_PROPERTIES),
    Row((403,), Forbidden, Scope.REGION, operations=(Operation.CREATE,)),
    # Glance says 413 of a quota, of one image and of its properties; what stands before it says it of a rate.
    Row((413,), Throttled, Scope.REGION, retryable=True, names_wait=True),
    Row((413,), TooManyUploads, Scope.REGION, operations=_MAKING, says=_OF_UPLOADS),
    Row((413,), Rejected, operations=_MAKING, says=_OF_PROPERTIES),
    Row((413,), Rejected, operations=_MAKING, says=_OF_ONE_IMAGE),
    Row((413,), QuotaExceeded, Scope.REGION, operations=_MAKING, says=_OF_QUOTA),
    *USUAL,
)

GLANCE = ServiceKind("Glance", _ANSWERS)
