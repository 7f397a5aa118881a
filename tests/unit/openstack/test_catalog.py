"""What is read of a catalog, and which spellings of its addresses are one (sync 1.3)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.base.errors import Rejected
from fiwareglancesync.openstack.addresses import comparable
from fiwareglancesync.openstack.catalog import Catalog, ServiceEndpoints, identity_of, read_catalog, with_overrides
from fiwareglancesync.openstack.place_identity import PlaceIdentity, is_same_keystone, is_same_region
from tests.strategies import LAW

KEYSTONE = "https://keystone.example.org:5000/v3"


def entry(interface: str, url: Any, region: Any = "Spain") -> dict[str, Any]:
    """An endpoint as Keystone lists it."""
    return {"interface": interface, "region_id": region, "region": region, "url": url, "id": "1"}


def catalog(*images: dict[str, Any], identity: tuple[dict[str, Any], ...] = ()) -> Catalog:
    """A catalog, read for the public interface."""
    services = [
        {"type": "image", "endpoints": list(images)},
        {"type": "identity", "endpoints": list(identity)},
        {"type": "compute", "endpoints": [entry("public", "http://nova.example.org", "Nova")]},
    ]
    return read_catalog(services, ("public",))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://glance.example.org:80/v2/", "HTTP://Glance.Example.ORG"),
        ("https://glance.example.org:443", "https://glance.example.org/v2.1"),
        ("http://glance.example.org:9292/", "http://glance.example.org.:9292/v2"),
        ("http://user:secret@glance.example.org:9292", "http://glance.example.org:9292"),
        ("http://localhost:9292", "http://127.0.0.1:9292/v2"),
        ("http://LOCALHOST.:9292", "http://[::1]:9292"),
        ("http://[2001:DB8:0::7]:9292", "http://[2001:db8::7]:9292/v2"),
        ("http://[::ffff:192.0.2.7]:9292", "http://192.0.2.7:9292"),
        ("https://cloud.example.org/image/v2", "https://cloud.example.org/image/"),
        ("http://keystone.example.org:5000/v3", "http://keystone.example.org:5000/v2.0/"),
    ],
)
def test_spellings_of_one_address(one: str, other: str) -> None:
    assert comparable(one) == comparable(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://glance.example.org:9292", "http://glance.example.org"),
        ("http://glance.example.org", "https://glance.example.org"),
        ("http://127.0.0.1:9292", "http://127.0.0.2:9292"),
        ("https://cloud.example.org/image", "https://cloud.example.org/identity"),
        ("https://cloud.example.org/Image", "https://cloud.example.org/image"),
    ],
)
def test_two_addresses(one: str, other: str) -> None:
    assert comparable(one) != comparable(other)


HOSTS = st.sampled_from(["Glance.Example.org", "controller", "127.0.0.1", "localhost", "[::1]", "[2001:DB8::7]"])


@LAW
@given(st.sampled_from(["http", "https"]), HOSTS, st.none() | st.integers(1, 65535), st.sampled_from(["", "/image"]))
def test_the_comparable_form_is_its_own(scheme: str, host: str, port: int | None, path: str) -> None:
    address = f"{scheme}://{host}" + (f":{port}" if port else "") + path
    assert comparable(comparable(address)) == comparable(address)
    assert comparable(address.upper().replace("/IMAGE", "/image") + "/v2/") == comparable(address)


def test_the_endpoints_are_those_of_the_interface_and_the_addresses_those_of_all() -> None:
    found = catalog(
        entry("public", "http://glance.example.org:9292/v2"),
        entry("internal", "http://controller:9292"),
        entry("admin", "http://controller:9292/"),
        entry("internal", "http://burgos.inside.example.org", "Burgos"),
    )
    assert found.of("image").used == {"Spain": "http://glance.example.org:9292/v2"}
    assert found.of("image").interfaces == {"Spain": "public"}
    assert found.of("image").addresses == {
        "Spain": {"http://glance.example.org:9292", "http://controller:9292"},
        "Burgos": {"http://burgos.inside.example.org"},
    }


def test_what_makes_no_sense_is_left_out() -> None:
    found = catalog(entry("internal", "nowhere"), entry("public", None), entry("public", "http://a.example.org", 7))
    assert (found.of("image").used, found.of("image").addresses) == ({}, {"Spain": frozenset()})
    for nonsense in (None, 7, [7], [{"type": "image"}], [{"type": "image", "endpoints": [7]}]):
        assert read_catalog(nonsense, ("public",)) == Catalog()


def test_each_type_of_service_has_endpoints_of_its_own() -> None:
    found = catalog(entry("public", "http://glance.example.org"))
    assert found.of("compute").used == {"Nova": "http://nova.example.org"}
    assert found.of("image").used == {"Spain": "http://glance.example.org"}
    assert found.of("volumev3") == ServiceEndpoints()
    assert found.regions == {"Spain", "Nova"}


def test_an_override_takes_the_place_of_an_address_and_leaves_the_catalogs_ones_known() -> None:
    found = catalog(entry("public", "http://glance.example.org"), entry("public", "http://b.example.org", "Burgos"))
    changed = with_overrides(found, {"image": [("Burgos", "http://other.example.org")]}).of("image")
    assert changed.used == {"Spain": "http://glance.example.org", "Burgos": "http://other.example.org"}
    assert changed.addresses["Burgos"] == {"http://b.example.org"}
    assert with_overrides(found, {}) == found


def test_an_override_may_be_the_only_address_of_a_service() -> None:
    found = with_overrides(catalog(), {"volumev3": [("", "http://cinder.example.org")]})
    assert found.of("volumev3").used == {"Nova": "http://cinder.example.org"}
    with pytest.raises(Rejected, match=r"volumev3_endpoint_override names the region Novo, .*; did you mean Nova\?"):
        with_overrides(catalog(), {"volumev3": [("Novo", "http://cinder.example.org")]})


def of(found: Catalog, region: str = "Spain", *, keystone: str = KEYSTONE, address: str = "") -> PlaceIdentity:
    """The identity of a region."""
    return identity_of(keystone, region, "ours", address or found.of("image").used[region], found, "image")


def test_the_identity_has_the_address_that_is_used_and_all_that_are_listed() -> None:
    found = catalog(
        entry("public", "http://glance.example.org:9292/v2"),
        entry("internal", "http://controller:9292"),
        entry("public", "http://burgos.example.org", "Burgos"),
        entry("internal", "http://controller:9292", "Burgos"),
        identity=(entry("public", f"{KEYSTONE}/"), entry("admin", "http://10.0.0.5:35357/v2.0")),
    )
    listed = frozenset(["http://glance.example.org:9292", "http://controller:9292"])
    assert of(found) == PlaceIdentity(
        "https://keystone.example.org:5000",
        "Spain",
        "ours",
        "http://glance.example.org:9292",
        frozenset(["https://keystone.example.org:5000", "http://10.0.0.5:35357"]),
        listed,
        frozenset(["http://controller:9292"]),
    )
    assert of(found, address="http://Controller:9292/v2").namesakes == {"Burgos"}
    assert of(found, address="https://override.example.org/").addresses == listed
    assert of(found, address="https://override.example.org/").address == "https://override.example.org"


def test_a_keystone_is_known_by_the_addresses_of_the_region_else_by_those_of_any() -> None:
    images = [entry("public", f"http://{region}.example.org", region) for region in ("Spain", "Burgos", "Avila")]
    here = entry("public", "http://here.example.org", "Spain")
    there = entry("public", "http://there.example.org", "Avila")
    everywhere = entry("admin", "http://everywhere.example.org", None)
    found = catalog(*images, identity=(here, there))
    assert of(found).keystones == {"http://here.example.org"}
    assert of(found, "Burgos").keystones == {"http://here.example.org", "http://there.example.org"}
    found = catalog(*images, identity=(here, there, everywhere))
    assert of(found).keystones == {"http://here.example.org", "http://everywhere.example.org"}


@pytest.mark.parametrize(
    "other", ["http://127.0.0.1:5000", "http://LocalHost:5000/v3/", "http://[::1]:5000/v2.0", "http://10.0.0.5:35357/v3"]
)
def test_spellings_and_interfaces_of_one_keystone(other: str) -> None:
    identity = (entry("public", "http://localhost:5000/v3"), entry("admin", "http://10.0.0.5:35357/v3"))
    found = catalog(entry("public", "http://glance.example.org"), identity=identity)
    one, same = of(found, keystone="http://localhost:5000/v3"), of(found, keystone=other)
    assert is_same_keystone(one, same)
    assert is_same_region(one, same)
