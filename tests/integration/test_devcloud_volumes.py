"""The volumes of the development cloud: what `--with volumes` adds, and that it ends again, on a cloud of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from devcloud_lib import identity, state, topology
from devcloud_lib.http import Client, query
from devcloud_lib.volumes import runtime_folder
from devcloud_lib.volumes.server_table import CATALOG, SERVERS
from devcloud_lib.volumes.volume_clients import compute
from devcloud_lib.volumes.volume_seed import SEED_SERVERS

from tests.support.conditions import wait_for
from tests.support.development_volumes import READY_SECONDS, Volumes
from tests.support.own_cloud import OwnCloud, in_folder, own_cloud, wait_until_gone

POLICY = '"backup:get_all": "!"\n'
CHUNK_BYTES = 2**20
MARK = b"written by the test"

pytestmark = [pytest.mark.integration, pytest.mark.volumes, pytest.mark.slow]


@pytest.fixture(scope="module")
def cloud(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnCloud]:
    """A running cloud with volumes, in a folder with a space and a dollar sign."""
    with own_cloud(root, tmp_path_factory.mktemp("clouds") / "a cloud of $HOME", "--with", "volumes") as made:
        yield made


@pytest.fixture(scope="module")
def seeded(cloud: OwnCloud) -> Volumes:
    """The seed's servers and volumes."""
    cloud.do("seed", "--with", "volumes")
    return Volumes(state.load(cloud.folder))


class TestSeed:
    def test_the_catalog_lists_the_services_in_the_master_region(self, seeded: Volumes) -> None:
        keystone = seeded.cloud.services[topology.VOLUMES_KEYSTONE]
        token = identity.sign_in_as(keystone, seeded.accounts["demo"])
        catalog = Client(keystone.port, token).call("GET", "/v3/auth/catalog").json()["catalog"]
        regions = {each["type"]: {endpoint["region"] for endpoint in each["endpoints"]} for each in catalog}
        assert {kind: regions[kind] for kind in CATALOG} == {kind: {"Spain"} for kind in CATALOG}

    def test_owners_have_servers_with_attached_volumes(self, seeded: Volumes) -> None:
        for wanted in SEED_SERVERS:
            server = seeded.servers(wanted.account)[wanted.name]
            volumes = seeded.listed(wanted.account, "volumes")
            attached = [volumes[each["id"]] for each in server["os-extended-volumes:volumes_attached"]]
            assert server["status"] == "ACTIVE"
            assert server["metadata"] == wanted.metadata
            assert sorted(volume["name"] for volume in attached) == sorted(wanted.volumes)
            assert {volume["attachments"][0]["server_id"] for volume in attached} == {server["id"]}

    def test_seeding_twice_is_seeding_once(self, cloud: OwnCloud, seeded: Volumes) -> None:
        before = [(seeded.servers(name).keys(), seeded.listed(name, "volumes").keys()) for name in ("demo", "other")]
        cloud.do("seed", "--with", "volumes")
        after = [(seeded.servers(name).keys(), seeded.listed(name, "volumes").keys()) for name in ("demo", "other")]
        assert after == before

    def test_the_account_for_backups_is_an_administrator_in_every_project(self, seeded: Volumes) -> None:
        for project in ("backup", "demo", "other", "foreign"):
            api, root = seeded.cinder("backup", project)
            assert api.call("GET", f"{root}/os-services").json()["services"]

    def test_a_server_starts_from_an_image_of_the_region(self, seeded: Volumes) -> None:
        api = compute(seeded.cloud, seeded.accounts["demo"])
        glance = Client(seeded.cloud.services["Spain"].port, api.token)
        image = next(glance.pages(query("/v2/images", visibility="public", status="active"), "images"))
        body = {"name": "from-image", "flavorRef": "1", "imageRef": image["id"], "networks": "none"}
        made = api.call("POST", "/v2.1/servers", {"server": body}).json()["server"]
        wait_for(lambda: seeded.servers("demo")["from-image"]["status"] != "BUILD", "a server", READY_SECONDS)
        status = seeded.servers("demo")["from-image"]["status"]
        api.call("DELETE", f"/v2.1/servers/{made['id']}")
        assert status == "ACTIVE"


class TestBackups:
    def test_a_chain_of_backups_restores_what_the_volume_was(self, seeded: Volumes) -> None:
        volume_id = seeded.volume("web-data")
        full = seeded.created("backup", "demo", "backup", volume_id=volume_id, force=True)
        with seeded.content(volume_id).open("r+b") as file:
            file.seek(CHUNK_BYTES)
            file.write(MARK)
        changed = digest(seeded.content(volume_id))
        incremental = seeded.created("backup", "demo", "backup", volume_id=volume_id, force=True, incremental=True)
        assert (full["is_incremental"], incremental["is_incremental"]) == (False, True)
        assert {each["user_id"] for each in (full, incremental)} == {seeded.accounts["backup"].user_id}
        assert seeded.listed("demo", "backups").keys() == {full["id"], incremental["id"]}
        assert restored(seeded, incremental["id"]) == changed
        assert seeded.settled("demo", "demo", "volume", volume_id)["status"] == "in-use"
        remove_backups(seeded, incremental["id"])


class TestFaults:
    def test_a_killed_service_is_seen_and_comes_back(self, cloud: OwnCloud) -> None:
        cloud.do("kill", "cinder-backup")
        assert cloud.states()["cinder-backup"] == "down"
        cloud.do("up")
        assert set(cloud.states().values()) == {"up"}

    def test_the_queues_and_the_databases_can_be_restarted(self, cloud: OwnCloud, seeded: Volumes) -> None:
        for name in ("rabbitmq", "mariadb", "nova-compute"):
            cloud.do("restart", name)
        wait_for(lambda: set(cloud.states().values()) == {"up"}, "all servers", READY_SECONDS, pause=0.5)
        api, root = seeded.cinder("demo", "demo")
        made = seeded.created("demo", "demo", "volume", name="after the restart", size=1)
        api.call("DELETE", f"{root}/volumes/{made['id']}")
        assert seeded.servers("demo")["web"]["status"] == "ACTIVE"

    def test_a_policy_holds_in_all_processes_until_the_next_restart(
        self, cloud: OwnCloud, seeded: Volumes, tmp_path: Path
    ) -> None:
        (tmp_path / "policy.yaml").write_text(POLICY, encoding="ascii")
        policy = ["--policy", str(tmp_path / "policy.yaml"), "--processes", "4"]
        cloud.do("restart", "cinder-api", *policy, "--set", "oslo_policy.remote_timeout=5")
        api, root = seeded.cinder("demo", "demo")
        statuses = {api.try_call("GET", f"{root}/backups").status for _ in range(8)}
        processes = [each for each in Path("/proc").glob("[0-9]*") if in_folder(each, cloud.folder / "cinder-api")]
        cloud.do("restart", "cinder-api")
        assert (statuses, len(processes)) == ({403}, 5)
        assert api.call("GET", f"{root}/backups").status == 200

    def test_a_server_that_does_not_start_names_its_log(self, cloud: OwnCloud) -> None:
        refused = cloud.run("restart", "cinder-backup", "--set", "DEFAULT.backup_driver=nonsense")
        assert refused.returncode == 1
        assert f"the whole log is {cloud.folder}/cinder-backup/server.log" in refused.stderr
        cloud.do("restart", "cinder-backup")

    def test_the_services_below_take_no_options(self, cloud: OwnCloud) -> None:
        refused = cloud.run("restart", "mariadb", "--set", "a.b=c")
        assert (refused.returncode, refused.stderr) == (1, "ERROR: mariadb has no options that can be set\n")
        refused = cloud.run("restart", "cinder-volume", "--processes", "4")
        assert refused.returncode == 1
        assert "cinder-volume takes neither --processes nor --policy" in refused.stderr


class TestEnd:
    def test_volumes_and_backups_survive_a_down(self, cloud: OwnCloud, seeded: Volumes) -> None:
        before = [seeded.listed(name, kind).keys() for name in ("demo", "other") for kind in ("volumes", "backups")]
        cloud.do("down")
        assert not runtime_folder.path_of(cloud.folder).exists()
        cloud.do("up")
        again = Volumes(state.load(cloud.folder))
        after = [again.listed(name, kind).keys() for name in ("demo", "other") for kind in ("volumes", "backups")]
        assert after == before

    def test_a_reset_leaves_nothing_of_any_project(self, cloud: OwnCloud, seeded: Volumes) -> None:
        cloud.do("reset")
        assert set(cloud.states().values()) == {"up"}
        again = Volumes(state.load(cloud.folder))
        assert again.servers("demo") == {}
        assert [again.listed(name, kind) for name in ("demo", "other") for kind in ("volumes", "backups")] == [{}] * 4
        assert [path for path in (again.cloud.folder / "volumes").rglob("*") if path.is_file()] == []
        cloud.do("seed", "--with", "volumes")
        assert again.servers("demo").keys() == {"web", "cache"}

    def test_down_ends_everything_and_purge_leaves_nothing(self, cloud: OwnCloud) -> None:
        pids = [server["pid"] for server in cloud.describe()["volumes"]["servers"].values()]
        assert len(pids) == len(SERVERS)
        cloud.do("down", "--purge")
        for pid in pids:
            wait_until_gone(pid)
        assert not any(in_folder(path, cloud.folder) for path in Path("/proc").glob("[0-9]*"))
        assert not runtime_folder.path_of(cloud.folder).exists()
        assert sorted(path.name for path in cloud.folder.iterdir()) == [".gitignore", "lock"]


def digest(path: Path) -> str:
    """What a file contains; where nothing was written, which a restored volume need not have, does not count."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        for number, chunk in enumerate(iter(lambda: file.read(CHUNK_BYTES), b"")):
            if chunk.strip(b"\0"):
                found.update(b"%d:" % number + chunk)
    return found.hexdigest()


def restored(seeded: Volumes, backup_id: str) -> str:
    """What a backup contains: it is restored into a new volume, which is deleted again."""
    api, root = seeded.cinder("demo", "demo")
    begun = api.call("POST", f"{root}/backups/{backup_id}/restore", {"restore": {"name": "restored"}}).json()["restore"]
    seeded.settled("demo", "demo", "backup", backup_id)
    seeded.settled("demo", "demo", "volume", begun["volume_id"])
    found = digest(seeded.content(begun["volume_id"]))
    api.call("DELETE", f"{root}/volumes/{begun['volume_id']}")
    return found


def remove_backups(seeded: Volumes, *uuids: str) -> None:
    """Delete backups one after the other and wait until each is gone."""
    api, root = seeded.cinder("backup", "demo")
    for path in (f"{root}/backups/{uuid}" for uuid in uuids):
        api.call("DELETE", path)
        wait_for(lambda: api.try_call("GET", path).status == 404, "its end", READY_SECONDS)  # noqa: B023 (called at once)
