"""How long it is waited before an image's bytes are sent anew."""

from __future__ import annotations

import pytest

from fiwareglancesync.base import attempts as module
from fiwareglancesync.base.attempts import ATTEMPTS, MAX_WAIT_SECONDS, attempts
from fiwareglancesync.base.errors import CloudError, ServiceFailure, SourceBroke, Unreachable


class Broke(Exception):
    """What is tried again."""


def pauses_after(cause: Exception | None) -> list[float]:
    """The seconds that are waited for when every attempt fails for the same cause."""
    pauses: list[float] = []

    def attempt() -> None:
        raise Broke from cause

    with pytest.raises(Broke):
        attempts(Broke, pauses.append)(attempt)
    return pauses


def busy(retry_after: float | None) -> CloudError:
    """A service that has no time now."""
    return ServiceFailure("busy (HTTP 503)", status=503, retryable=True, retry_after=retry_after)


@pytest.mark.parametrize(("asked", "waited"), [(8.0, 8.0), (10.0**6, MAX_WAIT_SECONDS)])
def test_a_service_is_given_the_time_that_it_asks_for_within_bounds(
    monkeypatch: pytest.MonkeyPatch, asked: float, waited: float
) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT_SECONDS", 0.0)
    assert pauses_after(busy(asked)) == [waited] * (ATTEMPTS - 1)


@pytest.mark.parametrize("cause", [busy(0.0), busy(None), Unreachable("refused"), SourceBroke("broke off"), None])
def test_without_such_a_wish_the_pauses_grow(cause: Exception | None) -> None:
    first, second = pauses_after(cause)
    assert 1.0 <= first <= 2.0 <= second <= 3.0
