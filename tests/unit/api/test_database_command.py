"""``glancesync db``: upgrade and rebind without a server, as somebody types them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from fiwareglancesync.api import server_settings
from fiwareglancesync.api.app import create_app
from fiwareglancesync.api.database_files import FILE, url_of
from fiwareglancesync.base.database import metadata, open_engine
from fiwareglancesync.jobs.database_owner import claim, file_name, rebind, recorded
from fiwareglancesync.jobs.database_upgrade import newest_revision
from fiwareglancesync.jobs.job import Job
from fiwareglancesync.jobs.store import TaskStore
from fiwareglancesync.locks.region_lock import region_lock
from fiwareglancesync.main import main
from tests.support.databases import at_revision
from tests.support.mariadb import running_mariadb
from tests.support.postgresql import running_postgresql

OLD, NEW, THIRD = "Spain@http://old:1", "Spain@http://new:1", "Burgos@http://old:1"
CONFIGURATION = """
[main]
master_region = Spain
[master]
credential = carla, c2VjcmV0, http://new:1/v3, images
"""

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for databases; the configuration is of ``NEW``, and nobody is asked there."""
    monkeypatch.setattr(server_settings, "SYSTEM_FOLDER", tmp_path / "etc")
    (tmp_path / "glancesync.conf").write_text(CONFIGURATION)
    (tmp_path / "glancesync.conf").chmod(0o600)
    monkeypatch.setenv("GLANCESYNC_CONFIG", str(tmp_path / "glancesync.conf"))
    monkeypatch.setenv("GLANCESYNCAPP_DATABASE_PATH", str(tmp_path / "database"))
    return tmp_path / "database"


@pytest.fixture
def db(folder: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    """Calls the command: exit code, and both outputs."""

    def call(*words: str) -> tuple[int, str, str]:
        code = main(["db", *words])
        out, err = capsys.readouterr()
        assert "secret" not in out + err
        assert "Traceback" not in err
        return code, out, err

    return call


def configure(folder: Path, url: str) -> None:
    """Name a database in the configuration."""
    path = folder.parent / "glancesync.conf"
    path.write_text(path.read_text().replace("[main]", f"[main]\ndatabase = {url}"))


def used(path: Path, owner: str, tasks: int = 1) -> Path:
    """A database that a federation has used."""
    path.parent.mkdir(exist_ok=True)
    engine = open_engine(url_of(path))
    metadata.create_all(engine)
    claim(engine, owner)
    for number in range(tasks):
        TaskStore(engine).create(Job("sync", f"Region{number}"), "carla")
    engine.dispose()
    return path


def test_upgrade_makes_the_federations_own_file(db: Call, folder: Path) -> None:
    path = folder / file_name(NEW)
    reported = f"The database {path} is at revision {newest_revision()} and belongs to the federation {NEW}.\n"
    assert db("upgrade") == (0, reported, "")
    assert recorded(open_engine(url_of(path))) == NEW
    assert path.stat().st_mode & 0o077 == 0
    assert db("upgrade") == (0, reported, "")


def test_upgrade_of_a_database_for_volume_backups_alone_needs_neither_master_nor_account(
    db: Call, folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "volumes.db"
    (tmp_path / "glancesync.conf").write_text(f"[main]\ndatabase = sqlite:///{path}\n[volumes]\nmax_running = 2\n")
    upgraded = f"The database {path} is at revision {newest_revision()} and belongs to no federation.\n"
    assert db("upgrade") == (0, upgraded, "")
    assert db("upgrade") == (0, upgraded, "")


def test_upgrade_of_the_federations_own_file_needs_the_master_region(db: Call, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "glancesync.conf").write_text(CONFIGURATION.replace("master_region = Spain", ""))
    code, _, err = db("upgrade")
    assert code == 2
    assert "[main] master_region: the master region is missing" in err


def test_upgrade_goes_on_with_the_file_of_an_older_version(db: Call, folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    at_revision(url_of(folder / FILE), "head", OLD)
    old = used(folder / FILE, OLD)
    at_revision(url_of(old), "0001", OLD, down=True)
    code, out, _ = db("upgrade")
    reported = f"The database {old} is at revision {newest_revision()} and belongs to the federation {NEW}.\n"
    assert (code, out) == (0, reported)
    assert len(TaskStore(open_engine(url_of(old))).running("sync")) == 1


def test_upgrade_refuses_the_database_of_another_federation(db: Call, folder: Path, tmp_path: Path) -> None:
    path = used(tmp_path / "shared.db", OLD)
    before = path.read_bytes()
    configure(folder, url_of(path))
    code, out, err = db("upgrade")
    assert (code, out) == (1, "")
    assert err == (
        f"ERROR:The database {path} belongs to the federation {OLD}, the configuration is of {NEW}. Please name another"
        " one as database in the configuration or, if it is the same federation under a new name, run:"
        f" glancesync db rebind --from {OLD}\n"
    )
    assert path.read_bytes() == before


def test_rebind_reports_what_it_would_do_and_waits_for_a_confirmation(db: Call, folder: Path, tmp_path: Path) -> None:
    path = used(tmp_path / "shared.db", OLD)
    configure(folder, url_of(path))
    code, out, err = db("rebind")
    assert (code, out) == (2, "")
    reported = f"ERROR:The database {path} belongs to the federation {OLD}, the configuration is of {NEW}"
    assert err.startswith(f"{reported}; nothing was changed.")
    assert err.endswith(f"run: glancesync db rebind --from {OLD}\n")
    assert recorded(open_engine(url_of(path))) == OLD
    reported = f"The database {path} belonged to the federation {OLD}, and belongs to {NEW} now.\n"
    assert db("rebind", "--from", OLD) == (0, reported, "")
    assert recorded(open_engine(url_of(path))) == NEW
    assert db("rebind") == (0, f"The database {path} belongs to the federation {NEW} already.\n", "")


def test_rebind_from_what_is_not_recorded_changes_nothing(db: Call, folder: Path, tmp_path: Path) -> None:
    path = used(tmp_path / "shared.db", OLD)
    configure(folder, url_of(path))
    reported = f"ERROR:The database {path} belongs to the federation {OLD}, not to nobody.\n"
    assert db("rebind", "--from", "nobody") == (1, "", reported)
    assert recorded(open_engine(url_of(path))) == OLD


def test_rebind_of_a_database_that_nobody_has_used(db: Call, folder: Path, tmp_path: Path) -> None:
    configure(folder, f"sqlite:///{tmp_path}/new.db")
    code, _, err = db("rebind", "--from", OLD)
    assert (code, "belongs to no federation yet" in err) == (1, True)


def test_rebind_of_a_file_takes_it_along(db: Call, folder: Path) -> None:
    used(folder / file_name(OLD), OLD, tasks=2)
    used(folder / file_name(THIRD), THIRD)
    used(folder / file_name("embedded:/x"), "embedded:/x")
    db("upgrade")  # as a server does that is started after the change
    code, out, err = db("rebind")
    assert (code, out) == (2, "")
    assert f"{file_name(OLD)} of {OLD}" in err
    assert f"{file_name(THIRD)} of {THIRD}" in err
    assert "embedded:/x" not in err
    assert err.endswith("run: glancesync db rebind --from OLD\n")
    path = folder / file_name(NEW)
    reported = f"The database {path} belonged to the federation {OLD}, and belongs to {NEW} now.\n"
    assert db("rebind", "--from", OLD) == (0, reported, "")
    assert len(TaskStore(open_engine(url_of(path))).running("sync")) == 2
    code, _, err = db("rebind", "--from", OLD)
    assert (code, "holds no database of the federation" in err) == (1, True)


@pytest.mark.parametrize("words", [["rebind"], ["rebind", "--from", "embedded:/x"]])
def test_a_rehearsals_database_is_not_rebound_to_production(
    db: Call, folder: Path, tmp_path: Path, words: list[str]
) -> None:
    path = used(tmp_path / "shared.db", "embedded:/x")
    used(folder / file_name("embedded:/x"), "embedded:/x")
    code, out, err = db(*words)
    assert (code, out, "may be a new name of" in err) == (1, "", True)
    configure(folder, url_of(path))
    code, out, err = db(*words)
    assert (code, out, "is another one, not that one under a new name" in err) == (1, "", True)
    assert recorded(open_engine(url_of(path))) == "embedded:/x"


def test_rebind_without_any_database(db: Call, folder: Path) -> None:
    reported = f"ERROR:The folder {folder} holds no database of a federation that {NEW} may be a new name of.\n"
    assert db("rebind") == db("rebind", "--from", OLD) == (1, "", reported)


def test_a_database_that_cannot_be_used_is_reported_in_a_line(db: Call, folder: Path, tmp_path: Path) -> None:
    configure(folder, f"sqlite:///{tmp_path}/no/such/folder.db")
    for words in (["upgrade"], ["rebind"]):
        code, out, err = db(*words)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert err.startswith("ERROR:The database cannot be used: ")


def test_another_configuration_may_be_named(db: Call, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.conf"
    other.write_text(CONFIGURATION.replace("http://new", "http://old"))
    other.chmod(0o600)
    assert db("upgrade", "--conf", str(other))[1].endswith(f"belongs to the federation {OLD}.\n")


def test_the_account_may_come_from_clouds_yaml(
    db: Call, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clouds = tmp_path / "clouds.yaml"
    auth = "auth_url: http://old:1/v3, username: u, password: p, project_name: i"
    clouds.write_text(f"clouds:\n  old:\n    auth: {{{auth}}}\n    region_name: Spain\n")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(clouds))
    assert db("upgrade", "--os-cloud", "old")[1].endswith(f"belongs to the federation {OLD}.\n")


@pytest.fixture(params=["postgresql", pytest.param("mariadb", marks=pytest.mark.slow)])
def server_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database on a server."""
    running = running_postgresql if request.param == "postgresql" else running_mariadb
    with running(tmp_path) as url:
        yield url


@pytest.mark.outside
def test_a_database_on_a_server(db: Call, folder: Path, server_url: str) -> None:
    with region_lock(("place",), "run", server_url):  # somebody may have used it for locks before
        pass
    configure(folder, server_url)
    code, _, err = db("rebind", "--from", OLD)
    assert (code, "belongs to no federation yet" in err) == (1, True)
    code, out, err = db("upgrade")
    assert (code, err) == (0, "")
    assert out.endswith(f" is at revision {newest_revision()} and belongs to the federation {NEW}.\n")
    engine = open_engine(server_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert rebind(engine, NEW, OLD)
    code, _, err = db("upgrade")
    assert (code, f"belongs to the federation {OLD}" in err) == (1, True)
    assert db("rebind", "--from", OLD)[0] == 0
    assert recorded(engine) == NEW


@pytest.mark.parametrize("words", [[], ["upgrade", "x"], ["rebind", "--to", "x"], ["drop"], ["rebind", "--from"]])
def test_words_that_make_no_sense(db: Call, words: list[str]) -> None:
    code, out, err = db(*words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "db" in err
    assert "--help" in err


@pytest.mark.parametrize("words", [["--help"], ["rebind", "--help"], ["upgrade", "--help"]])
def test_the_help(db: Call, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["db", *words])
    assert ended.value.code == 0
    assert "usage: " in capsys.readouterr().out


def test_an_embedded_federation_has_its_own(db: Call, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    create_app(environ, background=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    code, out, _ = db("upgrade")
    assert code == 0
    assert out.endswith(f" belongs to the federation embedded:{environ['GLANCESYNC_MOCKPERSISTENT_PATH']}.\n")
