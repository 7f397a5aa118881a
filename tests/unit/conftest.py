"""Databases for the tests (SQLite always, PostgreSQL and MariaDB where they are installed), and a certificate."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from fiwareglancesync.base.database import metadata, open_engine
from tests.support.certificates import self_signed
from tests.support.mariadb import running_mariadb
from tests.support.postgresql import running_postgresql


@pytest.fixture(scope="session", autouse=True)
def locks_of_these_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the locks of this machine in a folder of these tests: other ones may run at the same time."""
    tmp_path_factory.getbasetemp()  # stays where it is
    with tempfile.TemporaryDirectory(prefix="glancesync-test-") as folder, pytest.MonkeyPatch.context() as patch:
        Path(folder).chmod(0o1777)
        patch.setattr("tempfile.tempdir", folder)
        patch.setenv("TMPDIR", folder)
        patch.setenv("XDG_RUNTIME_DIR", folder)
        yield


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key."""
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL of the tests' own."""
    with running_postgresql(tmp_path_factory.mktemp("pg")) as url:
        yield url


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a MariaDB of the tests' own."""
    with running_mariadb(tmp_path_factory.mktemp("my")) as url:
        yield url


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.outside),
        pytest.param("mariadb", marks=[pytest.mark.outside, pytest.mark.slow]),
    ]
)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database."""
    sqlite = request.param == "sqlite"
    made = open_engine(f"sqlite:///{tmp_path}/tasks.db" if sqlite else request.getfixturevalue(request.param))
    metadata.drop_all(made)
    metadata.create_all(made)
    yield made
    made.dispose()
