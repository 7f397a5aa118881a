"""The development cloud: what it builds, and that it cleans up after itself. It runs a cloud of its own."""

from __future__ import annotations

import hashlib
import http.client
import os
import signal
import socket
import struct
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from devcloud_lib import image_files, ports, processes, state, topology
from devcloud_lib.configuration import render, split_option
from devcloud_lib.errors import CloudError
from devcloud_lib.http import PATCH_TYPE, Client, query
from devcloud_lib.seed_images import SEED

from tests.support.conditions import wait_for
from tests.support.own_cloud import COMMAND_SECONDS, OwnCloud, in_folder, own_cloud, wait_until_gone

WRITERS = 8
BOOT_ID = "/proc/sys/kernel/random/boot_id"


def all_up() -> dict[str, str]:
    return dict.fromkeys(topology.service_names(), "up")


@pytest.fixture(scope="module")
def cloud(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnCloud]:
    """A running cloud in a folder with a space and a dollar sign; the software is that of the checkout's cloud."""
    with own_cloud(root, tmp_path_factory.mktemp("clouds") / "a cloud of $HOME") as made:
        yield made


@pytest.mark.integration
class TestRunningCloud:
    def test_up_again_changes_nothing(self, cloud: OwnCloud) -> None:
        before = cloud.describe()
        cloud.do("up")
        assert cloud.describe() == before
        assert cloud.states() == all_up()

    def test_up_repairs_a_killed_glance(self, cloud: OwnCloud) -> None:
        pid = cloud.describe()["regions"]["Burgos"]["pid"]
        os.kill(pid, signal.SIGKILL)
        wait_until_gone(pid)
        assert cloud.run("status").returncode == 1
        assert cloud.states() == all_up() | {"Burgos": "down"}
        cloud.do("up")
        assert cloud.states() == all_up()

    def test_a_single_server_stops_and_starts(self, cloud: OwnCloud) -> None:
        cloud.do("stop", "Madrid")
        assert cloud.states() == all_up() | {"Madrid": "down"}
        cloud.do("start", "Madrid")
        assert cloud.states() == all_up()

    def test_an_unfitting_configuration_is_reported_with_the_log(self, cloud: OwnCloud) -> None:
        refused = cloud.run("restart", "Madrid", "--set", "DEFAULT.enabled_backends=nonsense")
        assert refused.returncode == 1
        assert "ERROR: Madrid ended while starting" in refused.stderr
        assert "enabled_backends" in refused.stderr
        cloud.do("restart", "Madrid")
        assert cloud.states() == all_up()

    def test_the_environment_survives_a_shell(self, cloud: OwnCloud) -> None:
        script = 'eval "$1"; printf %s "$OS_REGION_NAME|$GLANCESYNC_CONFIG"'
        shell = ["sh", "-c", script, "sh", cloud.do("env")]
        seen = subprocess.run(shell, capture_output=True, text=True, check=True).stdout
        assert seen == f"Spain|{cloud.folder}/glancesync.conf"

    def test_secrets_are_for_the_owner_only(self, cloud: OwnCloud) -> None:
        readable = [path for path in cloud.folder.rglob("*") if path.lstat().st_mode & 0o077]
        assert readable == []

    def test_the_catalog_lists_every_region_once_for_images(self, cloud: OwnCloud) -> None:
        description = cloud.describe()
        for name, regions in topology.REGIONS_OF_KEYSTONE.items():
            keystone = description["keystones"][name]
            secret = keystone["application_credential"]
            identity = {"methods": ["application_credential"],
                        "application_credential": {"id": secret["id"], "secret": secret["secret"]}}
            answer = Client(keystone["port"]).call("POST", "/v3/auth/tokens", {"auth": {"identity": identity}})
            catalog = answer.json()["token"]["catalog"]
            endpoints = {
                endpoint["region"]: endpoint["url"]
                for service in catalog if service["type"] == "image"
                for endpoint in service["endpoints"] if endpoint["interface"] == "public"
            }
            assert endpoints == {region: description["regions"][region]["url"] for region in regions}

    def test_seeding_twice_is_seeding_once(self, cloud: OwnCloud) -> None:
        cloud.do("seed")
        first = {region: cloud.images(region) for region in SEED}
        cloud.do("seed")
        assert {region: cloud.images(region) for region in SEED} == first

    def test_seeded_images_are_what_they_claim(self, cloud: OwnCloud) -> None:
        cloud.do("seed")
        for region, wanted in SEED.items():
            present = {(image["owner"], image["name"]): image for image in cloud.images(region).values()}
            keystone = cloud.describe()["keystones"][topology.keystone_of(region)]
            assert len(present) == len(wanted)
            for image in wanted:
                found = present[keystone["accounts"][image.account]["project_id"], image.name]
                assert found["status"] == "active"
                assert found["visibility"] == image.visibility
                assert found["checksum"] == hashlib.md5(image.build()).hexdigest()
                assert {key: found[key] for key in image.properties} == image.properties
                for key, name in image.links.items():
                    assert found[key] == present[found["owner"], name]["id"]

    def test_seed_mends_what_was_changed(self, cloud: OwnCloud) -> None:
        cloud.do("seed")
        glance = cloud.glance("Spain")
        (victim,) = glance.pages(query("/v2/images", name="orion-psb-image-R5.4"), "images")
        glance.call("DELETE", f"/v2/images/{victim['id']}")
        cloud.do("seed")
        (again,) = glance.pages(query("/v2/images", name="orion-psb-image-R5.4"), "images")
        assert (again["id"] != victim["id"], again["checksum"]) == (True, victim["checksum"])

    def test_seed_takes_back_what_was_changed_for_healing(self, cloud: OwnCloud) -> None:
        def statuses() -> list[tuple[str, str, str]]:
            found = cloud.images("Spain").values()
            return sorted((each["name"], each["status"], each["checksum"] or "") for each in found)

        cloud.do("seed")
        first = statuses()
        cloud.do("seed", "--changed")
        changed = statuses()
        assert {status for _, status, _ in changed} == {"active", "deactivated", "queued"}
        assert [name for name, _, _ in changed].count("orion-psb-image-R5.4") == 2
        cloud.do("seed")
        assert statuses() == first

    def test_seed_renames_back_what_a_synchronisation_renamed(self, cloud: OwnCloud) -> None:
        cloud.do("seed")
        retired = next(image for image in cloud.images("Burgos").values() if image["name"] == "repository-image-R4")
        change = [{"op": "replace", "path": "/name", "value": "repository-image-R4_obsolete"}]
        cloud.glance("Burgos").call("PATCH", f"/v2/images/{retired['id']}", change, content_type=PATCH_TYPE)
        cloud.do("seed")
        named = {image["name"]: uuid for uuid, image in cloud.images("Burgos").items() if "-R4" in image["name"]}
        assert named == {"repository-image-R4": retired["id"]}

    def test_a_quota_holds_until_the_reset_which_leaves_no_image(self, cloud: OwnCloud) -> None:
        cloud.do("seed")
        cloud.do("restart", "Caceres", "--set", "DEFAULT.user_storage_quota=1MB")
        assert upload(cloud, "Caceres", 2 * image_files.MIB) == 413
        cloud.do("stop", "Burgos")
        cloud.do("reset")
        assert cloud.states() == all_up()
        assert upload(cloud, "Caceres", 2 * image_files.MIB) == 204
        cloud.do("reset")
        assert [cloud.images(region) for region in SEED] == [{}, {}, {}, {}]
        stores = [Path(region["store"]) for region in cloud.describe()["regions"].values()]
        assert [path for store in stores for path in store.rglob("*") if path.is_file()] == []

    def test_a_member_may_not_publish(self, cloud: OwnCloud) -> None:
        body = {"name": "n", "disk_format": "raw", "container_format": "bare", "visibility": "public"}
        assert cloud.glance("Spain", "member").try_call("POST", "/v2/images", body).status == 403

    def test_an_upload_in_chunks_of_a_mebibyte_arrives_whole(self, cloud: OwnCloud) -> None:
        glance = cloud.glance("Spain")
        body = {"name": "n", "disk_format": "raw", "container_format": "bare"}
        path = "/v2/images/" + glance.call("POST", "/v2/images", body).json()["id"]
        chunks = [image_files.raw(image_files.MIB, str(number)) for number in range(5)]
        headers = {"X-Auth-Token": glance.token or "", "Content-Type": "application/octet-stream"}
        with closing(http.client.HTTPConnection(ports.HOST, glance.port, timeout=COMMAND_SECONDS)) as connection:
            connection.request("PUT", f"{path}/file", iter(chunks), headers, encode_chunked=True)
            assert connection.getresponse().status == 204
        assert glance.call("GET", path).json()["checksum"] == hashlib.md5(b"".join(chunks)).hexdigest()

    def test_several_writers_at_once_do_not_disturb_each_other(self, cloud: OwnCloud) -> None:
        glance = cloud.glance("Spain")

        def work(number: int) -> str:
            body = {"name": f"n{number}", "disk_format": "raw", "container_format": "bare"}
            path = "/v2/images/" + glance.call("POST", "/v2/images", body).json()["id"]
            content = image_files.raw(image_files.MIB, str(number))
            glance.call("PUT", f"{path}/file", content, content_type="application/octet-stream")
            glance.call("PATCH", path, [{"op": "add", "path": "/nid", "value": "1"}], content_type=PATCH_TYPE)
            status = str(glance.call("GET", path).json()["status"])
            glance.call("DELETE", path)
            return status

        with ThreadPoolExecutor(WRITERS) as pool:
            assert set(pool.map(work, range(3 * WRITERS))) == {"active"}

    def test_glance_imports_from_another_region(self, cloud: OwnCloud) -> None:
        cloud.do("seed")
        (source,) = cloud.glance("Spain").pages(query("/v2/images", name="debian-12-netinst"), "images")
        glance = cloud.glance("Burgos")
        body = {"name": "imported", "disk_format": "iso", "container_format": "bare"}
        path = "/v2/images/" + glance.call("POST", "/v2/images", body).json()["id"]
        glance.call("POST", f"{path}/import", {"method": {
            "name": "glance-download", "glance_region": "Spain", "glance_image_id": source["id"]}})
        task = finished_task(glance, path)
        assert (task["status"], task["message"]) == ("success", "Copied 2 MiB")
        assert glance.call("GET", path).json()["checksum"] == source["checksum"]


@pytest.mark.integration
def test_down_ends_everything_and_may_be_repeated(cloud: OwnCloud) -> None:
    running = [server["pid"] for kind in ("keystones", "regions") for server in cloud.describe()[kind].values()]
    assert all(Path(f"/proc/{pid}").exists() for pid in running)
    cloud.do("down")
    cloud.do("down")
    assert set(cloud.states().values()) == {"down"}
    assert not any(in_folder(path, cloud.folder) for path in Path("/proc").glob("[0-9]*"))


def test_a_folder_without_cloud_is_reported_from_one_that_is_down(root: Path, tmp_path: Path) -> None:
    nowhere = OwnCloud(root / "scripts" / "devcloud", tmp_path / "none", dict(os.environ))
    reported = nowhere.run("env")
    assert (reported.returncode, reported.stdout) == (1, "")
    assert reported.stderr.startswith("ERROR: no development cloud in ")
    assert nowhere.run("down").returncode == 0
    assert not nowhere.folder.exists()


def test_a_port_that_somebody_listens_on_is_not_chosen() -> None:
    with socket.socket() as listener:
        listener.bind((ports.HOST, 0))
        listener.listen()
        assert not ports.is_free(listener.getsockname()[1])
    assert ports.choose(()) in ports.CANDIDATES


def test_a_reused_pid_is_not_taken_for_ours_nor_ended() -> None:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as foreign:
        try:
            ours = processes.Process(foreign.pid, started=1, boot=Path(BOOT_ID).read_text(encoding="ascii").strip())
            assert not ours.is_alive()
            processes.end([ours])
            assert foreign.poll() is None
        finally:
            foreign.kill()


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "TERM_SECONDS", 0.2)
    ready = tmp_path / "ready"
    script = f"trap '' TERM; touch '{ready}'; while :; do sleep 60; done"
    command = ["sh", "-c", script]
    stubborn = processes.spawn(command, folder=tmp_path, log=tmp_path / "log", environment=dict(os.environ))
    wait_for(ready.exists, "the start")
    processes.end([stubborn])
    assert not stubborn.is_alive()


def test_a_cloud_that_was_moved_is_refused(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    state.new_cloud(tmp_path / "old", tmp_path / "venv").save()
    (tmp_path / "old").rename(tmp_path / "new")
    with pytest.raises(CloudError, match="a cloud cannot be moved"):
        state.load(tmp_path / "new")


def test_the_state_survives_writing_and_reading(tmp_path: Path) -> None:
    made = state.new_cloud(tmp_path, tmp_path / "venv")
    made.services["Burgos"].overrides = {"DEFAULT.user_storage_quota": "1MB"}
    made.services["Spain"].process = processes.Process(1, 2, "boot")
    made.save()
    assert state.load(tmp_path) == made


def test_passwords_stay_out_of_what_a_traceback_shows(tmp_path: Path) -> None:
    account = state.new_cloud(tmp_path, tmp_path).accounts["keystone-a"]["glancesync"]
    assert account.password not in repr(account)


@pytest.mark.parametrize("option", ["quota", ".quota", "DEFAULT.", ""])
def test_an_override_needs_section_and_key(option: str) -> None:
    with pytest.raises(CloudError, match="is not section"):
        split_option(option)


def test_configuration_is_rendered_section_by_section() -> None:
    assert render({"a": {"x": "1", "y": "2"}, "b": {"z": "%"}}) == "[a]\nx = 1\ny = 2\n\n[b]\nz = %\n"


class TestImageFiles:
    def test_the_same_seed_gives_the_same_bytes(self) -> None:
        assert image_files.raw(1000, "a") == image_files.raw(1000, "a") != image_files.raw(1000, "b")

    def test_a_qcow2_maps_every_cluster_to_its_data(self) -> None:
        data = image_files.raw(3 * image_files.QCOW2_CLUSTER - 5, "q")
        built = image_files.qcow2(data, 64 * image_files.MIB)
        magic, version, size, level_1 = struct.unpack(">4sI16xQ8xQ", built[:48])
        assert (magic, version, size) == (b"QFI\xfb", 3, 64 * image_files.MIB)
        offset_mask = 2**56 - 1
        (level_2,) = struct.unpack_from(">Q", built, level_1)
        entries = struct.unpack_from(">4Q", built, level_2 & offset_mask)
        assert entries[3] == 0
        disk = b"".join(built[at & offset_mask:][: image_files.QCOW2_CLUSTER] for at in entries[:3])
        assert disk == data + bytes(5)

    def test_a_qcow2_refuses_a_disk_smaller_than_its_data(self) -> None:
        with pytest.raises(ValueError, match="does not fit"):
            image_files.qcow2(bytes(2), 1)

    def test_an_iso_leads_to_its_file(self) -> None:
        data = image_files.raw(5000, "i")
        built = image_files.iso9660(data)
        sector = image_files.ISO_SECTOR
        volume = built[16 * sector:17 * sector]
        assert volume[:7] == b"\x01CD001\x01"
        assert struct.unpack_from("<I", volume, 80)[0] * sector == len(built)
        root = struct.unpack_from("<I", volume, 156 + 2)[0] * sector
        record = root + built[root] + built[root + built[root]]  # after the entries of the folder and its parent
        assert built[record + 33:record + 46] == b"CONTENT.BIN;1"
        at, size = (struct.unpack_from("<I", built, record + offset)[0] for offset in (2, 10))
        assert built[at * sector:][:size] == data


def upload(cloud: OwnCloud, region: str, size: int) -> int:
    """Upload an image and give the status of the answer."""
    glance = cloud.glance(region)
    body = {"name": "n", "disk_format": "raw", "container_format": "bare"}
    image = glance.call("POST", "/v2/images", body).json()
    content = image_files.raw(size, "upload")
    path = f"/v2/images/{image['id']}/file"
    return glance.try_call("PUT", path, content, content_type="application/octet-stream").status


def finished_task(glance: Client, path: str) -> dict[str, Any]:
    """The image's task, once it has ended."""
    def task() -> dict[str, Any]:
        (found,) = glance.call("GET", f"{path}/tasks").json()["tasks"]
        return dict(found)

    wait_for(lambda: task()["status"] in ("success", "failure"), "the end of the import")
    return task()
