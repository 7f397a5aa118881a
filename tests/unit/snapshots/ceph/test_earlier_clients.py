"""Locks that killed processes of the program left are known by the numbers of their clients (snapshots 5.3)."""

from __future__ import annotations

import pytest

from fiwareglancesync.snapshots.ceph.earlier_clients import (
    MOST_NOTED,
    are_earlier,
    break_question,
    noted_client,
    read_clients,
    write_clients,
)


class Context:
    """A pool with one object."""

    def __init__(self) -> None:
        self.attributes: dict[str, bytes] = {}

    def get_xattr(self, name: str, key: str) -> bytes:
        return self.attributes[key]

    def set_xattr(self, name: str, key: str, value: bytes) -> None:
        self.attributes[key] = value


def test_clients_are_noted_and_only_the_latest_are_kept() -> None:
    context = Context()
    assert read_clients(context, "lock", (KeyError,)) == []
    write_clients(context, "lock", ["5057/1", "5060/2"])
    assert read_clients(context, "lock", (KeyError,)) == ["5057/1", "5060/2"]
    many = [f"{number}/1" for number in range(2 * MOST_NOTED)]
    write_clients(context, "lock", many)
    assert read_clients(context, "lock", (KeyError,)) == many[MOST_NOTED:]


def test_what_somebody_else_wrote_there_names_no_client() -> None:
    context = Context()
    context.attributes["clients"] = b"12 x\xff -3 7/x 8/1/2 12/34"
    assert read_clients(context, "lock", (KeyError,)) == ["12/34"]


@pytest.mark.parametrize("address", ["127.0.0.1:0/34", "[v2:127.0.0.1:0/34,v1:127.0.0.1:0/34]", "[fe80::1]:0/34"])
def test_a_client_is_noted_by_its_number_and_the_nonce_of_its_addresses(address: str) -> None:
    assert noted_client(12, address) == "12/34"


@pytest.mark.parametrize(
    ("holders", "expected"),
    [([7], True), ([7, 8], True), ([], False), ([9], False), ([7, 9], False), ([10], False)],
)
def test_a_lock_is_left_when_only_earlier_clients_hold_it(holders: list[int], *, expected: bool) -> None:
    lockers = [(f"client.{number}", "auto 1", "127.0.0.1:0/1") for number in holders]
    assert are_earlier(lockers, {"7/1", "8/1", "9/2", "10/1"}, own="10/1") is expected


def test_the_lock_of_an_image_is_broken_by_client_and_cookie() -> None:
    body = b"\x08\x00\x00\x00rbd_lock" + b"\x08\xc1\x13\x00\x00\x00\x00\x00\x00" + b"\x06\x00\x00\x00auto 1"
    assert break_question("client.5057", "auto 1") == b"\x01\x01" + len(body).to_bytes(4, "little") + body
