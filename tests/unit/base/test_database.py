"""How a database is connected to."""

from __future__ import annotations

import pytest

from fiwareglancesync.base.database import CONNECT_SECONDS, connect_args, database_url


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_postgresql_that_does_not_answer_is_waited_for_some_seconds(scheme: str) -> None:
    assert connect_args(database_url(f"{scheme}://db.example.org/locks")) == {"connect_timeout": CONNECT_SECONDS}


def test_who_says_how_long_to_wait_is_believed() -> None:
    assert connect_args(database_url("postgresql://db.example.org/locks?connect_timeout=3")) == {}
