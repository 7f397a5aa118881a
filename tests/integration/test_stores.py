"""A region with several stores, on real Glance: the configured one gets the bytes, whichever way they come."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.faults import FaultyCloud, Made, Result
from tests.support.observed_federations import OURS

pytestmark = pytest.mark.integration

REGION = "Caceres"
"""Its Glance has two stores: ``local``, which is the default, and ``archive``."""

ARCHIVE = ("--config", "master.store=archive")


@pytest.fixture
def cloud(faulty: FaultyCloud) -> FaultyCloud:
    """A master with two images, the region without any."""
    faulty.hold("Spain", Made("image"), Made("larger", b"more content"))
    faulty.hold(REGION)
    return faulty


def run(cloud: FaultyCloud, folder: Path, *arguments: str) -> tuple[Result, Mapping[str, Any]]:
    """Synchronise the region; what the report says of each image comes too."""
    result = cloud.command(folder)(REGION, "--report", "report.json", *arguments)
    (region,) = json.loads((folder / "report.json").read_text())["regions"]
    return result, {image["image"]: image for image in region["images"]}


def stores(cloud: FaultyCloud) -> dict[str, str]:
    """The stores that Glance says hold each image."""
    return {image.name: image.stores for image in cloud.client(REGION, OURS).images.list()}


@pytest.mark.parametrize("way", ["file", "stream", "spool", "server"])
def test_the_configured_store_gets_the_content(cloud: FaultyCloud, tmp_path: Path, way: str) -> None:
    spool = f"main.spool_dir={tmp_path / 'spool'}"
    result, images = run(cloud, tmp_path, "--transfer", way, *ARCHIVE, spool)
    assert (result.code, result.err) == (0, "")
    assert {image["way"] for image in images.values()} == {way}
    assert stores(cloud) == {"image": "archive", "larger": "archive"}
    cloud.assert_holds(REGION, {"image": b"content", "larger": b"more content"})


def test_without_one_it_is_the_regions_default(cloud: FaultyCloud, tmp_path: Path) -> None:
    result, _ = run(cloud, tmp_path, "--transfer", "stream")
    assert (result.code, stores(cloud)) == (0, {"image": "local", "larger": "local"})


def test_an_image_in_another_store_is_in_step(cloud: FaultyCloud, tmp_path: Path) -> None:
    assert run(cloud, tmp_path)[0].code == 0
    before = stores(cloud)
    result, _ = run(cloud, tmp_path, *ARCHIVE)
    assert "INFO:Caceres: Region is synchronized." in result.out
    assert stores(cloud) == before


@pytest.mark.parametrize(("way", "status"), [("auto", 400), ("stream", 400), ("server", 409)])
def test_an_unknown_one_is_reported_once_with_those_that_are_there(
    cloud: FaultyCloud, tmp_path: Path, way: str, status: int
) -> None:
    result, _ = run(cloud, tmp_path, "--transfer", way, "--config", "master.store=nowhere")
    cause = (
        f"Store for identifier nowhere not found (HTTP {status})"
        " (the key store of its target names it; the region has archive, local)"
    )
    assert result.code == 1
    assert result.errors == [
        f"ERROR:Caceres: Upload of image failed. Cause: {cause}",
        f"ERROR:Caceres: Nothing more is done in this region. Cause: {cause}",
    ]
    cloud.assert_holds(REGION, {})
