"""What the refusals of a Glance mean (sync 3.11): its rows, and the refusals that only its words explain."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ....base.errors import (
    CloudError,
    Forbidden,
    PropertyRefused,
    PublicationRefused,
    QuotaExceeded,
    Rejected,
    Scope,
    Throttled,
    TooManyUploads,
    Unauthorized,
)
from ....base.text import one_line
from ....openstack.answers import USUAL, Operation, Row
from ....openstack.service import Call, Service, ServiceKind

_MAKING = frozenset((Operation.CREATE, Operation.UPLOAD, Operation.IMPORT))
_OF_PROPERTIES = re.compile(r"propert|attribute|number of allowed image tags|\btags?\b", re.IGNORECASE)
_OF_TAGS = re.compile(r"\btags?\b", re.IGNORECASE)
_LIMIT_OF_TAGS = "remove tags from the image, or raise image_tag_quota of this Glance"
_OF_ONE_IMAGE = re.compile(r"provided image is too large|size cap|maximum image size", re.IGNORECASE)
_OF_UPLOADS = re.compile(r"\bimage_count_uploading\b")
_OF_QUOTA = re.compile(r"quota|limit|remaining|disk space|storage|no space|exceed", re.IGNORECASE)
_OF_A_PROXY = re.compile(
    r"^$|^(nginx|openresty|tengine|apache|cloudflare|varnish|envoy|traefik|haproxy)\b"
    r"|amount of data provided in the request exceeds the capacity limit",
    re.IGNORECASE,
)
"""What a web server or a proxy before Glance writes below the heading; Glance always says which limit is exceeded."""

_LIMIT_OF_A_PROXY = "a proxy or web server before this Glance limits the size of requests; raise its limit"
_OF_ANOTHER_KEYSTONE = (
    "this Glance does not accept a new token of its Keystone: its [keystone_authtoken] is wrong, or the catalog leads "
    "to the Glance of another Keystone"
)
_MAY_NOT_CREATE = "the user needs a role in the project that may create images, usually member"
_MAY_NOT_LIST = "the user needs a role in the project that may list images, usually reader or member"
_MAY_NOT_PUBLISH = "the user needs a role in the project that may do this, usually admin"
_OF_VISIBILITY = re.compile("publicize|communitize|visibility", re.IGNORECASE)

_ANSWERS: tuple[Row, ...] = (
    Row((401,), Unauthorized, Scope.REGION, operations=(Operation.LIST,), advice=_OF_ANOTHER_KEYSTONE),
    Row((403,), PropertyRefused, operations=(Operation.CREATE,), says=_OF_PROPERTIES),
    Row((403,), Forbidden, Scope.UPLOADS, operations=(Operation.CREATE,), advice=_MAY_NOT_CREATE),
    Row((403,), Forbidden, operations=(Operation.LIST,), advice=_MAY_NOT_LIST),
    # Glance answers 413 because of a quota, of one image or of its properties; a proxy before it because of a rate.
    Row((413,), Throttled, Scope.UPLOADS, retryable=True, names_wait=True, operations=_MAKING),
    # Otherwise each further image would be waited for anew, up to the whole retry_timeout.
    Row((413,), Throttled, Scope.REGION, retryable=True, names_wait=True),
    Row((413,), Rejected, operations=(Operation.UPLOAD,), says=_OF_A_PROXY, advice=_LIMIT_OF_A_PROXY),
    Row((413,), TooManyUploads, Scope.UPLOADS, operations=_MAKING, says=_OF_UPLOADS),
    Row((413,), PropertyRefused, operations={*_MAKING, Operation.UPDATE}, says=_OF_TAGS, advice=_LIMIT_OF_TAGS),
    Row((413,), PropertyRefused, operations={*_MAKING, Operation.UPDATE}, says=_OF_PROPERTIES),
    Row((413,), Rejected, operations=_MAKING, says=_OF_ONE_IMAGE),
    Row((413,), QuotaExceeded, Scope.UPLOADS, operations=_MAKING, says=_OF_QUOTA),
    # A new image has no content: its properties are all that can be too much.
    Row((413,), PropertyRefused, operations=(Operation.CREATE,)),
    *USUAL,
)

GLANCE = ServiceKind("image", "Glance", _ANSWERS)

_STORE_REFUSALS = frozenset((400, 409))
"""How Glance refuses an unknown store, for an upload and for an import."""


def refused_creation(error: Forbidden | Rejected, properties: Iterable[str]) -> CloudError:
    """The error of a refused creation, with the properties that the words of Glance name.

    :param error: what Glance answered
    :param properties: names of the properties of the new image
    :return: the same error, or a :class:`PropertyRefused`
    """
    named = [name for name in properties if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", error.cause)]
    if named and not isinstance(error, PropertyRefused):
        error = PropertyRefused(error.cause, status=error.status, scope=error.scope, request_id=error.request_id)
    if isinstance(error, PropertyRefused):
        error.properties = tuple(named)
        error.too_many = error.status == 413 and not _OF_TAGS.search(error.cause)
    return error


def refused_visibility(error: Forbidden) -> Forbidden:
    """The error of a change that gives an image a visibility.

    :param error: what Glance answered
    :return: the same error, or a :class:`PublicationRefused` if the visibility is the reason
    """
    if not _OF_VISIBILITY.search(error.cause):
        return error
    return PublicationRefused(f"{error.cause}; {_MAY_NOT_PUBLISH}", status=error.status, request_id=error.request_id)


def refused_store(error: CloudError, store: str, service: Service) -> CloudError:
    """The error of a refused upload or import. If the configured store does not exist, no image gets into the region.

    :param error: what Glance answered
    :param store: store of a multi-store Glance, "" for its default (sync 2, ``store``)
    :param service: the Glance
    :return: the same error, with an explanation if the store is the reason
    """
    about = rf"\bstore\b.*(?<!\w){re.escape(store)}(?!\w).*not found"
    if store and error.status in _STORE_REFUSALS and re.search(about, error.cause, re.IGNORECASE):
        names = _stores(service)
        there = f"the region has {', '.join(names)}" if names else "the region does not say what stores it has"
        error.explain(f"the key store of its target names it; {there}")
        error.scope = Scope.REGION
    return error


def _stores(service: Service) -> list[str]:
    """The stores of a region; none when Glance does not list them: this only explains another error."""
    try:
        document = service.request_once(Call(Operation.GET, "GET", "/v2/info/stores"))
    except CloudError:
        return []
    listed = document.get("stores") if isinstance(document, dict) else None
    stores = listed if isinstance(listed, list) else []
    names = [store.get("id") for store in stores if isinstance(store, dict)]
    return sorted(one_line(name) for name in names if isinstance(name, str))
