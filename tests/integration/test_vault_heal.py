"""All statuses on a real Glance, and what healing makes of them (vault 5.2, 5.3)."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.images.vault.vault_folder import Vault
from tests.support.faults import FaultyCloud, Made, Result
from tests.support.observed_federations import FOREIGN, OURS
from tests.support.stack_templates import write_templates
from tests.support.vaults import faults

pytestmark = pytest.mark.integration

REGION = "Burgos"
NEEDED = ("good", "lost", "changed", "off", "two", "machine", "busy", "theirs", "new", "nowhere")
MOVED = ("updated_at", "created_at")


class HealedRegion:
    """A region, its vault, and templates.

    :param cloud: the development cloud
    :param folder: an empty folder
    """

    def __init__(self, cloud: FaultyCloud, folder: Path) -> None:
        self.cloud = cloud
        self.client = cloud.client(REGION, OURS)
        self.folder = folder
        self.command = cloud.command(folder)
        self.vault_folder = folder / "vault"
        assert self.command("vault", "init", str(self.vault_folder)).code == 0

    def call(self, verb: str, *words: str) -> Result:
        """The command on the region."""
        given = ("--templates", str(self.folder / "templates"), "--vault", str(self.vault_folder))
        return self.command("vault", verb, REGION, *given, *words)

    def statuses(self) -> dict[str, str]:
        """Image → status."""
        found = json.loads(self.call("status", "--format", "json").out)["images"]
        return {row["image"]: row["status"] for row in found}

    def documents(self) -> dict[str, Any]:
        """What Glance says of each image."""
        images = self.client.images
        found = [*images.list(), *images.list(filters={"os_hidden": True})]
        return {image.id: {key: value for key, value in image.items() if key not in MOVED} for image in found}


@pytest.fixture
def healed(faulty: FaultyCloud, tmp_path: Path) -> HealedRegion:
    """A region with images of all kinds, and a shelf that knows how it was before."""
    faulty.fill(REGION, [])
    made = HealedRegion(faulty, tmp_path)
    kernel = faulty.add(REGION, Made("kernel", b"kernel"))
    machine = Made("machine", b"machine", properties={"kernel_id": kernel})
    ids = [faulty.add(REGION, Made(name, name.encode())) for name in ("good", "lost", "changed", "off", "two")]
    faulty.add(REGION, machine)
    write_templates(tmp_path / "templates", ("good", "lost", "changed", "off", "two", "machine"))
    assert made.call("heal").code == 0
    faulty.remove(REGION, ids[1])
    faulty.remove(REGION, ids[2])
    faulty.add(REGION, Made("changed", b"other bytes"))
    made.client.images.deactivate(ids[3])
    for name in ("two", "new", "unneeded"):
        faulty.add(REGION, Made(name, f"another {name}".encode()))
    faulty.add(REGION, Made("busy", None))
    foreign = faulty.client(REGION, FOREIGN)
    theirs = foreign.images.create(name="theirs", disk_format="raw", container_format="bare")
    foreign.images.upload(theirs.id, io.BytesIO(b"theirs"))
    faulty.client(REGION, OURS).images.update(theirs.id, visibility="public")
    write_templates(tmp_path / "templates", NEEDED)
    return made


def test_every_status_is_found_and_what_can_be_healed_is(healed: HealedRegion) -> None:
    before = {
        "nowhere": "ALERT", "lost": "imageMissing", "new": "bkpMissing", "changed": "Differs", "two": "Ambiguous",
        "off": "deactivated", "busy": "busy", "theirs": "elsewhere", "unneeded": "DeleteImage", "good": "ALLGOOD",
        "kernel": "ALLGOOD", "machine": "ALLGOOD",
    }  # fmt: skip
    assert healed.statuses() == before
    documents, vault = healed.documents(), Vault(healed.vault_folder)
    shelf = vault.shelf(REGION)
    runs = shelf.run_times()
    result = healed.call("heal", "--dry-run")
    assert (result.code, result.errors) == (4, [])
    assert "INFO:Burgos: Pending: lost" in result.out
    assert "INFO:Burgos: Pending: new" in result.out
    assert (healed.documents(), shelf.run_times()) == (documents, runs)

    result = healed.call("heal")
    assert (result.code, result.errors) == (4, [])
    after = healed.documents()
    (restored,) = [document for uuid, document in after.items() if uuid not in documents]
    assert (restored["name"], restored["visibility"], restored["size"]) == ("lost", "public", 4)
    assert {uuid: after[uuid] for uuid in documents} == documents
    well = {**before, "lost": "ALLGOOD", "new": "ALLGOOD", "changed": "ALLGOOD"}
    assert healed.statuses() == well
    assert faults(vault) == []

    runs = shelf.run_times()
    result = healed.call("heal")
    assert (result.code, healed.documents(), shelf.run_times()) == (4, after, runs)
    quiet = healed.call("heal", "--quiet")
    assert (quiet.code, quiet.out, len(quiet.warnings)) == (4, "", 1)
    assert quiet.warnings[0].startswith("WARNING:Burgos and shelf Burgos: 1 ALERT, ")


def test_when_nothing_is_missing_the_last_line_says_that_all_is_well(healed: HealedRegion) -> None:
    write_templates(healed.folder / "templates", ("good", "lost", "machine", "new"))
    assert healed.call("heal").code == 0
    result = healed.call("heal")
    assert result.code == 0
    last = result.out.splitlines()[-1]
    assert last.startswith("INFO:Burgos and shelf Burgos: All is well: 5 images that templates need are there")


def test_a_shelf_is_refused_with_the_credential_of_another_project(healed: HealedRegion) -> None:
    other = healed.cloud.account("foreign")
    given = {"OS_USERNAME": other["user"], "OS_PASSWORD": other["password"], "OS_PROJECT_NAME": other["project"]}
    before = healed.documents()
    words = ("--templates", str(healed.folder / "templates"), "--vault", str(healed.vault_folder))
    result = healed.command("vault", "heal", REGION, *words, **given)
    assert (result.code, "is bound to another source" in result.err, healed.documents()) == (2, True, before)
    result = healed.command("vault", "heal", REGION, *words, OS_PASSWORD="wrong")
    assert (result.code, healed.documents()) == (2, before)
