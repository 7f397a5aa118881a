"""Images leave a vault as plain files, come back as a shelf of files, and are restored to a real Glance (vault 2.8)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from devcloud_lib.image_files import MIB, iso9660, qcow2, raw

from tests.support.cloud import running_cloud
from tests.support.emptied_glance import empty_glance
from tests.support.faults import Command, FaultyCloud, Made
from tests.support.observed_federations import OURS
from tests.support.odd_images import vmdk

pytestmark = pytest.mark.integration

IMAGES = (
    Made("server", qcow2(raw(70_000, "q"), 3 * MIB), disk_format="qcow2", properties={"nid": "1"}),
    Made("installer", iso9660(raw(5000, "i")), disk_format="iso"),
    Made("appliance", vmdk(MIB), disk_format="vmdk"),
    Made("a/b ñ", raw(MIB, "plain"), disk_format="raw"),
    Made("sparse", raw(4096, "s") + bytes(20 * MIB) + raw(4096, "t"), disk_format="raw"),
)


@pytest.fixture
def command(faulty: FaultyCloud, root: Path, tmp_path: Path) -> Iterator[Command]:
    """The command, with the images in Burgos, and Caceres empty."""
    regions = ("Burgos", "Caceres")
    for region in regions:
        empty_glance(running_cloud(root), region)
    faulty.hold("Burgos", *IMAGES)
    yield faulty.command(tmp_path)
    for region in regions:
        empty_glance(running_cloud(root), region)


def files(folder: Path) -> dict[str, bytes]:
    """The plain files of an export."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".json"}


def test_plain_files_go_out_of_a_vault_and_back_to_a_region(
    command: Command, faulty: FaultyCloud, tmp_path: Path
) -> None:
    def vault(*words: str) -> None:
        result = command("vault", *words, "--vault", str(tmp_path / "vault"))
        assert (result.code, result.errors) == (0, [])

    assert command("vault", "init", str(tmp_path / "vault")).code == 0
    vault("backup", "Burgos")
    vault("export", str(tmp_path / "first"), "--shelf", "Burgos")
    assert files(tmp_path / "first") == {
        f"{str(made.name).replace('/', '%2F')}.{made.disk_format}": made.content for made in IMAGES
    }
    vault("adopt", str(tmp_path / "first"), "--shelf", "plain")
    result = command("--from", "vault:plain", "Caceres", "--vault", str(tmp_path / "vault"))
    assert (result.code, result.err) == (0, "")
    there = {image.name: image for image in faulty.client("Caceres", OURS).images.list()}
    assert {name: image.disk_format for name, image in there.items()} == {
        str(made.name).replace("/", "%2F"): made.disk_format for made in IMAGES
    }
    assert {(image.status, image.visibility, image.get("nid")) for image in there.values()} == {
        ("active", "private", None)
    }
    vault("backup", "Caceres")
    vault("export", str(tmp_path / "second"), "--shelf", "Caceres")
    assert files(tmp_path / "second") == files(tmp_path / "first")
    again = command("--from", "vault:plain", "Caceres", "--vault", str(tmp_path / "vault"), "--exit-code")
    assert (again.code, again.err) == (0, "")
