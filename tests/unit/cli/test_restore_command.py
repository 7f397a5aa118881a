"""``--from`` and ``vault restore`` on the command line (vault 4)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fiwareglancesync.images.vault.vault_times import time_text
from tests.support.vault_commands import VaultCommand
from tests.support.vaults import LISTED, uuid_of

NAMESAKES = {1: {"name": "a"}, 2: {"name": "a"}, 3: {"name": "b"}}


@pytest.fixture
def north(tmp_path: Path) -> VaultCommand:
    found = VaultCommand(tmp_path)
    found.back_up({1: {}, 2: {"visibility": "public"}})
    return found


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> VaultCommand:
    """One for calls that change nothing."""
    found = VaultCommand(tmp_path_factory.mktemp("unchanged"))
    found.back_up({1: {}})
    return found


def rows(north: VaultCommand, *words: str) -> list[dict[str, object]]:
    result = north.command(*words, "--show-status", "--format", "json")
    found: list[dict[str, object]] = json.loads(result.out)["images"]
    return found


def status(north: VaultCommand, region: str, *words: str) -> dict[object, object]:
    return {row["image"]: row["status"] for row in rows(north, "--from", "vault:Burgos", region, *words)}


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--from", "vault:Burgos"], "needs a destination"),
        (["--from", "vault:Burgos", "other:"], "other: stands for several regions"),
        (["--from", "vault:Burgos", "vault:Spain"], "vault:Spain is no destination"),
        (["--from", "vault:", "Burgos"], "names no shelf"),
        (["--from", "vault:Burgo", "Burgos"], "has no shelf Burgo; it has: Burgos; did you mean Burgos?"),
        (["--from", "other:", "Burgos"], "name one of them"),
        (["--from", "elsewhere:Burgos", "Burgos"], "unknown target elsewhere"),
        (["--from", "Spain", "Burgos", "--at", "2026-11-28"], "--at goes with --from vault:SHELF"),
        (["--from", "vault:Burgos", "Burgos", "--at", "soon"], "--at soon: expected a time"),
        (["--from", "vault:Burgos", "Burgos", "--at", "2020-01-01"], "has no complete backup at 2020-01-01T23:59"),
        (["--from", "vault:Burgos", "Burgos", "--uuid", "x"], "expected the UUID of an image"),
        (["--from", "vault:Burgos", "Burgos", "--uuid", uuid_of(1), "--image", "a"], "exclude each other"),
        (["--from", "vault:Burgos", "Burgos", "--transfer", "spool"], "read in the way file alone"),
        (["--from", "vault:Burgos", "Burgos", "--vault", "/nowhere"], "is no vault"),
        (["--from", "Burgos", "other:Madrid", "--transfer", "file"], "images_dir has the files of the configured"),
        (["--from", "vault:Burgos", "Burgos", "--make-backups"], "--from goes with"),
        (["Burgos", "--members"], "--members goes with --from"),
        (["vault", "restore", "Burgo", "Burgos"], "did you mean Burgos?"),
        (["vault", "restore", "Burgos", "other:"], "stands for several regions"),
    ],
)
def test_a_wrong_call_is_refused(unchanged: VaultCommand, words: list[str], named: str) -> None:
    result = unchanged.command(*words)
    assert (result.code, result.out) == (2, "")
    (line,) = result.errors
    assert named in line


def test_its_report_does_not_replace_anything_in_the_vault(unchanged: VaultCommand) -> None:
    mark = unchanged.vault.paths.mark
    before = mark.read_bytes()
    for words in (["--from", "vault:Burgos", "Burgos", "--report"], ["Burgos", "--events"]):
        result = unchanged.command(*words, str(mark))
        assert (result.code, "is in the vault" in result.err) == (2, True)
    assert mark.read_bytes() == before


def test_both_forms_restore(north: VaultCommand) -> None:
    assert "Burgos: Pending: image1 (0 MB)" in north.command("vault", "restore", "Burgos", "Burgos", "--dry-run").out
    assert north.command("vault", "restore", "Burgos", "Burgos", "--image", "image1").code == 0
    result = north.command("--from", "vault:Burgos", "Burgos", "other:Madrid")
    assert result.code == 0, result.err
    assert "======Master is vault:Burgos" in result.out
    assert f"Backup of {time_text(LISTED)}, from region Burgos: 2 images" in result.out
    for region in ("Burgos", "other:Madrid"):
        assert status(north, region) == {"image1": "ok", "image2": "ok"}


def test_in_parallel_too(north: VaultCommand) -> None:
    words = ("--from", "vault:Burgos", "Burgos", "other:Madrid", "--parallel", "--config", "max_children=2")
    assert north.command(*words).code == 0
    assert status(north, "other:Madrid") == {"image1": "ok", "image2": "ok"}


def test_namesakes_are_reported_and_restored_by_their_uuids(tmp_path: Path) -> None:
    north = VaultCommand(tmp_path)
    north.back_up(NAMESAKES)
    result = north.command("--from", "vault:Burgos", "Burgos")
    assert (result.code, result.errors) == (1, [])
    assert f"choose one with --uuid. UUIDs: {uuid_of(1)} {uuid_of(2)}" in result.err
    for number in (1, 2):
        result = north.command("--from", "vault:Burgos", "Burgos", "--uuid", uuid_of(number))
        assert (result.code, result.err) == (0, "")
        assert rows(north, "--from", "vault:Burgos", "Burgos", "--uuid", uuid_of(number))[0]["status"] == "ok"


def test_what_matches_nothing_is_reported(north: VaultCommand) -> None:
    for words, text in (
        (("--uuid", uuid_of(7)), f"--uuid {uuid_of(7)}: vault:Burgos has no such image"),
        (("--image", "z*"), "--image z* matches no image to be synchronised"),
    ):
        result = north.command("--from", "vault:Burgos", "Burgos", *words)
        assert (result.code, text in result.err) == (1, True)


def test_a_former_backup_can_be_restored(north: VaultCommand) -> None:
    north.back_up({3: {}}, number=5)
    assert status(north, "Burgos") == {"image3": "pending_upload"}
    assert list(status(north, "Burgos", "--at", "2026-03-01T13:00:00Z")) == ["image1", "image2"]


def test_a_backup_without_images_is_a_warning_with_a_way_out(north: VaultCommand) -> None:
    north.back_up({}, number=5)
    result = north.command("--from", "vault:Burgos", "Burgos")
    assert result.code == 0
    assert "vault:Burgos has no image that can be restored; --at TIME takes an older backup" in result.err


def test_a_backup_of_the_future_is_a_warning(north: VaultCommand) -> None:
    north.back_up({3: {}}, number=24 * 366 * 100)
    result = north.command("--from", "vault:Burgos", "Burgos")
    assert result.code == 0
    assert "is of the future: a clock is or was wrong; --at TIME takes another one" in result.err
    assert "of the future" not in north.command("--from", "vault:Burgos", "Burgos", "--at", "2026-03-02").err


def test_a_region_can_be_the_source(north: VaultCommand) -> None:
    assert north.command("--from", "vault:Burgos", "Burgos").code == 0
    result = north.command("--from", "Burgos", "other:Madrid")
    assert result.code == 0, result.err
    assert "======Master is Burgos" in result.out
    found = rows(north, "--from", "Burgos", "other:Madrid")
    assert {row["image"]: (row["status"], row["id"]) for row in found} == {
        "image1": ("ok", uuid_of(1)),
        "image2": ("ok", uuid_of(2)),
    }


def test_the_source_is_never_written_to(north: VaultCommand) -> None:
    result = north.command("--from", "Burgos", "Burgos")
    assert (result.code, "Burgos: Region is synchronized." in result.out) == (0, True)
    assert "Burgos: This is Burgos, from which images are restored; nothing is written to it." in result.out


def test_the_master_region_is_written_to_where_it_is_named_and_that_is_reported(north: VaultCommand) -> None:
    result = north.command("--from", "vault:Burgos", "Spain")
    assert (result.code, "Spain: this is the master region; it is written to" in result.err) == (0, True)
    assert status(north, "Spain") == {"image1": "ok", "image2": "ok"}


def test_report_and_events_name_the_source(north: VaultCommand, tmp_path: Path) -> None:
    report, events = tmp_path / "report", tmp_path / "events"
    words = ("--from", "vault:Burgos", "Burgos", "--report", str(report), "--events", str(events))
    assert north.command(*words).code == 0
    document = json.loads(report.read_text())
    assert document["master"] == "vault:Burgos"
    assert [image["action"] for image in document["regions"][0]["images"]] == ["upload", "upload"]
    first = json.loads(events.read_text().splitlines()[0])
    assert (first["kind"], first["region"]) == ("run-started", "vault:Burgos")


def test_what_is_pending_makes_exit_code_3(north: VaultCommand) -> None:
    words = ("--from", "vault:Burgos", "Burgos", "--exit-code")
    assert north.command(*words, "--dry-run").code == 3
    assert north.command(*words).code == 0
    assert north.command(*words, "--dry-run").code == 0


def test_lost_content_fails_its_image_alone(north: VaultCommand) -> None:
    (path, _) = sorted(north.vault.paths.content.rglob("*/*"))
    path.unlink()
    result = north.command("--from", "vault:Burgos", "Burgos")
    assert (result.code, result.errors) == (1, [])
    assert "is not restored: the vault has lost its content" in result.err
    assert list(status(north, "Burgos").values()) == ["ok"]
