"""Databases without tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.databases import remove_tables


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.outside),
        pytest.param("mariadb", marks=[pytest.mark.outside, pytest.mark.slow]),
    ]
)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/tasks.db"
        return
    url = request.getfixturevalue(request.param)
    remove_tables(url)
    yield url
    remove_tables(url)
