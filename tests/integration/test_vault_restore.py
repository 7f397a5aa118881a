"""What a restore brings back to a real Glance, field by field and byte for byte (vault 4)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.cloud import running_cloud
from tests.support.emptied_glance import empty_glance
from tests.support.faults import FaultyCloud, Result
from tests.support.odd_images import OddImages

pytestmark = pytest.mark.integration

REGION = "Burgos"
NOT_RESTORED = ("created_at", "updated_at")


@pytest.fixture(scope="module")
def before(odd: OddImages) -> Mapping[str, Any]:
    """What Glance said of each image before the disaster."""
    documents: dict[str, Any] = odd.documents()
    return {uuid: document for uuid, document in documents.items() if uuid != odd.queued}


@pytest.fixture(scope="module")
def backup(odd: OddImages, before: Mapping[str, Any], faulty: FaultyCloud, tmp_path_factory: Any) -> Path:
    """A vault with all odd images of the region, which is lost afterwards, and beside it a copy of the vault."""
    folder: Path = tmp_path_factory.mktemp("backup")
    command = faulty.command(folder)
    for name in ("vault", "copy"):
        assert command("vault", "init", str(folder / name)).code == 0
    assert command("vault", "backup", REGION, "--vault", str(folder / "vault")).code == 0
    assert command("vault", "copy", str(folder / "copy"), "--vault", str(folder / "vault")).code == 0
    return folder


@pytest.fixture(params=["vault", "copy"])
def vault(backup: Path, request: pytest.FixtureRequest) -> Path:
    """The vault that is left."""
    return backup / str(request.param)


@pytest.fixture
def restore(vault: Path, faulty: FaultyCloud, root: Path, tmp_path: Path) -> Any:
    """Restores into a region that has lost everything."""
    empty_glance(running_cloud(root), REGION)
    command = faulty.command(tmp_path)

    def call(*words: str, source: str = f"vault:{REGION}") -> Result:
        return command("--from", source, REGION, "--vault", str(vault), *words)

    return call


def comparable(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in NOT_RESTORED} | {
        "tags": sorted(document["tags"])
    }


def namesakes(before: Mapping[str, Any]) -> list[str]:
    return [uuid for uuid, document in before.items() if document["name"] == "namesake"]


def test_everything_comes_back(odd: OddImages, before: Mapping[str, Any], restore: Any) -> None:
    result = restore("--members")
    assert result.code == 1
    assert result.errors == []
    assert "Images of the name namesake are not restored" in result.err
    for uuid in namesakes(before):
        result = restore("--uuid", uuid)
        assert (result.code, result.errors) == (0, [])
    after = odd.documents()
    assert set(after) == set(before)
    for uuid, document in before.items():
        expected = comparable(document)
        if uuid == odd.deactivated:
            expected |= {"status": "active", "visibility": "private"}
        if uuid == odd.unhashed:
            expected |= {key: after[uuid][key] for key in ("checksum", "os_hash_algo", "os_hash_value")}
        assert comparable(after[uuid]) == expected
        content = b"".join(odd.client.images.data(uuid) or ()) if after[uuid]["size"] else b""
        assert content == odd.contents[uuid], document["name"]
    members = {each.member_id for each in odd.client.image_members.list(odd.shared)}
    assert members == {"1" * 32, "2" * 32}
