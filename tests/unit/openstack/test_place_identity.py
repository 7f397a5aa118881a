"""Which names and addresses mean one place (sync 1.3)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fiwareglancesync.openstack.place_identity import (
    PlaceIdentity,
    common_address,
    is_ambiguous,
    is_same_keystone,
    is_same_place,
    is_same_region,
    is_worldwide,
)
from tests.strategies import LAW

PUBLIC, INTERNAL = "https://glance.example.org", "http://glance.inside.example.org:9292"
CONTROLLER, LOOPBACK = "http://controller:9292", "http://127.0.0.1:9292"
KEYSTONE, KEYSTONE_INSIDE = "https://keystone.example.org", "http://10.0.0.5:5000"
KEYSTONES = frozenset([KEYSTONE, KEYSTONE_INSIDE])
PRIVATE = "http://10.0.0.5:9292"

SPAIN = PlaceIdentity(
    KEYSTONE, "Spain", "ours", PUBLIC, KEYSTONES, frozenset([PUBLIC, INTERNAL, CONTROLLER, LOOPBACK])
)
ELSEWHERE = PlaceIdentity(
    "https://keystone.example.net", "Madrid", "theirs", "https://glance.example.net",
    frozenset(["https://keystone.example.net"]), frozenset(["https://glance.example.net", CONTROLLER, LOOPBACK]),
)  # fmt: skip


class TestWithinOneKeystone:
    @pytest.mark.parametrize("address", [INTERNAL, CONTROLLER, LOOPBACK, "https://not-in-the-catalog.example.org"])
    def test_the_same_region_id_is_the_same_place_by_whichever_address(self, address: str) -> None:
        other = replace(SPAIN, address=address, project="theirs")
        assert is_same_region(SPAIN, other)
        assert is_same_place(SPAIN, other)

    @pytest.mark.parametrize("address", [INTERNAL, CONTROLLER, LOOPBACK])
    def test_another_region_with_one_of_its_addresses_is_the_same_place(self, address: str) -> None:
        other = PlaceIdentity(KEYSTONE, "Spain2", "ours", address, KEYSTONES, frozenset([address]))
        assert not is_same_region(SPAIN, other)
        assert common_address(SPAIN, other) == address
        assert is_same_place(SPAIN, other)

    def test_an_address_that_is_used_for_neither_proves_nothing(self) -> None:
        burgos = PlaceIdentity(
            KEYSTONE, "Burgos", "ours", "https://burgos.example.org", KEYSTONES, frozenset([CONTROLLER, INTERNAL])
        )
        assert not is_same_place(SPAIN, burgos)


class TestAcrossKeystones:
    def test_the_same_region_id_proves_nothing(self) -> None:
        assert not is_same_place(SPAIN, replace(ELSEWHERE, region="Spain"))

    @pytest.mark.parametrize("address", [PUBLIC, INTERNAL])
    def test_an_address_that_is_used_for_one_and_listed_for_the_other_does(self, address: str) -> None:
        other = replace(ELSEWHERE, address=address)
        assert common_address(SPAIN, other) == address
        assert is_same_place(SPAIN, other)
        assert not is_same_region(SPAIN, other)

    @pytest.mark.parametrize("address", [CONTROLLER, LOOPBACK])
    def test_one_that_stands_in_many_catalogs_does_only_when_both_use_it(self, address: str) -> None:
        assert not is_same_place(replace(SPAIN, address=address), ELSEWHERE)
        assert not is_same_place(SPAIN, replace(ELSEWHERE, address=address))
        assert common_address(replace(SPAIN, address=address), replace(ELSEWHERE, address=address)) == address


class TestKeystone:
    def test_two_addresses_of_the_catalog_are_one_keystone(self) -> None:
        assert is_same_keystone(SPAIN, replace(SPAIN, keystone=KEYSTONE_INSIDE))

    def test_an_address_that_no_catalog_has_is_recognised_by_the_other_one(self) -> None:
        tunnel = replace(SPAIN, keystone="http://127.0.0.1:15000")
        assert is_same_keystone(SPAIN, tunnel)
        assert not is_same_keystone(tunnel, replace(tunnel, keystone="http://127.0.0.1:25000"))

    @pytest.mark.parametrize(
        "address", ["http://controller:5000", "http://localhost:5000", KEYSTONE_INSIDE, "http://keystone.lan:5000"]
    )
    def test_clouds_that_were_set_up_alike_are_two(self, address: str) -> None:
        here = replace(SPAIN, keystone=address, keystones=frozenset([KEYSTONE, address]))
        there = replace(ELSEWHERE, region="Spain", keystones=frozenset([ELSEWHERE.keystone, address]))
        assert not is_same_keystone(here, there)
        assert not is_same_place(here, there)


@pytest.mark.parametrize(
    ("host", "ambiguous", "worldwide"),
    [
        ("glance.example.org", False, True),
        ("203.0.113.7", False, True),
        ("[2001:db8::7]", False, True),
        ("10.0.0.5", False, False),
        ("172.16.1.1", False, False),
        ("192.168.1.1", False, False),
        ("[fd00::1]", False, False),
        ("glance.lan", False, False),
        ("glance.internal", False, False),
        ("controller", True, False),
        ("127.0.0.1", True, False),
        ("127.8.8.8", True, False),
        ("localhost", True, False),
        ("localhost.localdomain", True, False),
        ("glance.localhost", True, False),
        ("[::1]", True, False),
        ("[::]", True, False),
        ("169.254.1.1", True, False),
        ("[fe80::1%25eth0]", True, False),
        ("glance-api.openstack.svc.cluster.local", True, False),
    ],
)
def test_which_hosts_stand_in_many_catalogs(host: str, ambiguous: bool, worldwide: bool) -> None:
    for address in (f"http://{host}:9292", f"https://{host}/image"):
        assert (is_ambiguous(address), is_worldwide(address)) == (ambiguous, worldwide)


class TestLocks:
    def test_each_address_and_each_keystone_is_locked_with_the_project_in_order(self) -> None:
        project = "ours".rjust(32, "0")
        assert SPAIN.lock_keys == (
            f'["{KEYSTONE_INSIDE}", "Spain", "{project}"]',
            f'["{LOOPBACK}", "{project}"]',
            f'["{CONTROLLER}", "{project}"]',
            f'["{INTERNAL}", "{project}"]',
            f'["{PUBLIC}", "{project}"]',
            f'["{KEYSTONE}", "Spain", "{project}"]',
        )

    def test_a_project_has_one_key_however_its_id_is_padded(self) -> None:
        padded = replace(SPAIN, project="ours".rjust(32, "0"))
        assert (padded.lock_keys, padded.task_key) == (SPAIN.lock_keys, SPAIN.task_key)

    def test_regions_that_list_one_internal_address_do_not_exclude_each_other(self) -> None:
        shared = frozenset([CONTROLLER])
        one, other = (
            PlaceIdentity(KEYSTONE, region, "ours", url, KEYSTONES, frozenset([url, CONTROLLER]), shared)
            for region, url in (("Burgos", "https://burgos.example.org"), ("Avila", "https://avila.example.org"))
        )
        assert not set(one.lock_keys) & set(other.lock_keys)
        assert one.task_key != other.task_key
        inside = replace(other, address=CONTROLLER, namesakes=frozenset(["Burgos"]))
        assert set(one.lock_keys) & set(inside.lock_keys)

    @pytest.mark.parametrize("keystone", [KEYSTONE, KEYSTONE_INSIDE, "http://127.0.0.1:15000"])
    @pytest.mark.parametrize("address", [PUBLIC, INTERNAL, "http://127.0.0.2:19292"])
    def test_the_key_of_a_task_is_one_whichever_addresses_are_used(self, keystone: str, address: str) -> None:
        assert replace(SPAIN, keystone=keystone, address=address).task_key == SPAIN.task_key
        alone = replace(SPAIN, shared=SPAIN.addresses)
        assert replace(alone, keystone=keystone, address=address).task_key == alone.task_key

    def test_a_place_without_addresses_has_one_key(self) -> None:
        embedded = PlaceIdentity("/folder", "Burgos", "ours")
        assert embedded.lock_keys == (embedded.task_key,)


# Few of each, so that everything collides; clouds of the same build list the same ambiguous and private addresses.
USED = st.sampled_from([PUBLIC, INTERNAL, CONTROLLER, LOOPBACK, PRIVATE, "http://tunnel.example.org:9292"])
KEYSTONE_USED = st.sampled_from([KEYSTONE, KEYSTONE_INSIDE, "http://controller:5000", "http://127.0.0.1:5000"])


@st.composite
def places(draw: st.DrawFn) -> PlaceIdentity:
    """Any place: what its catalog says may make no sense."""
    return PlaceIdentity(
        draw(KEYSTONE_USED),
        draw(st.sampled_from(["RegionOne", "Spain"])),
        draw(st.sampled_from(["ours", "theirs"])),
        draw(USED),
        draw(st.frozensets(KEYSTONE_USED, max_size=3)),
        draw(st.frozensets(USED, max_size=4)),
    )


@LAW
@given(places(), places())
def test_to_be_the_same_is_symmetric(one: PlaceIdentity, other: PlaceIdentity) -> None:
    assert is_same_place(one, other) == is_same_place(other, one)
    assert is_same_region(one, other) == is_same_region(other, one)
    assert is_same_keystone(one, other) == is_same_keystone(other, one)
    assert common_address(one, other) == common_address(other, one)


@LAW
@given(places())
def test_a_place_is_the_same_as_itself_for_whatever_project(one: PlaceIdentity) -> None:
    assert is_same_region(one, replace(one, project="another"))


@LAW
@given(places(), places(), st.sampled_from(["ours", "theirs"]))
def test_the_project_has_no_bearing(one: PlaceIdentity, other: PlaceIdentity, project: str) -> None:
    assert is_same_place(one, other) == is_same_place(replace(one, project=project), other)


@LAW
@given(places(), places())
def test_runs_on_the_same_place_exclude_each_other_just_when_they_have_one_project(
    one: PlaceIdentity, other: PlaceIdentity
) -> None:
    if one.project != other.project:
        assert not set(one.lock_keys) & set(other.lock_keys)
    elif is_same_place(one, other):
        assert set(one.lock_keys) & set(other.lock_keys)


@LAW
@given(places(), places(), st.permutations([CONTROLLER, LOOPBACK]))
def test_across_keystones_an_ambiguous_address_of_one_side_makes_no_place_of_two(
    one: PlaceIdentity, other: PlaceIdentity, used: list[str]
) -> None:
    assume(not is_same_keystone(one, other))
    assert not is_same_place(replace(one, address=used[0]), replace(other, address=used[1]))


@LAW
@given(places(), places())
def test_what_is_said_to_be_common_is_used_for_one_of_the_two(one: PlaceIdentity, other: PlaceIdentity) -> None:
    address = common_address(one, other)
    assume(address is not None)
    assert address in (one.address, other.address)
    assert address in {one.address, *one.addresses} & {other.address, *other.addresses}
