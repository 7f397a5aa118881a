"""Which clients may ask the policy server (volumes 5)."""

from __future__ import annotations

import pytest

from fiwareglancesync.volumes.policy_clients import AllowedClients


def test_without_a_list_all_may_ask() -> None:
    assert AllowedClients([]).allows("203.0.113.9")


def test_only_listed_addresses_and_networks_may_ask() -> None:
    clients = AllowedClients(["192.0.2.7", "198.51.100.0/24", "2001:db8::/64", "::1"])
    for address in ("192.0.2.7", "198.51.100.200", "2001:db8::1", "::1"):
        assert clients.allows(address)
    for address in ("192.0.2.8", "198.51.101.1", "2001:db8:0:1::1", "127.0.0.1", "::2"):
        assert not clients.allows(address)


def test_an_ipv4_address_that_an_ipv6_socket_shows_is_that_address() -> None:
    clients = AllowedClients(["192.0.2.7"])
    assert clients.allows("::ffff:192.0.2.7")
    assert not clients.allows("::ffff:192.0.2.8")


def test_a_link_local_address_is_compared_without_its_interface() -> None:
    assert AllowedClients(["fe80::/10"]).allows("fe80::1%eth0")


def test_what_is_no_address_may_not_ask() -> None:
    assert not AllowedClients(["192.0.2.7"]).allows("cinder.example.org")


def test_a_client_of_a_unix_socket_has_no_address_and_may_ask() -> None:
    assert AllowedClients(["192.0.2.7"]).allows("")


@pytest.mark.parametrize("text", ["host", "192.0.2.7/33", "192.0.2.7/24", "192.0.2", "", "2001:db8::/129"])
def test_what_is_neither_address_nor_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        AllowedClients(["192.0.2.7", text])
