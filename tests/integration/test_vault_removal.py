"""Removal of images on a real Glance, with real servers and volumes that use them (vault 5.3)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from devcloud_lib.volumes.volume_clients import compute
from devcloud_lib.volumes.volume_seed import FLAVOR, ensure_flavor, seed_volumes

from fiwareglancesync.images.removal_mark import REMOVAL
from tests.support.cloud import running_cloud
from tests.support.conditions import wait_for
from tests.support.development_volumes import Volumes, running_volumes
from tests.support.faults import FaultyCloud, Made, Result
from tests.support.observed_federations import OURS
from tests.support.stack_templates import write_templates

pytestmark = [pytest.mark.integration, pytest.mark.volumes]

REGION = "Spain"
MIB = 2**20
QUARANTINE_SECONDS = 1


@pytest.fixture(scope="module")
def volumes(root: Path) -> Volumes:
    found = running_volumes(root)
    seed_volumes(found.cloud, lambda text: None)
    ensure_flavor(found.cloud)
    return found


@pytest.fixture
def faulty_cloud(root: Path, tmp_path: Path) -> Iterator[FaultyCloud]:
    cloud = FaultyCloud(running_cloud(root), tmp_path)
    cloud.fill(REGION, [])
    yield cloud
    cloud.fill(REGION, [])


class Removing:
    """A region whose images are removed within a second."""

    def __init__(self, cloud: FaultyCloud, folder: Path) -> None:
        configuration = (
            f"{cloud.usual_configuration}[vault:north]\npath = {folder / 'vault'}\n"
            f"templates = {write_templates(folder / 'templates', ['needed'])}\nquarantine = {QUARANTINE_SECONDS}s\n"
        )
        self.cloud = cloud
        self.command = cloud.command(folder, configuration=configuration)
        assert self.command("vault", "init", str(folder / "vault")).code == 0

    def heal(self, **account: str) -> Result:
        """Heal with removals."""
        return self.command("vault", "heal", REGION, "--delete", "--scope", "old*", **account)

    def document(self, uuid: str) -> dict[str, Any]:
        """What Glance says of an image; empty when it is gone."""
        images = self.cloud.client(REGION, OURS).images
        every = [*images.list(), *images.list(filters={"os_hidden": True})]
        return next((dict(image.items()) for image in every if image.id == uuid), {})


@pytest.fixture
def removing(faulty_cloud: FaultyCloud, tmp_path: Path) -> Removing:
    faulty_cloud.add(REGION, Made("needed", b"needed"))
    return Removing(faulty_cloud, tmp_path)


def pass_time() -> None:
    """Let the quarantine pass."""
    end = time.time() + QUARANTINE_SECONDS
    wait_for(lambda: time.time() > end, "the quarantine has passed")


def _status(api: Any, server: str) -> str:
    found: str = api.call("GET", f"/v2.1/servers/{server}").json()["server"]["status"]
    return found


def test_an_image_is_hidden_and_then_deleted_and_can_be_taken_back_between(removing: Removing) -> None:
    uuid = removing.cloud.add(REGION, Made("old", b"old", properties={"nid": "7"}))
    before = removing.document(uuid)
    assert removing.heal().code == 0
    pass_time()
    assert removing.heal().code == 0
    hidden = removing.document(uuid)
    assert (hidden["visibility"], hidden["os_hidden"], REMOVAL in hidden) == ("private", True, True)
    assert removing.command("vault", "undelete", uuid).code == 0
    assert {**removing.document(uuid), "updated_at": ""} == {**before, "updated_at": ""}
    for _ in range(3):
        pass_time()
        assert removing.heal().code == 0
    assert removing.document(uuid) == {}
    result = removing.command("vault", "undelete", uuid)
    assert (result.code, f"--uuid {uuid} --at " in result.err) == (2, True)


def test_an_image_that_a_server_or_a_volume_uses_is_kept(removing: Removing, volumes: Volumes) -> None:
    content = bytes(MIB)
    used = [removing.cloud.add(REGION, Made(name, content)) for name in ("old-server", "old-volume")]
    api = compute(volumes.cloud, volumes.accounts["demo"])
    server = api.call("POST", "/v2.1/servers", {
        "server": {"name": "user", "imageRef": used[0], "flavorRef": FLAVOR["id"], "networks": "none"}
    }).json()["server"]["id"]  # fmt: skip
    volume = volumes.created("demo", "demo", "volume", name="made-of-it", size=1, imageRef=used[1])["id"]
    try:
        wait_for(lambda: _status(api, server) == "ACTIVE", "the server is active")
        removing.heal()
        pass_time()
        result = removing.heal()
        assert f"Image old-server is not removed: server user ({server}) uses it" in result.out
        assert f"Image old-volume is not removed: volume made-of-it ({volume}) uses it" in result.out
        assert all(not removing.document(uuid)["os_hidden"] for uuid in used)
    finally:
        api.call("DELETE", f"/v2.1/servers/{server}")
        cinder, root = volumes.cinder("demo", "demo")
        cinder.call("DELETE", f"{root}/volumes/{volume}")
