"""Restores on real Glances: UUIDs that are gone, refusals, damage, interruptions, another cloud (vault 4)."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.images.model import JOURNAL
from fiwareglancesync.images.vault.vault_folder import Vault
from tests.support.cloud import running_cloud
from tests.support.conditions import wait_for
from tests.support.emptied_glance import empty_glance
from tests.support.faults import Command, FaultyCloud, Made, Result
from tests.support.free_ports import free_port
from tests.support.kill_after import KILLED
from tests.support.observed_federations import OURS, run_program

pytestmark = pytest.mark.integration

REGION = "Burgos"
MIB = 2**20
KILLER = str(Path(__file__).resolve().parents[1] / "support" / "kill_after.py")


@dataclass
class Lost:
    """A region with a backup, whose images are then lost.

    :param uuids: name → UUID at the time of the backup
    """

    cloud: FaultyCloud
    description: Path
    vault: Vault
    command: Command
    uuids: dict[str, str]

    def empty(self) -> None:
        """Lose the images with Glance's database, so that their UUIDs are free."""
        empty_glance(self.description, REGION)

    def delete(self) -> None:
        """Delete the images in Glance, which remembers their UUIDs."""
        self.cloud.fill(REGION, [])

    def restore(self, *words: str, region: str = REGION, command: Command | None = None) -> Result:
        return (command or self.command)("--from", f"vault:{REGION}", region, "--vault", str(self.vault.folder), *words)

    def there(self, region: str = REGION) -> dict[str, Any]:
        """The images of the region by name, as an independent client sees them."""
        return {image.name: image for image in self.cloud.client(region, OURS).images.list()}


@pytest.fixture
def lost(faulty: FaultyCloud, root: Path, tmp_path: Path) -> Iterator[Lost]:
    description = running_cloud(root)
    empty_glance(description, REGION)
    kernel, plain = faulty.hold(REGION, Made("kernel", b"kernel"), Made("plain", b"plain" * MIB, protected=True))
    ami = faulty.add(REGION, Made("ami", b"ami", properties={"kernel_id": kernel, "nid": "1"}))
    command = faulty.command(tmp_path)
    folder = tmp_path / "vault"
    assert command("vault", "init", str(folder)).code == 0
    assert command("vault", "backup", REGION, "--vault", str(folder)).code == 0
    uuids = {"kernel": kernel, "plain": plain, "ami": ami}
    yield Lost(faulty, description, Vault(folder), command, uuids)
    faulty.fill(REGION, [])


def test_a_lost_region_is_restored_and_the_second_restore_has_nothing_to_do(lost: Lost) -> None:
    lost.empty()
    result = lost.restore()
    assert (result.code, result.err) == (0, "")
    assert {name: image.id for name, image in lost.there().items()} == lost.uuids
    again = lost.restore("--exit-code")
    assert (again.code, "Burgos: Region is synchronized." in again.out) == (0, True)


def test_uuids_of_deleted_images_are_gone_and_links_follow(lost: Lost) -> None:
    lost.delete()
    result = lost.restore()
    assert (result.code, result.errors) == (0, [])
    there = lost.there()
    assert not set(lost.uuids.values()) & {image.id for image in there.values()}
    for name, uuid in lost.uuids.items():
        assert f"Burgos: image {name} gets the UUID {there[name].id}: {uuid} is not free" in result.err
    assert there["ami"].kernel_id == there["kernel"].id
    assert there["plain"].protected
    again = lost.restore("--exit-code")
    assert (again.code, again.err) == (0, "")


def test_what_changed_is_brought_back(lost: Lost) -> None:
    client = lost.cloud.client(REGION, OURS)
    client.images.update(lost.uuids["ami"], remove_props=["nid"], visibility="private", min_ram=7)
    client.images.update(lost.uuids["kernel"], os_hidden=True)
    rows = json.loads(lost.restore("--show-status", "--format", "json").out)["images"]
    assert {row["image"]: row["status"] for row in rows} == {
        "ami": "pending_metadata",
        "kernel": "pending_metadata",
        "plain": "ok",
    }
    assert lost.restore().code == 0
    ami = lost.there()["ami"]
    assert (ami.nid, ami.visibility, ami.min_ram, lost.there()["kernel"].os_hidden) == ("1", "public", 0, False)


def test_a_refused_visibility_leaves_the_images_private_and_complete(lost: Lost, tmp_path: Path) -> None:
    account = lost.cloud.account("member")
    url = lost.cloud.keystone_url()
    credential = f"user = {account['user']}\ntenant = {account['project']}\nkeystone_url = {url}\n"
    text = f"{lost.cloud.usual_configuration}[master]\n{credential}password = {account['password']}\n"
    member = lost.cloud.command(tmp_path, configuration=text)
    lost.empty()
    result = lost.restore(command=member)
    assert (result.code, result.errors) == (1, [])
    there = lost.there()
    for name, uuid in lost.uuids.items():
        assert f"image {name} (UUID {uuid}) is complete, but does not become public" in result.err
        assert (there[name].id, there[name].status, there[name].visibility) == (uuid, "active", "private")
        assert JOURNAL not in there[name]
    assert (there["ami"].nid, there["ami"].kernel_id) == ("1", lost.uuids["kernel"])
    assert lost.restore().code == 0
    assert {image.visibility for image in lost.there().values()} == {"public"}


def test_an_image_without_room_for_the_journal_is_named(lost: Lost) -> None:
    full = lost.cloud.add(REGION, Made("full", b"full", properties={f"p{number}": "v" for number in range(128)}))
    assert lost.command("vault", "backup", REGION, "--vault", str(lost.vault.folder)).code == 0
    lost.empty()
    result = lost.restore()
    (line,) = result.errors
    assert result.code == 1
    assert "Upload of full failed" in line
    assert "glancesync_pending" in line
    assert {image.id for image in lost.there().values()} == set(lost.uuids.values()) - {full}


def test_of_damaged_content_nothing_is_published(lost: Lost) -> None:
    (run,) = lost.vault.shelf(REGION).run_times()
    (kept,) = [image for image in lost.vault.shelf(REGION).run(run).images if image.name == "plain"]
    path = lost.vault.find(kept.content) if kept.content else None
    assert path is not None
    good = path.read_bytes()
    path.write_bytes(good[:-1] + b"x")
    lost.empty()
    result = lost.restore()
    assert result.code == 1
    assert "Upload of plain failed. Cause: file: the vault's content is damaged" in result.err
    assert lost.there()["plain"].status == "queued"
    assert {name for name, image in lost.there().items() if image.status == "active"} == {"ami", "kernel"}
    path.write_bytes(good)
    assert lost.restore().code == 0
    assert {name: image.id for name, image in lost.there().items()} == lost.uuids
    assert JOURNAL not in lost.there()["plain"]


def test_a_shelf_is_restored_into_another_region_and_a_region_into_another_one(lost: Lost) -> None:
    for words in (("--from", f"vault:{REGION}", "--vault", str(lost.vault.folder)), ("--from", REGION)):
        empty_glance(lost.description, "Caceres")
        result = lost.command(*words, "Caceres")
        assert (result.code, result.err) == (0, "")
        assert {name: image.id for name, image in lost.there("Caceres").items()} == lost.uuids


def test_the_master_region_is_restored_where_it_is_named(lost: Lost) -> None:
    empty_glance(lost.description, "Spain")
    result = lost.restore(region="Spain")
    assert result.code == 0
    assert "Spain: this is the master region; it is written to" in result.err
    assert {name: image.id for name, image in lost.there("Spain").items()} == lost.uuids


def test_an_interrupted_restore_goes_on_under_the_original_uuid(lost: Lost) -> None:
    def journal() -> str | None:
        text: str | None = lost.there().get("plain", {}).get(JOURNAL)
        return text

    lost.empty()
    for end in ("kill", "interrupt"):
        before = journal()
        words = ("--from", f"vault:{REGION}", REGION, "--vault", str(lost.vault.folder), "--config", "bandwidth=1")
        running = lost.command.start(*words)
        wait_for(lambda: journal() not in (None, before), "the image is made, or taken over")  # noqa: B023 (called at once)
        if end == "kill":
            running.kill()
            assert running.finish().code == -signal.SIGKILL
        else:
            running.interrupt()
            result = running.finish()
            assert result.code == 130
            assert f"plain (UUID {lost.uuids['plain']})" in result.err
    result = lost.restore()
    assert (result.code, result.err) == (0, "")
    assert {name: image.id for name, image in lost.there().items()} == lost.uuids


def test_killed_after_each_write_the_next_restore_finishes(lost: Lost, tmp_path: Path) -> None:
    words = ["--from", f"vault:{REGION}", REGION, "--vault", str(lost.vault.folder)]
    file = tmp_path / "writes"
    number = 0
    while True:
        number += 1
        lost.empty()
        code = run_program(lost.cloud, words, tmp_path, KILLER, str(number), str(file)).returncode
        if code == 0:
            break
        assert code == KILLED
        result = lost.restore()
        assert (result.code, result.errors) == (0, []), f"after write {number}"
        assert {name: image.id for name, image in lost.there().items()} == lost.uuids, f"after write {number}"
        assert all(image.status == "active" and JOURNAL not in image for image in lost.there().values())
    assert number > 9


@pytest.fixture
def madrid(lost: Lost, tmp_path: Path) -> Iterator[tuple[Command, Any]]:
    """The command with the empty region of another Keystone as a target, and an independent client of that region."""
    from glanceclient import Client
    from keystoneauth1.identity import v3
    from keystoneauth1.session import Session

    empty_glance(lost.description, "Madrid")
    account, url = lost.cloud.account("glancesync", "keystone-b"), lost.cloud.keystone_url("keystone-b")
    credential = f"user = {account['user']}\ntenant = {account['project']}\nkeystone_url = {url}\n"
    text = f"{lost.cloud.usual_configuration}[other]\n{credential}password = {account['password']}\n"
    plugin = v3.Password(
        url,
        username=account["user"],
        password=account["password"],
        project_name=account["project"],
        user_domain_name="Default",
        project_domain_name="Default",
    )
    yield lost.cloud.command(tmp_path, configuration=text), Client("2", session=Session(plugin), region_name="Madrid")
    empty_glance(lost.description, "Madrid")


def test_a_shelf_is_restored_without_the_master(lost: Lost, madrid: tuple[Command, Any]) -> None:
    command, client = madrid
    words = ("--from", f"vault:{REGION}", "other:Madrid", "--vault", str(lost.vault.folder))
    result = command(*words, OS_AUTH_URL=f"http://127.0.0.1:{free_port()}/v3")
    assert (result.code, result.err) == (0, "")
    assert {image.name: image.id for image in client.images.list()} == lost.uuids


@pytest.mark.parametrize("source", [f"vault:{REGION}", REGION])
def test_all_images_migrate_to_another_cloud(lost: Lost, madrid: tuple[Command, Any], source: str) -> None:
    command, client = madrid
    shared = lost.cloud.client(REGION, OURS).images
    shared.update(lost.uuids["kernel"], visibility="shared")
    lost.cloud.client(REGION, OURS).image_members.create(lost.uuids["kernel"], "1" * 32)
    vault = ("--vault", str(lost.vault.folder))
    assert command("vault", "backup", REGION, *vault).code == 0
    result = command("--from", source, "other:Madrid", *vault, "--members")
    assert (result.code, result.errors) == (0, [])
    assert "other:Madrid: members are not restored: their projects are those of another Keystone" in result.err
    there = {image.name: image for image in client.images.list()}
    assert {name: image.id for name, image in there.items()} == lost.uuids
    before = lost.there()
    for name, image in there.items():
        different = {key for key in before[name] if before[name][key] != image.get(key)}
        assert different <= {"created_at", "updated_at", "owner", "stores", "direct_url", "locations"}, name
        assert b"".join(client.images.data(image.id)) == b"".join(shared.data(image.id))
    assert list(client.image_members.list(lost.uuids["kernel"])) == []
    again = command("--from", source, "other:Madrid", *vault, "--exit-code")
    assert (again.code, again.err) == (0, "")
