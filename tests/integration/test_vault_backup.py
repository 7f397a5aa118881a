"""What a backup of a real Glance keeps, field by field and byte for byte (vault 3)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.images.vault.vault_folder import Vault
from fiwareglancesync.images.vault.vault_model import BackupRun, Record
from tests.support.faults import Command, FaultyCloud, Result
from tests.support.odd_images import OddImages
from tests.support.vaults import faults

pytestmark = pytest.mark.integration

REGION = "Burgos"


@pytest.fixture
def command(faulty: FaultyCloud, tmp_path: Path) -> Command:
    return faulty.command(tmp_path)


@pytest.fixture
def vault(command: Command, tmp_path: Path) -> Vault:
    assert command("vault", "init", str(tmp_path / "vault")).code == 0
    return Vault(tmp_path / "vault")


def back_up(command: Command, vault: Vault, *words: str) -> Result:
    return command("vault", "backup", REGION, "--vault", str(vault.folder), *words)


def newest(vault: Vault, shelf: str = REGION) -> BackupRun:
    times = vault.shelf(shelf).run_times()
    return vault.shelf(shelf).run(times[0])


def records(vault: Vault) -> dict[str, Record]:
    shelf = vault.shelf(REGION)
    return {image.id: shelf.record(image.id, image.record) for image in newest(vault).images}


def comparable(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "tags": sorted(document["tags"])}


def test_everything_of_the_project_is_kept(odd: OddImages, command: Command, vault: Vault) -> None:
    result = back_up(command, vault)
    assert result.code == 0, result.err
    there = odd.documents()
    kept = records(vault)
    assert set(kept) == set(there) - {odd.queued}
    for uuid, record in kept.items():
        assert comparable(dict(record.state.document)) == comparable(there[uuid])
        assert record.content is not None
        path = vault.find(record.content)
        assert path is not None
        assert path.read_bytes() == odd.contents[uuid]
    shared = {uuid: record.state.members for uuid, record in kept.items() if record.state.members is not None}
    assert shared[odd.shared] == ("1" * 32, "2" * 32)
    assert all(members == () for uuid, members in shared.items() if uuid != odd.shared)
    run = newest(vault)
    assert run.complete
    assert [each.status for each in run.skipped] == ["queued"]
    assert run.others >= 1
    assert faults(vault) == []


def test_a_second_backup_reads_nothing_and_writes_no_record(odd: OddImages, command: Command, vault: Vault) -> None:
    back_up(command, vault)
    first = newest(vault)
    result = back_up(command, vault)
    assert (result.code, "Backing up" in result.out, "Recording" in result.out) == (0, False, False)
    assert newest(vault).listed > first.listed
    assert newest(vault).images == first.images


def test_a_change_makes_a_new_record_of_the_same_content(odd: OddImages, command: Command, vault: Vault) -> None:
    back_up(command, vault)
    before = records(vault)[odd.shared]
    odd.client.image_members.delete(odd.shared, "2" * 32)
    try:
        assert "Recording image shared" in back_up(command, vault).out
    finally:
        odd.client.image_members.create(odd.shared, "2" * 32)
    after = records(vault)[odd.shared]
    assert after.state.members == ("1" * 32,)
    assert after.content == before.content
    assert vault.shelf(REGION).record(odd.shared, 1) == before


def test_an_image_that_is_deleted_stays_in_the_runs_before(odd: OddImages, command: Command, vault: Vault) -> None:
    made = odd.add("short-lived", b"short-lived")
    back_up(command, vault)
    first = newest(vault)
    odd.client.images.delete(made)
    back_up(command, vault)
    assert made in {image.id for image in first.images} - {image.id for image in newest(vault).images}


def test_bytes_that_are_refused_are_reported(odd: OddImages, faulty: FaultyCloud, tmp_path: Path, vault: Vault) -> None:
    account = faulty.account("member")
    credential = f"user = {account['user']}\ntenant = {account['project']}\nkeystone_url = {faulty.keystone_url()}\n"
    text = f"{faulty.usual_configuration}[master]\n{credential}password = {account['password']}\n"
    member = faulty.command(tmp_path, configuration=text)
    for _ in range(2):
        result = back_up(member, vault)
        assert result.code == 1
        assert f"{REGION}: Image deactivated (UUID {odd.deactivated}) has no content: the region refuses" in result.err
        record = records(vault)[odd.deactivated]
        assert (record.content, record.missing) == (None, "the region refuses its bytes")
        assert newest(vault).complete
    assert vault.shelf(REGION).record_numbers(odd.deactivated) == [1]


def test_only_some_images_may_be_backed_up(odd: OddImages, command: Command, vault: Vault) -> None:
    assert back_up(command, vault, "--image", "namesake").code == 0
    assert {image.name for image in newest(vault).images} == {"namesake"}
    assert not newest(vault).complete
    result = back_up(command, vault, "--image", "none*")
    assert result.code == 1
    assert "--image none* matches no image" in result.err


def test_a_dry_run_writes_nothing_and_agrees_with_size(odd: OddImages, command: Command, vault: Vault) -> None:
    def files() -> set[Path]:
        return set(vault.folder.rglob("*"))

    before = files()
    result = back_up(command, vault, "--dry-run")
    assert result.code == 0
    assert "Dry run: nothing is changed." in result.out
    size = command("vault", "size", REGION, "--vault", str(vault.folder), "--format", "json")
    (row,) = json.loads(size.out)
    assert files() == before
    assert row["fetch"] == result.out.count(": Pending: ")
    assert f"MBs pending : {row['bytes'] // 2**20}" in result.out


def test_damaged_content_is_fetched_again(odd: OddImages, command: Command, vault: Vault) -> None:
    back_up(command, vault)
    content = records(vault)[odd.shared].content
    assert content is not None
    path = vault.find(content)
    assert path is not None
    path.write_bytes(b"sh")
    assert "Backing up image shared" in back_up(command, vault).out
    assert faults(vault) == []


def test_hashes_need_not_be_trusted(odd: OddImages, faulty: FaultyCloud, tmp_path: Path, vault: Vault) -> None:
    text = f"{faulty.usual_configuration}[vault:north]\npath = {vault.folder}\ntrust_hashes = False\n"
    command = faulty.command(tmp_path, configuration=text)
    assert command("vault", "backup", REGION).code == 0
    content = records(vault)[odd.shared].content
    assert content is not None
    assert command("vault", "backup", REGION).out.count("Backing up image") == len(newest(vault).images)
    assert faults(vault) == []


def test_several_regions_share_content_and_may_be_done_in_parallel(
    odd: OddImages, faulty: FaultyCloud, tmp_path: Path, vault: Vault
) -> None:
    for region in ("Spain", "Caceres"):
        OddImages(faulty, region).add("one", b"the same" * 100_000)
    text = f"{faulty.usual_configuration}max_children = 3\n"
    command = faulty.command(tmp_path, configuration=text)
    result = command("vault", "backup", "Spain", "Caceres", REGION, "--parallel", "--vault", str(vault.folder))
    assert result.code == 0, result.err
    assert vault.shelf_names() == [REGION, "Caceres", "Spain"]
    assert newest(vault, "Spain").images[0].content == newest(vault, "Caceres").images[0].content
    assert faults(vault) == []


def test_a_vault_that_is_not_mounted_is_refused(odd: OddImages, command: Command, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    result = command("vault", "backup", REGION, "--vault", str(tmp_path / "disk"))
    assert result.code == 2
    assert "is no vault: it has no vault.json" in result.err
    assert list((tmp_path / "disk").iterdir()) == []


def test_the_report_names_every_image(odd: OddImages, command: Command, vault: Vault, tmp_path: Path) -> None:
    back_up(command, vault, "--report", str(tmp_path / "report.json"), "--events", str(tmp_path / "events"))
    (region,) = json.loads((tmp_path / "report.json").read_text())["regions"]
    assert {image["id"] for image in region["images"]} == {image.id for image in newest(vault).images}
    assert {image["way"] for image in region["images"]} == {"stream", "empty", None}
    events = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    assert events[-1]["kind"] == "run-finished"
    assert {event["action"] for event in events if "action" in event} == {"backup"}
