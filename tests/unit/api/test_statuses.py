"""An answer about a region is as young as the question, and is not worked out twice for nothing."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from fiwareglancesync.api import statuses
from fiwareglancesync.api.api_service import ApiService
from fiwareglancesync.api.shared_federation import SharedFederation
from fiwareglancesync.images.places import InstantCopy
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedFederation
from fiwareglancesync.images.places.factory import open_federation
from fiwareglancesync.images.region_names import RegionRef
from fiwareglancesync.images.status import StatusReader

BURGOS = RegionRef.parse("Burgos")


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The regions that were looked at."""
    regions: list[str] = []
    status = StatusReader.status

    def counted(reader: StatusReader, ref: RegionRef) -> Any:
        regions.append(ref.full)
        return status(reader, ref)

    monkeypatch.setattr(StatusReader, "status", counted)
    return regions


def elsewhere(service: ApiService) -> EmbeddedFederation:
    """The same federation as another process has it."""
    federation = open_federation(service.cloud.settings, service.environ)
    assert isinstance(federation, EmbeddedFederation)
    return federation


def shown(client: FlaskClient, name: str) -> list[str]:
    answer = client.get("/regions/Burgos", query_string={"image": name}).json
    assert answer is not None
    return [image["status"] for image in answer["images"]]


def test_what_has_not_changed_is_looked_at_once(client: FlaskClient, looked: list[str]) -> None:
    first = client.get("/regions/Burgos").data
    assert [client.get("/regions/Burgos").data for _ in range(3)] == [first] * 3
    assert shown(client, "base_debian_12")
    assert looked == ["Burgos"]


def test_a_change_by_another_process_is_seen_at_once(
    client: FlaskClient, service: ApiService, looked: list[str]
) -> None:
    other = elsewhere(service)
    name = "base_debian_12"
    assert shown(client, name) == ["pending_replace"]
    (image,) = (image for image in other.images("Burgos") if image.name == name)
    other.place(service.cloud.settings.master, "Burgos").delete(image.id)
    assert shown(client, name) == ["pending_upload"]
    other.put(image)
    assert shown(client, name) == ["pending_replace"]
    assert looked == ["Burgos"] * 3


def test_a_change_of_the_master_is_seen_at_once(client: FlaskClient, service: ApiService) -> None:
    other = elsewhere(service)
    name = "base_debian_12"
    assert shown(client, name)
    (image,) = (image for image in other.images("Spain") if image.name == name)
    other.place(service.cloud.settings.master, "Spain").delete(image.id)
    assert shown(client, name) == []


def test_a_federation_that_reports_no_version_is_always_looked_at(
    service: ApiService, monkeypatch: pytest.MonkeyPatch, looked: list[str]
) -> None:
    monkeypatch.setattr(statuses, "Versioned", InstantCopy)  # which no federation is
    for _ in range(2):
        assert service.statuses.of(service.reader(), BURGOS).rows
    assert looked == ["Burgos"] * 2


def test_a_federation_that_is_opened_anew_is_looked_at_anew(
    service: ApiService, monkeypatch: pytest.MonkeyPatch, looked: list[str]
) -> None:
    for _ in range(2):
        reader = SharedFederation(service.cloud.settings, service.environ).reader()
        assert service.statuses.of(reader, BURGOS).rows
    assert looked == ["Burgos"] * 2


def test_a_bounded_number_of_regions_is_kept(
    service: ApiService, monkeypatch: pytest.MonkeyPatch, looked: list[str]
) -> None:
    monkeypatch.setattr(statuses, "CACHED_REGIONS", 1)
    for name in ("Burgos", "Caceres", "Caceres", "Burgos"):
        service.statuses.of(service.reader(), RegionRef.parse(name))
    assert looked == ["Burgos", "Caceres", "Burgos"]


def test_the_counts_are_kept_for_the_list_of_regions(client: FlaskClient, service: ApiService) -> None:
    client.get("/regions/Burgos")
    before = service.summaries.by_region()["Burgos"]
    client.get("/regions/Burgos")
    assert service.summaries.by_region()["Burgos"] == before  # a moment ago it was just so
    other = elsewhere(service)
    (image,) = (image for image in other.images("Burgos") if image.name == "base_debian_12")
    other.place(service.cloud.settings.master, "Burgos").delete(image.id)
    client.get("/regions/Burgos")
    after = service.summaries.by_region()["Burgos"]
    assert after.checked > before.checked
    assert after.counts["pending_upload"] == before.counts["pending_upload"] + 1
