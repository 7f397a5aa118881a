"""What shows before any region is held."""

from __future__ import annotations

from pathlib import Path

import pytest

from fiwareglancesync.base.errors import ConfigError
from fiwareglancesync.locks.region_lock import check_database


def test_a_database_that_is_none_is_a_mistake_of_the_configuration() -> None:
    with pytest.raises(ConfigError, match=r"^\[main\] database: the database URL cannot be used; expected one such as"):
        check_database("nonsense://user:secret@host")


def test_a_good_one_is_not_asked(tmp_path: Path) -> None:
    check_database(f"sqlite:///{tmp_path}/locks.db")
    check_database("")
    assert list(tmp_path.iterdir()) == []
