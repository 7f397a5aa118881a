"""After which errors the content of an image is moved again, and after how many seconds."""

from __future__ import annotations

import pytest

from fiwareglancesync.base.attempts import (
    ATTEMPTS,
    FIRST_WAIT_SECONDS,
    MAX_WAIT_SECONDS,
    attempts,
    is_worth_new_attempt,
)
from fiwareglancesync.base.errors import (
    CloudError,
    QuotaExceeded,
    Rejected,
    ServiceFailure,
    SourceBroke,
    Throttled,
    TransferError,
    Unauthorized,
    Unreachable,
    VerificationError,
)


def pauses_after(error: Exception, *, worth: bool = True, first_wait: float = FIRST_WAIT_SECONDS) -> list[float]:
    """The seconds between the attempts when every attempt fails with the same error."""
    pauses: list[float] = []

    def attempt() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        attempts(lambda found: worth and found is error, pauses.append, first_wait)(attempt)
    assert caught.value is error
    return pauses


def busy(retry_after: float | None) -> CloudError:
    """A service that has no time now."""
    return ServiceFailure("busy (HTTP 503)", status=503, retryable=True, retry_after=retry_after)


@pytest.mark.parametrize(("asked", "waited"), [(8.0, 8.0), (10.0**6, MAX_WAIT_SECONDS)])
def test_a_service_is_given_the_time_that_it_asks_for_within_bounds(asked: float, waited: float) -> None:
    assert pauses_after(busy(asked), first_wait=0.0) == [waited] * (ATTEMPTS - 1)


@pytest.mark.parametrize("error", [busy(0.0), busy(None), Unreachable("refused"), SourceBroke("broke off")])
def test_without_such_a_wish_the_pauses_grow(error: Exception) -> None:
    first, second = pauses_after(error)
    assert 1.0 <= first <= 2.0 <= second <= 3.0


def test_what_is_worth_no_other_attempt_is_raised_at_once() -> None:
    assert pauses_after(busy(None), worth=False) == []


@pytest.mark.parametrize(
    ("error", "later"),
    [
        (SourceBroke("broke off"), True),
        (Unreachable("refused"), True),
        (Throttled("slow down"), True),
        (Throttled("slow down").given_up("for hours"), False),
        (Unauthorized("the token has expired", status=401), True),
        (ServiceFailure("501", retryable=False), False),
        (QuotaExceeded("full", status=413), False),
        (Rejected("no qcow2", status=415), False),
        (TransferError("there is no such file"), False),
        (VerificationError("another checksum"), False),
        (KeyboardInterrupt(), False),
    ],
)
def test_what_may_succeed_later(error: BaseException, later: bool) -> None:
    assert is_worth_new_attempt(error) is later
