"""Hidden images, other fields, members, and images without a hash, on real Glance (sync 3.1, 3.3, 3.5, 3.8)."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.images.model import MEMBERS, SOURCE_HASH
from tests.support.faults import Command, FaultyCloud, Made, md5
from tests.support.observed_federations import FOREIGN, OURS

pytestmark = pytest.mark.integration

MASTER, REGION = "Spain", "Burgos"
OLD, NEW = b"old content", b"new content"
REPLACE = ("--config", "master.replace=any")
CREDENTIAL = {"user": "user", "password": "password", "tenant": "project"}
HIDDEN = ("--config", "master.sync_fields=hidden")


class Images:
    """The images of the master and of the region, seen and changed by an operator."""

    def __init__(self, cloud: FaultyCloud, folder: Path) -> None:
        self.cloud = cloud
        self.sync: Command = cloud.command(folder)
        cloud.hold(MASTER)
        cloud.hold(REGION)

    def add(self, region: str, content: bytes, name: str = "a", **fields: Any) -> str:
        """Make a public image; fields are Glance's."""
        image = self.cloud.add(region, Made(name, content))
        if fields:
            self.change(region, image, **fields)
        return image

    def change(self, region: str, image: str, **fields: Any) -> None:
        """Change an image."""
        self.cloud.client(region, OURS).images.update(image, **fields)

    def get(self, region: str, image: str) -> Any:
        """An image as python-glanceclient sees it."""
        return self.cloud.client(region, OURS).images.get(image)

    def held(self) -> dict[tuple[str, bool], str]:
        """Name and hiddenness of the region's images → checksum."""
        client = self.cloud.client(REGION, OURS)
        listed = [*client.images.list(), *client.images.list(filters={"os_hidden": True})]
        return {(image.name, bool(image.os_hidden)): image.checksum for image in listed}

    def status(self, *options: str) -> dict[str, str]:
        """The region's statuses."""
        rows = csv.reader(self.sync("--show-status", REGION, *options).out.splitlines())
        return {image: status for status, _, image in rows}

    def run(self, *options: str) -> str:
        """A run that succeeds; what it prints. Another one then has nothing to do."""
        result = self.sync(REGION, *options)
        assert (result.code, result.err) == (0, "")
        assert "Region is synchronized." in self.sync(REGION, *options).out
        return result.out


@pytest.fixture
def images(faulty: FaultyCloud, tmp_path: Path) -> Images:
    """Empty regions."""
    return Images(faulty, tmp_path)


class TestHidden:
    @pytest.mark.parametrize("fields", [{"os_hidden": True}, {"visibility": "community"}, {"visibility": "private"}])
    def test_a_namesake_in_the_master_does_no_harm(self, images: Images, fields: dict[str, Any]) -> None:
        images.add(MASTER, OLD, **fields)
        images.add(MASTER, NEW)
        images.run()
        assert images.held() == {("a", False): md5(NEW)}

    def test_what_is_kept_for_rebuilds_stays_and_the_outdated_visible_one_is_replaced(self, images: Images) -> None:
        images.add(MASTER, NEW)
        images.add(REGION, OLD, os_hidden=True)
        images.add(REGION, b"outdated")
        assert images.status(*REPLACE) == {"a": "pending_replace"}
        images.run(*REPLACE)
        assert images.held() == {("a", True): md5(OLD), ("a", False): md5(NEW)}

    def test_rotation_in_the_master_is_followed_with_sync_fields(self, images: Images) -> None:
        first = images.add(MASTER, OLD)
        images.run(*HIDDEN)
        images.change(MASTER, first, os_hidden=True)
        images.add(MASTER, NEW)
        reported = images.run(*HIDDEN, *REPLACE)
        assert "Burgos: Updating the metadata of image a\n" in reported
        assert images.held() == {("a", True): md5(OLD), ("a", False): md5(NEW)}

    def test_a_hidden_image_that_is_forced_is_uploaded_hidden(self, images: Images) -> None:
        forced = images.add(MASTER, OLD, os_hidden=True)
        images.run("--config", f"master.forcesyncs={forced}")
        assert images.held() == {("a", True): md5(OLD)}

    def test_two_targets_on_one_glance_leave_each_others_images_alone(self, images: Images, tmp_path: Path) -> None:
        images.add(MASTER, OLD, os_hidden=True)
        images.add(MASTER, NEW)
        old = "metadata_condition = image.hidden"
        text = f"{images.cloud.usual_configuration}[DEFAULT]\nreplace = any\nsync_fields = hidden\n"
        account = images.cloud.account("glancesync")
        credential = [f"{key} = {account[field]}" for key, field in CREDENTIAL.items()]
        section = ["[second]", f"keystone_url = {images.cloud.keystone_url()}", *credential, old]
        images.sync = images.cloud.command(tmp_path, configuration=text + "\n".join(section) + "\n")
        both = (REGION, f"second:{REGION}")
        assert images.sync(*both).code == 0
        assert images.held() == {("a", True): md5(OLD), ("a", False): md5(NEW)}
        again = images.sync(*both)
        assert again.out.count("Region is synchronized.") == 2


def test_all_fields_are_kept_in_step_and_local_tags_stay(images: Images) -> None:
    master = images.add(MASTER, NEW, min_disk=1, min_ram=2, tags=["x", "Cáceres/ñ"], protected=True)
    copy = images.add(REGION, NEW, tags=["local"])
    fields = ("--config", "master.sync_fields=hidden,min_disk,min_ram,tags,protected")
    assert images.status() == {"a": "ok"}
    assert images.status(*fields) == {"a": "pending_metadata"}
    images.run(*fields)
    found = images.get(REGION, copy)
    assert (found.min_disk, found.min_ram, found.protected) == (1, 2, True)
    assert sorted(found.tags) == ["Cáceres/ñ", "local", "x"]
    images.change(MASTER, master, protected=False, min_ram=0)
    images.run(*fields)
    found = images.get(REGION, copy)
    assert (found.min_ram, found.protected) == (0, False)


class TestWithoutHash:
    @pytest.mark.parametrize("way", ["stream", "spool", "auto"])
    def test_it_is_hashed_on_its_way_and_in_step_afterwards(self, images: Images, tmp_path: Path, way: str) -> None:
        master = images.add(MASTER, NEW)
        images.cloud.forget_hashes(MASTER, master)
        options = ("--transfer", way, "--config", f"main.spool_dir={tmp_path / 'spool'}")
        images.run(*options)
        (copy,) = [image for image in images.cloud.seen(REGION) if image.name == "a"]
        assert copy.digest == md5(NEW)
        said = json.loads(copy.properties[SOURCE_HASH])
        assert (said["id"], said["size"], said["algorithm"]) == (master, len(NEW), "sha512")
        assert said["hash"] == copy.properties["os_hash_value"]
        assert images.status() == {"a": "ok"}

    @pytest.mark.parametrize("way", ["file", "server"])
    def test_other_ways_are_refused(self, images: Images, way: str) -> None:
        images.cloud.forget_hashes(MASTER, images.add(MASTER, NEW))
        result = images.sync(REGION, "--transfer", way)
        assert result.code == 1
        assert "the master states no checksum of the image" in result.err
        assert images.held() == {}

    def test_it_can_be_left_out(self, images: Images) -> None:
        images.cloud.forget_hashes(MASTER, images.add(MASTER, NEW))
        assert images.status("--config", "master.skip_unhashed=True") == {}


class TestMembers:
    OPTIONS = ("--config", "master.sync_members=True", "master.metadata_condition=image.name == 'a'")

    def members(self, images: Images, region: str, image: str) -> set[str]:
        """The projects that an image is shared with."""
        return {member.member_id for member in images.cloud.client(region, OURS).image_members.list(image)}

    def test_members_follow_and_those_of_others_stay(self, images: Images) -> None:
        foreign = images.cloud.account(FOREIGN)["project_id"]
        admin = images.cloud.account("admin")["project_id"]
        master = images.add(MASTER, NEW, visibility="shared")
        share = images.cloud.client(MASTER, OURS).image_members
        share.create(master, foreign)
        images.run(*self.OPTIONS)
        (copy,) = [image.id for image in images.cloud.seen(REGION)]
        assert self.members(images, REGION, copy) == {foreign}
        images.cloud.client(REGION, OURS).image_members.create(copy, admin)
        assert images.status(*self.OPTIONS) == {"a": "ok"}
        share.delete(master, foreign)
        dry = self.sync_dry(images)
        assert "Image pending to update the metadata a" in dry
        images.run(*self.OPTIONS)
        assert self.members(images, REGION, copy) == {admin}
        assert MEMBERS not in images.get(REGION, copy)

    def test_an_image_that_is_shared_no_longer_with_all_gets_its_members_at_once(self, images: Images) -> None:
        foreign = images.cloud.account(FOREIGN)["project_id"]
        master = images.add(MASTER, NEW)
        images.run(*self.OPTIONS)
        images.change(MASTER, master, visibility="shared")
        images.cloud.client(MASTER, OURS).image_members.create(master, foreign)
        assert images.status(*self.OPTIONS) == {"a": "pending_metadata"}
        images.run(*self.OPTIONS)
        (copy,) = [image.id for image in images.cloud.seen(REGION)]
        assert images.get(REGION, copy).visibility == "shared"
        assert self.members(images, REGION, copy) == {foreign}

    def sync_dry(self, images: Images) -> str:
        """What a dry run prints."""
        out: str = images.sync("--dry-run", REGION, *self.OPTIONS).out
        return out
