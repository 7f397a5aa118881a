"""What cannot be determined counts as used (vault 5.3)."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from fiwareglancesync.base.errors import CloudError, Forbidden
from fiwareglancesync.images.healing.image_users import image_uses, uses_in
from fiwareglancesync.images.healing.removal_plan import ImageUses
from fiwareglancesync.images.settings import InUse, Target
from fiwareglancesync.openstack.catalog import Catalog, ServiceEndpoints
from fiwareglancesync.openstack.cloud_model import Listing, Server, Volume
from fiwareglancesync.openstack.credential import Credential
from fiwareglancesync.openstack.tuning import Tuning
from tests.support.builders import image

IMAGE, OTHER, SERVER = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "abc")
BEGUN = datetime(2026, 3, 1, tzinfo=timezone.utc)
HERE = ServiceEndpoints(offered={"Burgos": ("public",)})
BOTH = Catalog(services={"compute": HERE, "volumev3": HERE})


class Inventory:
    """A cloud with one server and one volume."""

    def __init__(self, whole: str = "", error: CloudError | None = None) -> None:
        self._whole, self._error = whole, error

    def servers(self) -> Listing[Server]:
        """One, started from an image."""
        return self._listed("servers", Server(SERVER, "web", "p1", image_id=IMAGE.replace("-", "")))

    def volumes(self) -> Listing[Volume]:
        """One, made from another image."""
        return self._listed("volumes", Volume("v", "data", "p2", "available", 1, image_id=OTHER))

    def _listed(self, what: str, item: Any) -> Listing[Any]:
        if self._error is not None:
            raise self._error
        return Listing([item], self._whole != what, "cut off", BEGUN)


def uses(inventory: Any = None, catalog: Catalog = BOTH, in_use: InUse = InUse.CHECKED) -> ImageUses:
    given: Any = inventory or Inventory()
    return uses_in(given, catalog, "Burgos", in_use)


def test_servers_and_volumes_of_all_projects_use_images() -> None:
    found = uses()
    assert found.of(image("a", id=IMAGE)) == f"server web ({SERVER}) uses it"
    assert found.of(image("b", id=OTHER.upper())) == "volume data (v) uses it"
    assert found.of(image("c", id=SERVER)) == ""
    assert found.of(image("s", properties={"instance_uuid": SERVER})) == f"it is a snapshot of server {SERVER}"


@pytest.mark.parametrize("what", ["servers", "volumes"])
def test_a_listing_that_is_not_whole_proves_nothing(what: str) -> None:
    with pytest.raises(CloudError, match=f"the {what} cannot be listed whole: cut off"):
        uses(Inventory(what))


@pytest.mark.parametrize("missing", ["compute", "volumev3"])
def test_a_service_that_the_catalog_does_not_have_has_to_be_confirmed(missing: str) -> None:
    catalog = Catalog(services={kind: each for kind, each in BOTH.services.items() if kind != missing})
    assert "in_use = unchecked" in uses(catalog=catalog).of(image("c"))
    assert uses(catalog=catalog, in_use=InUse.UNCHECKED).of(image("c")) == ""
    named = uses(catalog=catalog, in_use=InUse.UNCHECKED)
    assert len(named.users) == 1


def test_a_service_that_is_in_the_catalog_is_asked_whatever_is_configured() -> None:
    with pytest.raises(Forbidden):
        uses(Inventory(error=Forbidden("no administrator")), in_use=InUse.UNCHECKED)
    assert len(uses(in_use=InUse.UNCHECKED).users) == 2


def test_a_service_without_a_region_may_be_that_of_the_region() -> None:
    nowhere = ServiceEndpoints(without_region=frozenset({"http://nova"}))
    catalog = Catalog(services={"compute": nowhere, "volumev3": HERE})
    with pytest.raises(Forbidden):
        uses(Inventory(error=Forbidden("no")), catalog, InUse.UNCHECKED)


def test_an_account_that_cannot_sign_in_knows_nothing() -> None:
    nowhere = Credential("http://127.0.0.1:9/v3", username="user", password="secret", project_name="project")
    hasty = Tuning(connect=1.0, control=1.0, attempts=1, first_wait=0.0, retry_limit=1.0, wait_limit=1.0)
    found = image_uses(Target("master", nowhere), "Burgos", InUse.UNCHECKED, hasty)
    assert found.of(image("a")).startswith("it may be in use: ")
