"""Requests that change something in a cloud: each is sent exactly once, and its outcome is a value (volumes 4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from ..base.errors import CloudError, Forbidden, NotFound, QuotaExceeded, Throttled, Unauthorized
from .failures import was_not_sent
from .request_outcome import Accepted, Outcome, Refusal, Refused, Unknown
from .service import Call, Service
from .service_kinds import NoParentBackup

Check: TypeAlias = Callable[[], None]
"""Raises what prevents a request, for example that a lease has been lost."""


def do_not_check() -> None:
    """Prevent nothing."""


_REFUSALS: tuple[tuple[type[CloudError], Refusal], ...] = (
    (NoParentBackup, Refusal.NO_PARENT),
    (QuotaExceeded, Refusal.QUOTA),
    (NotFound, Refusal.NOT_FOUND),
    (Forbidden, Refusal.FORBIDDEN),
    (Unauthorized, Refusal.UNAUTHORIZED),
    (Throttled, Refusal.FOR_NOW),
)


def send_once(service: Service, call: Call, key: str = "", check: Check = do_not_check) -> Outcome:
    """Send a request once.

    :param key: of the object in the answer that has the id of what was made, "" when nothing is made
    :param check: called when the token is there, immediately before the request is sent; what it raises prevents that
    :raises CloudError: nothing was sent: there is no token, or no connection
    """
    service.access()
    check()
    try:
        document = service.request_without_renewal(call)
    except CloudError as error:
        return _outcome(error)
    if not key:
        return Accepted()
    made = _id_in(document, key)
    return Accepted(made) if made else Unknown("malformed answer: no id of what was made")


def _outcome(error: CloudError) -> Outcome:
    """What an error means for what was requested.

    :raises CloudError: nothing was sent
    """
    if was_not_sent(error):
        raise error
    status = error.status
    # A proxy answers 408 or 5xx when it has passed the request on and waits no longer.
    if status is None or status >= 500 or status == 408 or 200 <= status < 300:
        return Unknown(str(error))
    refusal = next((refusal for kind, refusal in _REFUSALS if isinstance(error, kind)), Refusal.REJECTED)
    return Refused(refusal, str(error))


def _id_in(document: Any, key: str) -> str:
    made = document.get(key) if isinstance(document, dict) else None
    found = made.get("id") if isinstance(made, dict) else None
    return found if isinstance(found, str) else ""
