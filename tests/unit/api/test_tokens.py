"""The cache of validated tokens."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fiwareglancesync.api import tokens
from fiwareglancesync.api.tokens import TOKEN_CACHE_SECONDS, TokenCache


@pytest.mark.parametrize("ahead", [86400.0, -86400.0])
def test_what_is_kept_is_kept_for_its_time_though_somebody_sets_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    now = [0.0]
    cache = TokenCache(tmp_path, lambda: now[0])
    cache.set("key", "value")
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() + ahead)
    assert cache.get("key") == "value"
    now[0] += TOKEN_CACHE_SECONDS + 1
    assert cache.get("key") is None


def test_another_worker_of_the_machine_finds_it(tmp_path: Path) -> None:
    TokenCache(tmp_path).set("key", b"value", tokens.TOKEN_CACHE_SECONDS)
    assert TokenCache(tmp_path).get("key") == b"value"
