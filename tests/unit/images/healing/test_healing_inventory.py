"""What cannot be seen whole is not judged (vault 5.3)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from fiwareglancesync.base.errors import CloudError, TimedOut, Unauthorized, Unreachable, UsageError
from fiwareglancesync.images.healing.healing_errors import HealingRefused
from fiwareglancesync.images.vault.vault_errors import NoVault, OtherSource, RunInFuture, UnreadableDocument
from fiwareglancesync.images.vault.vault_folder import Vault
from fiwareglancesync.images.vault.vault_times import time_text
from tests.support.comparing import statuses
from tests.support.vaults import sha512, uuid_of

from .conftest import Healed


@pytest.fixture(autouse=True)
def kept(healed: Healed) -> None:
    """The region has two images, which are on the shelf."""
    healed.place.add(1, b"one", name="a")
    healed.place.add(2, b"two", name="b")
    healed.back_up()


def test_a_region_and_its_shelf_are_compared(healed: Healed) -> None:
    assert statuses(healed.look("a").comparison) == {"a": "ALLGOOD", "b": "DeleteImage"}


def test_a_region_without_a_shelf_has_no_backup(healed: Healed) -> None:
    for path in healed.shelf.paths.runs.iterdir():
        path.unlink()
    found = healed.look("a")
    assert (found.run, statuses(found.comparison)) == (None, {"a": "bkpMissing", "b": "DeleteImage"})


def test_an_image_that_is_nowhere_is_found_in_an_older_run(healed: Healed) -> None:
    time = healed.shelf.run_times()[0]
    del healed.place.documents[uuid_of(1)]
    healed.back_up()
    row = healed.look("a", "c").comparison.by_name["a"]
    assert row.status.value == "ALERT"
    command = f"glancesync vault restore Burgos Burgos --at {time_text(time)} --image a --vault {healed.vault.folder}"
    assert row.reason == f"an older run has it: {command}"
    assert healed.look("a", "c").comparison.by_name["c"].reason == ""
    healed.shelf.paths.run(time).write_bytes(b"{")
    assert healed.look("a").comparison.by_name["a"].reason == ""


def test_lost_content_is_not_on_the_shelf(healed: Healed) -> None:
    healed.vault.paths.content_file(sha512(b"one")).unlink()
    assert statuses(healed.look("a").comparison)["a"] == "bkpMissing"


@pytest.mark.parametrize(
    "error", [TimedOut("too long"), Unauthorized("wrong credential"), Unreachable("gone"), CloudError("cut off")]
)
def test_a_region_that_is_not_listed_whole_is_refused(
    healed: Healed, error: CloudError, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> Any:
        raise error

    monkeypatch.setattr(healed.place, "listing", fail)
    with pytest.raises(HealingRefused, match=f"Burgos cannot be listed whole.*{error}") as found:
        healed.look("a")
    assert found.value.exit_code == 2


def test_the_credential_of_another_project_is_refused(healed: Healed) -> None:
    other = Healed(healed.vault)
    other.place.project = "another"
    with pytest.raises(OtherSource, match="project p1"):
        other.look("a")


def test_a_shelf_that_is_not_there_is_refused(healed: Healed) -> None:
    with pytest.raises(UsageError, match="has no shelf Burgo; it has: Burgos; did you mean Burgos"):
        healed.look("a", shelf="Burgo")


@pytest.mark.parametrize("lost", [".", "shelf.json", "runs"])
def test_a_shelf_that_is_lost_is_refused(healed: Healed, lost: str) -> None:
    path = healed.shelf.paths.folder / lost
    path.rename(healed.vault.folder.with_name("elsewhere"))
    with pytest.raises(HealingRefused, match=f"{healed.shelf.paths.folder}.* is missing, so shelf Burgos is not whole"):
        healed.look("a")
    healed.back_up()
    assert statuses(healed.look("a").comparison) == {"a": "ALLGOOD", "b": "DeleteImage"}


def test_a_vault_that_is_not_mounted_is_refused(healed: Healed) -> None:
    folder = healed.vault.folder
    folder.rename(folder.with_name("elsewhere"))
    folder.mkdir()
    with pytest.raises(NoVault, match="is its disk mounted"):
        Vault(folder)


def test_a_run_that_cannot_be_read_is_refused(healed: Healed) -> None:
    (path,) = healed.shelf.paths.runs.iterdir()
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UnreadableDocument):
        healed.look("a")


def test_a_run_of_the_future_is_refused(healed: Healed) -> None:
    (path,) = healed.shelf.paths.runs.iterdir()
    path.rename(healed.shelf.paths.run(datetime.now(timezone.utc) + timedelta(days=1)))
    with pytest.raises(RunInFuture, match="nothing is compared"):
        healed.look("a")
