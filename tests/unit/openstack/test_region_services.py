"""Where the services of a region are: the names, versions and projects in catalogs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from fiwareglancesync.base.errors import Rejected, UnknownRegion
from fiwareglancesync.volumes.openstack_backups import OpenStackBackups
from tests.support.hasty_backups import region
from tests.support.stand_ins.cloud_stand_in import CloudStandIn


@pytest.fixture
def catalog(cloud: CloudStandIn, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], None]:
    """Has Keystone write another catalog."""

    def write(endpoints: dict[str, str]) -> None:
        found = {kind: url.replace("HOST", cloud.http.url) for kind, url in endpoints.items()}
        monkeypatch.setattr(cloud.keystone, "_endpoints", lambda: found)

    return write


def test_the_only_region_with_a_cinder_is_taken(cloud: CloudStandIn) -> None:
    assert region(cloud).region == "Spain"


@pytest.mark.parametrize("kind", ["block-storage", "volumev3", "block-store"])
def test_cinder_has_several_names_in_catalogs(
    cloud: CloudStandIn, catalog: Callable[[dict[str, str]], None], kind: str
) -> None:
    catalog({kind: "HOST/volume/v3/%(project)s/"})
    assert len(region(cloud).services()) == 3


def test_a_version_that_the_catalog_leaves_out_is_added(
    cloud: CloudStandIn, catalog: Callable[[dict[str, str]], None]
) -> None:
    catalog({"compute": "HOST/compute", "block-storage": "HOST/volume/v3/%(project)s"})
    assert region(cloud).servers().is_whole
    assert cloud.http.lines("servers/detail") == ["GET /compute/v2.1/servers/detail"]


def test_a_region_without_cinder_is_an_error(cloud: CloudStandIn, catalog: Callable[[dict[str, str]], None]) -> None:
    catalog({"compute": "HOST/compute/v2.1"})
    with pytest.raises(UnknownRegion, match=r"^the catalog has no Cinder in any region$"):
        _ = region(cloud).region
    with pytest.raises(UnknownRegion, match=r"^Spain: the catalog has no Cinder, there or in any other region$"):
        region(cloud, region="Spain").services()


def test_a_wrong_region_names_the_near_one(cloud: CloudStandIn) -> None:
    with pytest.raises(UnknownRegion, match="the regions with one are: Spain; did you mean Spain") as caught:
        region(cloud, region="Spian").services()
    assert caught.value.near == "Spain"


def test_another_interface_is_named(cloud: CloudStandIn) -> None:
    backups = OpenStackBackups(replace(cloud.credential(), interface="internal"), "Spain")
    with pytest.raises(UnknownRegion, match=r"of Cinder only for the interface public; set interface \(OS_INTERFACE\)"):
        backups.services()


def test_an_address_that_is_none_is_an_error(cloud: CloudStandIn, catalog: Callable[[dict[str, str]], None]) -> None:
    catalog({"block-storage": "ftp://x/v3"})
    with pytest.raises(Rejected, match="endpoint of Cinder, 'ftp://x/v3', is no usable address"):
        region(cloud).services()
