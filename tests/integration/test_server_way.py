"""The way ``server`` on real Glance: a region fetches from the master, and whatever goes wrong is recognised."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from devcloud_lib.image_files import qcow2

from fiwareglancesync.base.errors import TransferError
from fiwareglancesync.base.units import MIB
from fiwareglancesync.images.model import JOURNAL, NewImage
from fiwareglancesync.images.places.glance import OpenStackFederation, Tuning
from fiwareglancesync.images.settings import Settings
from tests.support.conditions import PATIENCE, wait_for
from tests.support.development_cloud import DevelopmentCloud, development_cloud
from tests.support.faults import FaultyCloud, Made, Result
from tests.support.frozen_services import freeze, frozen
from tests.support.observed_federations import OURS, ROOT
from tests.support.proxy import Proxy
from tests.support.proxy_acts import RunBeside

pytestmark = pytest.mark.integration

IMPORT = ("POST", "/v2/images/[^/]+/import")
FILE = ("PUT", "/v2/images/[^/]+/file")
NO_FILES = ("--config", "images_dir=/nonexistent")
FORCED = ("--transfer", "server")
QEMU_IMG = ROOT / "tests" / "support" / "qemu_img.py"


def some_bytes(size: int) -> bytes:
    """Bytes that differ from one place to the next."""
    block = random.Random(size).randbytes(min(size, 4 * MIB))
    return (block * -(-size // len(block)))[:size] if block else b""


@pytest.fixture(scope="module")
def devcloud() -> DevelopmentCloud:
    return development_cloud()


@pytest.fixture
def cloud(faulty: FaultyCloud) -> FaultyCloud:
    """The regions without images."""
    for region in ("Spain", "Burgos", "Caceres"):
        faulty.hold(region)
    return faulty


def run(cloud: FaultyCloud, folder: Path, *arguments: str, proxy: Proxy | None = None) -> tuple[Result, dict[str, Any]]:
    """Synchronise Burgos; what the report says of the images that were to be moved comes too."""
    result = cloud.command(folder, proxy)("Burgos", "--report", "report.json", *arguments)
    document = json.loads((folder / "report.json").read_text())
    (region,) = document["regions"]
    return result, {i["image"]: i for i in region["images"] if i["action"] in ("upload", "replace", "rename")}


def raw(cloud: FaultyCloud, name: str, region: str = "Burgos") -> dict[str, Any]:
    """All that Glance says of an image."""
    (found,) = [image for image in cloud.client(region, OURS).images.list() if image.name == name]
    return dict(found)


class TestFetching:
    def test_images_come_byte_for_byte_with_the_properties_they_should_have(
        self, cloud: FaultyCloud, tmp_path: Path, proxy: Proxy
    ) -> None:
        contents = {"plain": some_bytes(3 * MIB + 1), "rich": qcow2(some_bytes(MIB), 8 * MIB), "empty": b""}
        rich = {"hw_disk_bus": "virtio", "os_type": "linux", "os_distro": "debian", "trait:X": "required", "nid": "7"}
        cloud.hold(
            "Spain",
            Made("plain", contents["plain"]),
            Made("rich", contents["rich"], disk_format="qcow2", protected=True, properties=rich),
            Made("empty", contents["empty"]),
        )
        here = raw(cloud, "rich", "Spain")
        result, images = run(cloud, tmp_path, *FORCED, *NO_FILES, proxy=proxy)
        assert (result.code, result.errors) == (0, [])
        assert {name: image["way"] for name, image in images.items()} == dict.fromkeys(contents, "server")
        cloud.assert_holds("Burgos", contents)
        there = raw(cloud, "rich")
        assert {key: there.get(key) for key in rich} == rich
        for key in ("disk_format", "container_format", "visibility", "protected", "min_disk", "min_ram", "tags"):
            assert there[key] == here[key]
        assert proxy.count(*IMPORT) == 3
        assert proxy.count(*FILE) == 0
        assert proxy.count("GET", "/v2/info/import") == 1
        again, _ = run(cloud, tmp_path, *FORCED, *NO_FILES, proxy=proxy)
        assert "INFO:Burgos: Region is synchronized." in again.out
        assert proxy.count("GET", "/v2/info/import") == 1

    def test_properties_that_glance_copies_by_itself_stay_only_if_wanted(
        self, cloud: FaultyCloud, tmp_path: Path
    ) -> None:
        given = {"hw_disk_bus": "virtio", "os_type": "linux", "nid": "7", "other": "x"}
        cloud.hold("Spain", Made("image", b"content", properties=given))
        result, images = run(cloud, tmp_path, *FORCED, "--config", "master.metadata_set=nid,os_type")
        assert (result.code, images["image"]["way"]) == (0, "server")
        there = raw(cloud, "image")
        assert {key: there[key] for key in given if key in there} == {"os_type": "linux", "nid": "7"}

    def test_an_ami_links_to_its_kernel_of_the_region(self, cloud: FaultyCloud, tmp_path: Path) -> None:
        client = cloud.client("Spain", OURS)
        uuids: dict[str, str] = {}
        for name, kind in (("kernel", "aki"), ("ramdisk", "ari"), ("machine", "ami")):
            links = {"kernel_id": uuids["kernel"], "ramdisk_id": uuids["ramdisk"]} if kind == "ami" else {}
            made = client.images.create(
                name=name, disk_format=kind, container_format=kind, visibility="public", **links
            )
            client.images.upload(made.id, io.BytesIO(name.encode()))
            uuids[name] = made.id
        result, images = run(cloud, tmp_path, *FORCED)
        assert (result.code, result.errors) == (0, [])
        assert {image["way"] for image in images.values()} == {"server"}
        cloud.assert_holds("Burgos", {name: name.encode() for name in uuids})
        machine = raw(cloud, "machine")
        assert (machine["disk_format"], machine["container_format"]) == ("ami", "ami")
        assert machine["kernel_id"] == raw(cloud, "kernel")["id"] != uuids["kernel"]
        assert machine["ramdisk_id"] == raw(cloud, "ramdisk")["id"]

    def test_a_private_image_that_is_forced_comes_too(self, cloud: FaultyCloud, tmp_path: Path) -> None:
        (uuid,) = cloud.hold("Spain", Made("secret", b"secret", public=False))
        result, images = run(cloud, tmp_path, *FORCED, "--config", f"master.forcesyncs={uuid}")
        assert (result.code, images["secret"]["way"]) == (0, "server")
        cloud.assert_holds("Burgos", {"secret": b"secret"})
        assert raw(cloud, "secret")["visibility"] == "private"

    def test_replacing_takes_the_way_too(self, cloud: FaultyCloud, tmp_path: Path) -> None:
        cloud.hold("Spain", Made("image", b"new"))
        cloud.hold("Burgos", Made("image", b"old"))
        result, images = run(cloud, tmp_path, *NO_FILES, "--config", "master.replace=any")
        assert (result.code, images["image"]["way"]) == (0, "server")
        assert any(note.startswith("file: ") for note in images["image"]["notes"])
        cloud.assert_holds("Burgos", {"image": b"new"})


class TestRegionsThatCannot:
    def test_a_region_that_does_not_offer_it(
        self, cloud: FaultyCloud, devcloud: DevelopmentCloud, tmp_path: Path
    ) -> None:
        cloud.hold("Spain", Made("one", b"one"), Made("two", b"22"))
        reason = "server: the region's Glance does not offer glance-download"
        with devcloud.changed("Burgos", "DEFAULT.enabled_import_methods=[web-download]"):
            forced, images = run(cloud, tmp_path, *FORCED)
            assert forced.code == 1
            assert {name: image["error"] for name, image in images.items()} == {"one": reason, "two": reason}
            cloud.assert_holds("Burgos", {})
            result, images = run(cloud, tmp_path, *NO_FILES)
        assert result.code == 0
        assert {image["way"] for image in images.values()} == {"stream"}
        assert all(reason in image["notes"] for image in images.values())
        cloud.assert_holds("Burgos", {"one": b"one", "two": b"22"})

    def test_a_region_that_may_not_reach_the_master(
        self, cloud: FaultyCloud, devcloud: DevelopmentCloud, tmp_path: Path
    ) -> None:
        cloud.hold("Spain", Made("image"))
        with devcloud.changed("Burgos", "import_filtering_opts.allowed_hosts=[192.0.2.1]"):
            forced, images = run(cloud, tmp_path, *FORCED)
            assert forced.code == 1
            assert images["image"]["error"].startswith("server: the region failed to fetch it: ")
            cloud.assert_holds("Burgos", {})
            result, images = run(cloud, tmp_path, *NO_FILES)
        assert (result.code, images["image"]["way"]) == (0, "stream")
        assert any(note.startswith("server: the region failed to fetch it: ") for note in images["image"]["notes"])
        cloud.assert_holds("Burgos", {"image": b"content"})

    def test_another_keystone(self, cloud: FaultyCloud, devcloud: DevelopmentCloud, tmp_path: Path) -> None:
        cloud.hold("Spain", Made("image"))
        account = cloud.account("glancesync", "keystone-b")
        second = (
            f"[federation2]\nuser = {account['user']}\npassword = {account['password']}\n"
            f"tenant = {account['project']}\nkeystone_url = {cloud.keystone_url('keystone-b')}\n"
        )
        command = cloud.command(tmp_path, configuration=cloud.usual_configuration + second)
        result = command("federation2:Madrid", *FORCED, "--image", "image")
        cause = "server: the region and the master have different Keystones"
        assert result.code == 1
        assert result.errors == [f"ERROR:federation2:Madrid: Upload of image failed. Cause: {cause}"]

    @pytest.mark.slow
    def test_a_plugin_that_adds_properties(
        self, cloud: FaultyCloud, devcloud: DevelopmentCloud, tmp_path: Path
    ) -> None:
        cloud.hold("Spain", Made("one", b"1"), Made("two", b"22"))
        with devcloud.changed(
            "Burgos",
            "image_import_opts.image_import_plugins=[inject_image_metadata]",
            "inject_metadata_properties.inject=injected:yes",
            "inject_metadata_properties.ignore_user_roles=nobody",
        ):
            result, images = run(cloud, tmp_path, *NO_FILES)
        assert (result.code, result.errors) == (0, [])
        assert {name: image["way"] for name, image in images.items()} == {"one": "server", "two": "stream"}
        assert "server: the region adds properties to what it fetches (injected)" in images["two"]["notes"]
        assert "injected" not in raw(cloud, "one")
        cloud.assert_holds("Burgos", {"one": b"1", "two": b"22"})

    @pytest.mark.slow
    def test_a_plugin_that_changes_the_content(
        self, cloud: FaultyCloud, devcloud: DevelopmentCloud, tmp_path: Path
    ) -> None:
        packed, plain = gzip.compress(b"packed"), b"a longer image that is not packed" * 9
        cloud.hold("Spain", Made("packed", packed), Made("plain", plain))
        with devcloud.changed("Burgos", "image_import_opts.image_import_plugins=[image_decompression]"):
            result, images = run(cloud, tmp_path, *NO_FILES)
        assert (result.code, result.errors) == (0, [])
        assert {image["way"] for image in images.values()} == {"stream"}
        first = [note for note in images["packed"]["notes"] if note.startswith("server: ")]
        assert first == [f"server: after the upload it has 6 bytes, in the master {len(packed)}"]
        assert "server: the region changes what it fetches" in images["plain"]["notes"]
        cloud.assert_holds("Burgos", {"packed": packed, "plain": plain})

    @pytest.mark.slow
    def test_a_plugin_that_converts_the_format(
        self, cloud: FaultyCloud, devcloud: DevelopmentCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        programs = tmp_path / "bin"
        programs.mkdir()
        (programs / "qemu-img").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{QEMU_IMG}" "$@"\n')
        (programs / "qemu-img").chmod(0o700)
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
        contents = {"one": some_bytes(MIB), "two": some_bytes(MIB + 512)}
        cloud.hold("Spain", *(Made(name, content) for name, content in contents.items()))
        python = Path(devcloud.described["venv"]) / "bin" / "python"
        with devcloud.changed(
            "Burgos",
            "image_import_opts.image_import_plugins=[image_conversion]",
            "image_conversion.output_format=qcow2",
            f"wsgi.python_interpreter={python}",
        ):
            forced, _ = run(cloud, tmp_path, *FORCED)
            assert forced.code == 1
            cloud.assert_holds("Burgos", {})
            result, images = run(cloud, tmp_path, *NO_FILES)
        changed = "the region made it qcow2/bare, in the master it is raw/bare"
        assert forced.errors == [
            f"ERROR:Burgos: Upload of one failed. Cause: server: {changed}",
            "ERROR:Burgos: Upload of two failed. Cause: server: the region changes what it fetches",
        ]
        assert (result.code, result.errors) == (0, [])
        assert {image["way"] for image in images.values()} == {"stream"}
        assert f"server: {changed}" in images["one"]["notes"]
        assert "server: the region changes what it fetches" in images["two"]["notes"]
        cloud.assert_holds("Burgos", contents)


class TestTrouble:
    def test_the_master_dies_while_a_region_fetches(
        self, cloud: FaultyCloud, devcloud: DevelopmentCloud, tmp_path: Path
    ) -> None:
        cloud.hold("Spain", Made("large", some_bytes(256 * MIB)))
        staging = devcloud.folder / "Burgos" / "staging"
        running = cloud.command(tmp_path).start("Burgos", *FORCED)
        try:
            wait_for(lambda: any(file.stat().st_size for file in staging.iterdir()), "staged bytes", pause=0.001)
            group = freeze(devcloud, "Spain")
            # What was on its way may still arrive, but not the whole image.
            (staged,) = staging.iterdir()
            assert staged.stat().st_size < 256 * MIB
            os.killpg(group, signal.SIGKILL)
            result = running.finish()
        finally:
            devcloud.command("start", "Spain")
        assert result.code == 1
        (error,) = result.errors
        assert error.startswith("ERROR:Burgos: Upload of large failed. Cause: server: the region failed to fetch it: ")
        cloud.assert_holds("Burgos", {})
        assert list(staging.iterdir()) == []

    def test_a_stuck_import_is_given_up_and_can_be_removed(
        self, cloud: FaultyCloud, devcloud: DevelopmentCloud
    ) -> None:
        (uuid,) = cloud.hold("Spain", Made("image"))
        target = devcloud.target()
        federation = OpenStackFederation(Settings("Spain", {"master": target}), Tuning(fetch=5.0))
        spain, burgos = federation.place(target, "Spain"), federation.place(target, "Burgos")
        image = spain.get(uuid)
        assert burgos.why_unable_to_import(spain) is None
        made = burgos.create(NewImage(burgos.new_id("image"), "image", "raw", "bare", properties={JOURNAL: "{}"}))
        with frozen(devcloud, "Spain"):
            with pytest.raises(TransferError, match=r"^the region is stuck: .* after 5 s \(its task is processing\)$"):
                burgos.import_from(made.id, spain, image, lambda done: None)
            assert burgos.is_importing(made.id)
            assert not burgos.await_import(made.id, 0, lambda: None)
        patient = OpenStackFederation(Settings("Spain", {"master": target})).place(target, "Burgos")
        assert patient.await_import(made.id, 0, lambda: None)
        burgos.delete(made.id)
        assert cloud.seen("Burgos") == []
        assert stored(devcloud, "Burgos") == set()
        assert "stuck" in str(burgos.why_unable_to_import(spain))

    @pytest.mark.parametrize("at_once", [1, 2])
    def test_what_a_region_fetches_when_a_run_is_interrupted_is_finished_by_the_next(
        self, cloud: FaultyCloud, devcloud: DevelopmentCloud, tmp_path: Path, proxy: Proxy, at_once: int
    ) -> None:
        contents = {"one": b"1", "two": b"22"}
        cloud.hold("Spain", *(Made(name, content) for name, content in contents.items()))
        under_way = threading.Barrier(at_once + 1)
        groups: list[int] = []
        proxy.on(
            RunBeside(
                before=lambda: groups.append(freeze(devcloud, "Spain")),
                after=lambda: under_way.wait(PATIENCE),
            ),
            *IMPORT,
        )
        running = cloud.command(tmp_path, proxy).start(
            "Burgos", *FORCED, "--config", f"master.uploads_per_region={at_once}"
        )
        try:
            under_way.wait(PATIENCE)
            running.signal(signal.SIGTERM)
            result = running.finish()
        finally:
            for group in groups[:1]:
                os.killpg(group, signal.SIGCONT)
        begun = cloud.client("Burgos", OURS).images.list()
        ids = {image.name: image.id for image in begun}
        assert result.code == 143
        assert len(ids) == at_once
        (reported,) = result.errors
        assert " for the next run to finish or remove: " in reported
        assert all(f"Burgos: {name} (UUID {uuid})" in reported for name, uuid in ids.items())
        again = cloud.command(tmp_path)("Burgos", *FORCED)
        assert (again.code, again.errors) == (0, [])
        cloud.assert_holds("Burgos", contents)
        assert all(raw(cloud, name)["id"] == uuid for name, uuid in ids.items())
        assert_nothing_is_stored_in_vain(cloud, devcloud, "Burgos")

    def test_the_content_of_an_interrupted_import_does_not_stay_in_the_store_in_vain(
        self, cloud: FaultyCloud, devcloud: DevelopmentCloud, tmp_path: Path
    ) -> None:
        content = some_bytes(128 * MIB)
        cloud.hold("Spain", Made("large", content))
        running = cloud.command(tmp_path).start("Burgos", *FORCED)
        wait_for(lambda: stored(devcloud, "Burgos"), "stored bytes", pause=0.001)
        running.signal(signal.SIGINT)
        assert running.finish().code == 130
        again = cloud.command(tmp_path)("Burgos", *FORCED)
        assert (again.code, again.errors) == (0, [])
        cloud.assert_holds("Burgos", {"large": content})
        assert_nothing_is_stored_in_vain(cloud, devcloud, "Burgos")

    def test_a_killed_run_is_finished_by_the_next(
        self, cloud: FaultyCloud, devcloud: DevelopmentCloud, tmp_path: Path, proxy: Proxy
    ) -> None:
        content = some_bytes(2 * MIB)
        cloud.hold("Spain", Made("image", content))
        under_way = threading.Event()
        proxy.on(RunBeside(after=under_way.set), *IMPORT)
        running = cloud.command(tmp_path, proxy).start("Burgos", *FORCED)
        assert under_way.wait(PATIENCE)
        running.signal(signal.SIGKILL)
        assert running.finish().code == -signal.SIGKILL
        # Whether the import is still under way, done or half done: the name is there once afterwards, and right.
        result = cloud.command(tmp_path)("Burgos", *FORCED)
        assert (result.code, result.errors) == (0, [])
        cloud.assert_holds("Burgos", {"image": content})
        assert_nothing_is_stored_in_vain(cloud, devcloud, "Burgos")

    def test_several_regions_and_images_at_once(self, cloud: FaultyCloud, tmp_path: Path) -> None:
        contents = {f"image-{number}": some_bytes(MIB + number) for number in range(4)}
        cloud.hold("Spain", *(Made(name, content) for name, content in contents.items()))
        options = ("max_children=2", "master.uploads_per_region=2")
        result = cloud.command(tmp_path)("Burgos", "Caceres", "--parallel", *FORCED, "--config", *options)
        assert (result.code, result.errors) == (0, [])
        for region in ("Burgos", "Caceres"):
            cloud.assert_holds(region, contents)


def stored(devcloud: DevelopmentCloud, region: str) -> set[str]:
    """Names of the files with content in a region's store: the UUIDs of images."""
    return {file.name for file in (devcloud.folder / region / "stores").rglob("*") if file.is_file()}


def assert_nothing_is_stored_in_vain(cloud: FaultyCloud, devcloud: DevelopmentCloud, region: str) -> None:
    """A region's store holds what its images need, and nothing else."""
    ids = {image.id for image in cloud.client(region, OURS).images.list()}
    assert stored(devcloud, region) == ids
