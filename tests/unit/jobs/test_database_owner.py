"""A database belongs to one federation; on SQLite and, where they are installed, on PostgreSQL and MariaDB."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import Engine, select

from fiwareglancesync.base.database import metadata, open_engine
from fiwareglancesync.images.federation_name import federation_of
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.jobs.database_owner import OtherFederation, claim, file_name, rebind, recorded, refuse_another
from fiwareglancesync.jobs.tables import federation
from fiwareglancesync.locks.region_lock import region_lock
from fiwareglancesync.openstack.credential import Credential

OURS, THEIRS, REHEARSAL = "Spain@http://keystone:5000", "Spain@https://keystone", "embedded:/var/lib/rehearsal"
ODD = "Spáin \ud800 'x'; DROP TABLE tasks@http://keystone"


def named(address: str, region: str = "Spain") -> str:
    """The name of a federation whose Keystone has an address."""
    target = Target("master", Credential(auth_url=address))
    return federation_of(Settings(region, {"master": target}), {})


@pytest.mark.parametrize(
    "address",
    [
        "http://keystone.example.org:5000",
        "http://keystone.example.org:5000/v3",
        "HTTP://Keystone.Example.ORG:5000/v3/",
        "http://user:secret@keystone.example.org:5000/v2.0",
        "http://keystone.example.org.:5000",
    ],
)
def test_the_spelling_of_keystones_address_makes_no_difference(address: str) -> None:
    assert named(address) == "Spain@http://keystone.example.org:5000"


def test_what_makes_a_difference() -> None:
    names = [
        named("http://keystone"),
        named("http://keystone:5000"),
        named("https://keystone"),
        named("http://keystone/identity"),
        named("http://other"),
        named("http://keystone", "Burgos"),
    ]
    assert len(set(names)) == len(names)
    assert named("https://keystone:443/v3") == named("https://keystone")
    assert named("http://localhost:5000") == named("http://127.0.0.1:5000")


def test_an_embedded_federation_is_its_folder(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "one")
    settings = Settings("Spain", {"master": Target("master", Credential(auth_url="http://keystone"))})

    def embedded(path: Path) -> str:
        return federation_of(settings, {"GLANCESYNC_MOCKPERSISTENT_PATH": str(path)})

    assert embedded(tmp_path / "link") == embedded(tmp_path / "one") == f"embedded:{(tmp_path / 'one').resolve()}"
    assert embedded(tmp_path / "two") != embedded(tmp_path / "one")


@pytest.mark.parametrize("name", [OURS, REHEARSAL, ODD, "embedded:/a/../\x00", f"{'x' * 500}@http://keystone"])
def test_the_name_of_a_file_is_readable_and_short(name: str) -> None:
    found = file_name(name)
    assert found.isascii()
    assert len(found) < 90
    assert Path(found).name == found
    assert found.startswith("glancesync-")
    assert found.endswith(".db")


def test_federations_have_files_of_their_own() -> None:
    assert "Spain" in file_name(OURS)
    assert "keystone" in file_name(OURS)
    assert file_name("embedded:/a/copy") != file_name("embedded:/b/copy")
    assert "copy" in file_name("embedded:/a/copy")


def test_the_first_that_uses_a_database_is_recorded(engine: Engine) -> None:
    assert recorded(engine) is None
    refuse_another(engine, OURS)
    assert recorded(engine) is None
    claim(engine, OURS)
    claim(engine, OURS)
    assert recorded(engine) == OURS
    refuse_another(engine, OURS)


def test_a_name_comes_back_exactly(engine: Engine) -> None:
    claim(engine, ODD)
    assert recorded(engine) == ODD


@pytest.mark.parametrize("other", [THEIRS, REHEARSAL])
def test_another_federation_is_refused_in_one_line(engine: Engine, other: str) -> None:
    claim(engine, OURS)
    for use in (claim, refuse_another):
        with pytest.raises(OtherFederation) as refused:
            use(engine, other)
        reported = str(refused.value)
        assert "\n" not in reported
        assert "secret" not in reported
        assert (
            f" belongs to the federation {OURS}, the configuration is of {other}. Please name another one" in reported
        )
        assert (f"glancesync db rebind --from {OURS}" in reported) is (other == THEIRS)
    assert recorded(engine) == OURS


def test_of_many_that_begin_at_once_one_is_recorded(engine: Engine) -> None:
    names = [OURS, THEIRS, REHEARSAL] * 4
    together = Barrier(len(names))

    def begin(name: str) -> bool:
        together.wait()
        try:
            claim(engine, name)
        except OtherFederation:
            return False
        return True

    with ThreadPoolExecutor(len(names)) as threads:
        done = list(threads.map(begin, names))
    winner = recorded(engine)
    assert done == [name == winner for name in names]
    with engine.connect() as connection:
        assert len(connection.execute(select(federation)).all()) == 1


def test_a_database_is_rebound_only_from_what_is_recorded(engine: Engine) -> None:
    assert not rebind(engine, OURS, THEIRS)
    claim(engine, OURS)
    assert not rebind(engine, REHEARSAL, THEIRS)
    assert recorded(engine) == OURS
    assert rebind(engine, OURS, THEIRS)
    assert recorded(engine) == THEIRS
    claim(engine, THEIRS)


def test_a_database_without_the_table_belongs_to_nobody(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/old.db")
    assert recorded(engine) is None
    refuse_another(engine, OURS)
    assert not rebind(engine, OURS, THEIRS)


def test_leases_are_never_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    url = f"sqlite:///{tmp_path}/shared.db"
    engine = open_engine(url)
    metadata.create_all(engine)
    claim(engine, THEIRS)
    with region_lock(("place",), "run", url):
        assert recorded(engine) == THEIRS
