"""The verbs of ``glancesync volumes`` on a database that an older version of the program has made (volumes 4)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fiwareglancesync.base.database import open_engine
from fiwareglancesync.jobs.database_upgrade import newest_revision, revision_of
from tests.support.databases import at_revision
from tests.support.stand_ins.cloud_stand_in import CloudStandIn
from tests.support.volume_verbs import Run, call, marked_cloud

OLDER = "0004"
"""The first revision with records of backups."""


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[CloudStandIn]:
    """A cloud whose backups are recorded in an older database."""
    with marked_cloud(monkeypatch, tmp_path) as found:
        yield found


@pytest.fixture
def run(cloud: CloudStandIn, capsys: pytest.CaptureFixture[str], url: str) -> Run:
    """Calls a verb; returns the exit code and what was printed."""
    verb = call(capsys)
    assert verb("run")[0] == 0
    at_revision(url, OLDER, "Spain@http://127.0.0.1", down=True)
    return verb


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The URL of the database."""
    return f"sqlite:///{tmp_path}/data/glancesync-volumes.db"


@pytest.mark.parametrize("words", [("hold", "BACKUP"), ("purge", "Default/tenant", "--yes"), ("drill",), ("rebuild",)])
def test_what_changes_records_upgrades_it(cloud: CloudStandIn, run: Run, url: str, words: tuple[str, ...]) -> None:
    backup = next(iter(cloud.state.backups))
    code, _, error = run(*(backup if word == "BACKUP" else word for word in words))
    assert (code, "revision" in error) == (0, False), error
    assert revision_of(open_engine(url)) == newest_revision()


@pytest.mark.parametrize("verb", ["plan", "status", "check", "report"])
def test_what_only_shows_something_says_what_upgrades_it(run: Run, url: str, verb: str) -> None:
    code, out, error = run(verb)
    assert code == (3 if verb == "check" else 1)
    assert "The next command that writes into it upgrades them." in out + error
    assert revision_of(open_engine(url)) == OLDER
