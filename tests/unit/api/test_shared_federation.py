"""The federation as the server's threads share it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from fiwareglancesync.api.api_service import ApiService
from fiwareglancesync.api.shared_federation import CACHE_SECONDS, SharedFederation
from fiwareglancesync.base.errors import Unreachable
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedFederation
from fiwareglancesync.images.settings import Target

THREADS = 4


@pytest.fixture
def now() -> list[float]:
    """The time; set it."""
    return [0.0]


@pytest.fixture
def made(service: ApiService, now: list[float]) -> SharedFederation:
    """One that nobody has used yet."""
    return SharedFederation(service.cloud.settings, service.environ, lambda: now[0])


def test_threads_that_come_together_share_what_one_of_them_opened(
    made: SharedFederation, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(THREADS, timeout=180)
    regions = EmbeddedFederation.regions

    def slow(federation: EmbeddedFederation, target: Target) -> object:
        together.wait()
        return regions(federation, target)

    monkeypatch.setattr(EmbeddedFederation, "regions", slow)
    with ThreadPoolExecutor(THREADS) as threads:
        readers = [future.result() for future in [threads.submit(made.reader) for _ in range(THREADS)]]
    assert len({id(reader.federation) for reader in readers}) == 1
    assert made.reader().federation is readers[0].federation


def test_it_is_kept_for_a_while(made: SharedFederation, now: list[float]) -> None:
    first = made.reader().federation
    now[0] += CACHE_SECONDS - 1
    assert made.reader().federation is first


def test_it_is_opened_anew_when_its_time_is_over(made: SharedFederation, now: list[float]) -> None:
    first = made.reader().federation
    now[0] += CACHE_SECONDS
    assert made.reader().federation is not first


def test_the_known_one_serves_while_it_cannot_be_opened_anew(
    made: SharedFederation, now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(federation: EmbeddedFederation, target: Target) -> object:
        raise Unreachable("nobody answers")

    first = made.reader().federation
    now[0] += CACHE_SECONDS
    monkeypatch.setattr(EmbeddedFederation, "regions", fail)
    assert made.reader().federation is first
